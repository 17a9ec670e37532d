"""python authentication ROUTER WAMP CROSSBAR, in Crossbar's Python environment: autobahn's cryptosign needs packages that
come with it."""

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).parent.parent))

from authentication import authentication
from crossbar import Crossbar

router, cli, binary = sys.argv[1:]
arguments = SimpleNamespace(router=router, cli=cli)
well = asyncio.run(authentication(arguments, lambda config: Crossbar.start(binary, config)))
sys.exit(0 if well else 1)
