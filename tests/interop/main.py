"""Third-party WAMP clients and wamp-client, with wamp-router, with each other, and wamp-client with Crossbar.

    python main.py --router PATH --feature-router PATH --client PATH … [--only NAME]

Run by `cargo xtask test --only interop`, which gives the paths. Needs NODE_PATH to name the folder with the npm
packages, and the PyPI packages in this interpreter. The peers' line protocol is described in peer.py.
"""

import argparse
import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

from conformance import page, settle
from crossbar import Crossbar
from exercise import exercise, report
from features import CHECKS, NUMBERED, PINGED
from libraries import crossbar_version, libraries
from matrix import each_with_each
from peer import Broken
from router import Router

PINGING = [check for check in CHECKS if check.feature == PINGED]
STRICT = [check for check in CHECKS if check.feature == NUMBERED]
ORDINARY = [check for check in CHECKS if check not in PINGING + STRICT]


async def pairs(arguments, known):
    """Each with each, through the program as it is; says whether all went well."""
    free = "127.0.0.1:0"
    start = Router.start(arguments.router, "--listen", free, "--rawsocket", free, "--realm", "realm1")
    async with running(start) as router:
        passed, failed = await each_with_each(router, known, arguments.only)
    print(f"\n{passed} passed, {failed} failed")
    return passed and not failed


async def with_router(arguments, known):
    """The cells of each feature with wamp-router, set up as the checks and the libraries need it."""
    orderly = [library for library in known if library.orderly]
    disorderly = [library for library in known if not library.orderly]
    cells = []
    for checks, libraries, *settings in (
        (ORDINARY + STRICT, orderly),
        (STRICT, disorderly),
        (ORDINARY, disorderly, "--any-request-ids"),
        (PINGING, known, "--any-request-ids", "300"),
    ):
        async with running(Router.start(arguments.feature_router, *settings)) as router:
            cells += await exercise(router, libraries, checks, arguments.only)
    return cells


async def with_crossbar(arguments, known):
    """The cells of each feature of wamp-client with Crossbar."""
    ours = [library for library in known if library.key == "rust"]
    async with running(Crossbar.start(arguments.crossbar)) as crossbar:
        cells = await exercise(crossbar, ours, ORDINARY + STRICT, arguments.only)
        if any(isinstance(cell.outcome, str) for cell in cells):
            crossbar.show_log()
    return cells


async def over_longpoll(arguments):
    """autobahn-js over HTTP long-poll, a test of its own; says whether it passed."""
    test = Path(__file__).parent / "longpoll.cjs"
    environment = {**os.environ, "WAMP_ROUTER": arguments.router}
    process = await asyncio.create_subprocess_exec("node", "--test", str(test), env=environment)
    return await process.wait() == 0


async def authentication(arguments):
    """Each authmethod, with wamp-router and with Crossbar; says whether all went well."""
    python = Path(arguments.crossbar).with_name("python")
    script = Path(__file__).parent / "authentication"
    process = await asyncio.create_subprocess_exec(
        python, script, arguments.router, arguments.cli, arguments.crossbar
    )
    return await process.wait() == 0


@asynccontextmanager
async def running(start):
    router = await start
    try:
        yield router
    finally:
        await router.stop()


async def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--router", required=True, help="the wamp-router binary")
    arguments.add_argument("--feature-router", required=True, help="wamp-router's example interop_router")
    arguments.add_argument("--client", required=True, help="wamp-client's example interop_peer")
    arguments.add_argument("--cli", required=True, help="the wamp binary")
    arguments.add_argument("--rust-peers", required=True, help="the folder with the programs of rust-peers")
    arguments.add_argument("--crossbar", required=True, help="the crossbar binary")
    arguments.add_argument("--only", default="", help="only peers whose name contains this")
    arguments.add_argument("--update-conformance", action="store_true", help="write docs/conformance.md")
    arguments = arguments.parse_args()
    # So that what was started is stopped.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asyncio.current_task().cancel)

    known = libraries(arguments.client, arguments.rust_peers)
    well = await pairs(arguments, known)
    well &= await over_longpoll(arguments)
    well &= await authentication(arguments)
    ours = await with_router(arguments, known)
    well &= report("each feature, with wamp-router", ours)
    theirs = await with_crossbar(arguments, known)
    well &= report("each feature of wamp-client, with Crossbar", theirs)
    if well and not arguments.only:
        well = settle(page(known, ours, theirs, crossbar_version()), arguments.update_conformance)
    return 0 if well else 1


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except Broken as broken:
        sys.exit(f"\n{broken}")
