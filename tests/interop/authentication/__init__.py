"""Who a client is: each authmethod of autobahn-python and autobahn-js with wamp-router as a file configures it, and of
`wamp` with Crossbar."""

import asyncio
import sys
import tempfile

from router import Router

from . import ours, theirs
from .files import Files


async def authentication(arguments, start_crossbar):
    """Runs all of it; says whether it went well."""
    failed = 0
    with tempfile.TemporaryDirectory(prefix="interop-") as folder:
        files = Files(folder)
        router = await Router.start(arguments.router, "start", "--config", files.config(), addresses=3)
        try:
            failed += await run("to wamp-router", theirs.cases(files, router.addresses))
        finally:
            await router.stop()
        ports, config = files.crossbar()
        crossbar = await start_crossbar(config)
        try:
            failed += await run("of wamp to Crossbar", ours.cases(arguments.cli, files, ports))
        finally:
            await crossbar.stop()
    return failed == 0


async def run(title, cases):
    """Runs cases of a name and a coroutine; says how many failed."""
    passed = failed = 0
    for name, case in cases:
        try:
            await asyncio.wait_for(case, 30)
            passed += 1
        except Exception as problem:
            failed += 1
            print(f"  {name}: {problem!r}", file=sys.stderr)
    print(f"\nauthentication {title}: {passed} passed, {failed} failed")
    return failed
