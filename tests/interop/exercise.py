"""Lets each peer do every check of features/ with a router, and says what came of it."""

import asyncio
from dataclasses import dataclass

from deviations import Deviation, deviation
from features import CHECKS, FRAGMENTED, Check, Stage
from peer import Broken, Lacks, Peer, WampError

# A peer's own words for what went wrong, or a failed expectation.
FAILURES = (AssertionError, Broken, Lacks, WampError)
# How long what is expected to fail may take: it may be a wait for what never comes.
PATIENCE = 2.0
# How long any check may take.
LIMIT = 40.0
# Processes that start at once; more of them only wait for each other.
STARTING = asyncio.Semaphore(4)


@dataclass
class Cell:
    """What came of one check: `outcome` is None if it passed, a Deviation, or what went wrong."""

    peer: Peer
    check: Check
    outcome: Deviation | str | None


async def exercise(router, libraries, checks, only=""):
    """All cells of these libraries and checks with a router."""
    peers = [peer for library in libraries for peer in library.peers() if only in peer.name]
    rows = await asyncio.gather(*(every_check(router, peer, checks) for peer in peers))
    return [cell for row in rows for cell in row]


async def every_check(router, peer, checks):
    """One peer does every check; another of its kind takes its place when its session has ended."""
    cells, fresh = [], True
    try:
        for check in checks:
            if check.feature == FRAGMENTED and peer.name.endswith("raw"):
                continue  # RawSocket has none
            expected = deviation(router, peer, check)
            if not (fresh and peer.alive):
                await peer.stop()
                peer = peer.again()
                async with STARTING:
                    await peer.start(router.urls, router.realm)
            cell = Cell(peer, check, await verdict(router, peer, check, expected))
            cells.append(cell)
            # Else nobody knows what state it is in.
            fresh = cell.outcome is None or isinstance(cell.outcome, Deviation) and not cell.outcome.unsettling
    finally:
        await peer.stop()
    return cells


async def verdict(router, peer, check, expected):
    """What came of a check, where `expected` may say that it fails."""
    if not expected:
        return await outcome(asyncio.wait_for(run(router, peer, check), LIMIT))
    wrong = await outcome(asyncio.wait_for(run(router, peer, check), PATIENCE))
    if wrong is None:
        return f"passes, which deviations.py says it can't: {expected.reason}"
    if not any(shown in wrong for shown in expected.shows):
        return f"deviations.py says {expected.reason!r}, shown by {expected.shows}, but: {wrong}"
    return expected


async def outcome(run):
    """None when it passes, else what went wrong."""
    try:
        await run
    except asyncio.TimeoutError:
        return "waited in vain"
    except FAILURES as failure:
        return f"{type(failure).__name__}: {failure}"
    return None


async def run(router, peer, check):
    async with Stage.set(router, peer, check) as stage:
        await check.run(peer, stage)


def report(title, cells):
    """Prints a line a check, and what went wrong; gives whether all went as expected."""
    print(f"\n{title}")
    for check in CHECKS:
        row = [cell for cell in cells if cell.check is check]
        passed = sum(cell.outcome is None for cell in row)
        deviating = [cell.peer.name for cell in row if isinstance(cell.outcome, Deviation)]
        failed = [cell.peer.name for cell in row if isinstance(cell.outcome, str)]
        line = f"{check.role:>10} {check.name:<45} {passed:>3} ok"
        line += f"; deviating: {' '.join(deviating)}" if deviating else ""
        print(line + (f"; FAILED: {' '.join(failed)}" if failed else ""))
    for cell in cells:
        if isinstance(cell.outcome, str):
            print(f"\n{cell.peer.name}, {cell.check.role}, {cell.check.name}:\n    {cell.outcome}")
    outcomes = [cell.outcome for cell in cells]
    passed, failed = outcomes.count(None), sum(isinstance(outcome, str) for outcome in outcomes)
    print(f"\n{passed} passed, {len(outcomes) - passed - failed} deviate as expected, {failed} failed")
    return bool(passed) and not failed
