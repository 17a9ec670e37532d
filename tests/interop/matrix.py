"""Each library's peers with each, publishing and calling, through one router.

Every pair, as publisher and subscriber and as caller and callee, is one cell of a table; "-" is one that the library
has no way to do (wampy.js can't ask for its own events).
"""

import asyncio

from cells import IMPOSSIBLE, call_each, publish_to_all


class Table:
    """Cells by row and column, each None (passed), IMPOSSIBLE, or what went wrong."""

    def __init__(self, title, columns):
        self.title, self.columns, self.rows = title, columns, {}

    def add(self, row, cells):
        if not self.rows:
            print(f"\n{self.title}")
            print(" " * 15, *(f"{column:>13}" for column in self.columns))
        self.rows[row] = cells
        marks = (self.mark(cells[column]) for column in self.columns)
        print(f"{row:>15}", *(f"{mark:>13}" for mark in marks), flush=True)

    @staticmethod
    def mark(cell):
        return {None: "ok", IMPOSSIBLE: "-"}.get(cell, "FAILED")

    def count(self):
        marks = [self.mark(cell) for row in self.rows.values() for cell in row.values()]
        return marks.count("ok"), marks.count("FAILED")

    def explain(self):
        for row, cells in self.rows.items():
            for column, wrong in cells.items():
                if self.mark(wrong) == "FAILED":
                    print(f"\n{self.title}: {row} and {column}:\n    {wrong}")


async def each_with_each(router, libraries, only=""):
    """Starts the peers, fills the tables, and says how many cells passed and failed."""
    everyone = [peer for library in libraries if library.sociable
                for peer in library.peers() if only in peer.name]
    await asyncio.gather(*(peer.start(router.urls, router.realm) for peer in everyone))
    names = [peer.name for peer in everyone]
    published = Table("publisher (row) to subscriber (column)", names)
    called = Table("caller (row) to callee (column)", names)
    try:
        await publish_to_all(everyone, published)
        await call_each(everyone, called)
    finally:
        await asyncio.gather(*(peer.stop() for peer in everyone))
    for table in (published, called):
        table.explain()
    return tuple(map(sum, zip(published.count(), called.count())))
