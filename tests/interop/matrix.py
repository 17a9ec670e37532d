"""Third-party WAMP clients and a wamp-client program, each against each, through one router.

    python matrix.py --router PATH --client PATH [--only NAME]

Each library comes in every serializer it has, over WebSocket, and where it can over RawSocket. Every pair of peers, as publisher and subscriber
and as caller and callee, is one cell of a table; a cell that fails fails the run; "-" is one that
the library has no way to do (wampy.js can't ask for its own events). Needs NODE_PATH
to name the folder with the npm packages, and the PyPI packages in this interpreter (see
`cargo xtask test`). The peers' line protocol is described in peer.py.
"""

import argparse
import asyncio
import sys
from math import inf
from pathlib import Path

from cells import IMPOSSIBLE, call_each, publish_to_all, singles
from peer import Broken, Peer
from router import Router

PEERS = Path(__file__).parent / "peers"
REALM = "realm1"
SERIALIZERS = ("json", "msgpack", "cbor")


def peers(client):
    """Every library in every serializer."""
    python, node = [sys.executable, str(PEERS / "autobahn_python.py")], ["node"]
    autobahn, wampy = [*node, str(PEERS / "autobahn_js.cjs")], [*node, str(PEERS / "wampy_js.cjs")]
    everyone = []
    for serializer in SERIALIZERS:
        everyone += [
            Peer(f"py/{serializer}", python, [serializer]),
            Peer(f"py/{serializer}/raw", python, [serializer]),
            Peer(f"js/{serializer}", autobahn, [serializer, "autobahn"]),
            Peer(f"js22/{serializer}", autobahn, [serializer, "autobahn-22"]),
            Peer(f"wampy/{serializer}", wampy, [serializer]),
            Peer(f"rust/{serializer}", [client], [serializer]),
        ]
    everyone.append(Peer("js/json/raw", autobahn, ["json", "autobahn"]))
    everyone.sort(key=lambda peer: peer.name)
    for peer in everyone:
        peer.lacks = LACKS.get(peer.name, ())
    return everyone


# wampy.js 8.0 sends `exclude_me` only when it is true, and `retain` never; it does not announce that
# its callees send progressive results, so nobody may ask them to.
WAMPY = ["own events", "retained_out", "progress_out"]

# What a peer can't: for want of a way to say it, or since its library gets it wrong.
LACKS = {
    "wampy/json": WAMPY,
    "wampy/msgpack": WAMPY,
    # autobahn-js has a JSON of its own for RawSocket.
    "js/json/raw": ["bytes"],
    # cbor-x, as wampy.js sets it up, reads -2^32 as 0.
    "wampy/cbor": [*WAMPY, "negative integers"],
}


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


async def run(urls, realm, everyone):
    """Starts the peers, fills the tables, and says how many cells passed and failed."""
    helper = Peer("helper", [sys.executable, str(PEERS / "autobahn_python.py")], ["json"])
    helper.patience = inf  # it waits for what others do
    await asyncio.gather(*(peer.start(urls, realm) for peer in (helper, *everyone)))
    names = [peer.name for peer in everyone]
    try:
        published = Table("publisher (row) to subscriber (column)", names)
        await publish_to_all(everyone, published)
        called = Table("caller (row) to callee (column)", names)
        await call_each(everyone, called)
        alone = Table("one peer (row) and the router", list(singles.CHECKS))
        await singles(everyone, helper, alone)
    finally:
        await asyncio.gather(*(peer.stop() for peer in (helper, *everyone)))
    tables = (published, called, alone)
    for table in tables:
        table.explain()
    return tuple(map(sum, zip(*(table.count() for table in tables))))


async def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--router", required=True, help="the wamp-router binary")
    arguments.add_argument("--client", required=True, help="wamp-client's example interop_peer")
    arguments.add_argument("--only", default="", help="only peers whose name contains this")
    arguments = arguments.parse_args()

    everyone = [peer for peer in peers(arguments.client) if arguments.only in peer.name]
    router = await Router.start(arguments.router, REALM)
    try:
        passed, failed = await run(router.urls, REALM, everyone)
    except Broken as broken:
        print(f"\n{broken}", file=sys.stderr)
        return 1
    finally:
        await router.stop()
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
