"""Third-party WAMP clients and wamp-client, with wamp-router, with each other, each feature and each pair.

    python main.py --router PATH --feature-router PATH --client PATH … [--only NAME]

Run by `cargo xtask test --only interop`, which gives the paths. Needs NODE_PATH to name the folder with the npm
packages, and the PyPI packages in this interpreter. The peers' line protocol is described in peer.py.
"""

import argparse
import asyncio
import sys

from exercise import exercise, report
from features import CHECKS, PINGED
from libraries import libraries
from matrix import each_with_each
from peer import Broken
from router import Router


async def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--router", required=True, help="the wamp-router binary")
    arguments.add_argument("--feature-router", required=True, help="wamp-router's example interop_router")
    arguments.add_argument("--client", required=True, help="wamp-client's example interop_peer")
    arguments.add_argument("--only", default="", help="only peers whose name contains this")
    arguments = arguments.parse_args()
    known = libraries(arguments.client)

    free = "127.0.0.1:0"
    router = await Router.start(arguments.router, "--listen", free, "--rawsocket", free, "--realm", "realm1")
    try:
        passed, failed = await each_with_each(router, known, arguments.only)
    finally:
        await router.stop()
    print(f"\n{passed} passed, {failed} failed")

    cells = []
    pinged = [check for check in CHECKS if check.feature == PINGED]
    others = [check for check in CHECKS if check.feature != PINGED]
    for checks, arguments_of_router in ((others, ()), (pinged, ("300",))):
        router = await Router.start(arguments.feature_router, *arguments_of_router)
        try:
            cells += await exercise(router, known, checks, arguments.only)
        finally:
            await router.stop()
    passed, deviating, unexpected = report("each feature, with wamp-router", cells)
    print(f"\n{passed} passed, {deviating} deviate as expected, {unexpected} failed")
    return 1 if failed or unexpected or not passed else 0


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except Broken as broken:
        sys.exit(f"\n{broken}")
