"""The client libraries, and a peer for each in every serializer it has."""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from peer import Peer

HERE = Path(__file__).parent
SERIALIZERS = ("json", "msgpack", "cbor")


@dataclass(frozen=True)
class Library:
    """A client library: what it is called in peers' names and in tables, and how its peer is started."""

    key: str
    title: str
    command: tuple
    more: tuple = ()
    serializers: tuple = SERIALIZERS
    # In which of them it speaks RawSocket too.
    raw: tuple = ()
    # Whether it takes every value, so that it can be among all others.
    sociable: bool = True
    # Whether it numbers its requests 1, 2, 3 …
    orderly: bool = True

    def peers(self):
        for serializer in self.serializers:
            yield self.peer(serializer)
        for serializer in self.raw:
            yield self.peer(serializer, "/raw")

    def peer(self, serializer, transport=""):
        return Peer(f"{self.key}/{serializer}{transport}", self.command, (serializer, *self.more))


def crossbar_version():
    return pypi_versions("requirements-crossbar.txt")["crossbar"]


def pypi_versions(file):
    return dict(re.findall(r"^(\S+)==(\S+)$", (HERE.parent / file).read_text(), re.M))


def libraries(client, rust_peers):
    """All of them, wamp-client's last. The paths: its example `interop_peer`, the folder of the other Rust peers."""
    packages = json.loads((HERE.parent / "package.json").read_text())["dependencies"]
    pypi = pypi_versions("requirements.txt")
    locked = (HERE / "rust-peers/Cargo.lock").read_text()
    crates = dict(re.findall(r'^name = "(\S+)"\nversion = "(\S+)"$', locked, re.M))
    two = SERIALIZERS[:2]
    peers = HERE / "peers"
    autobahn_js = ("node", str(peers / "autobahn_js.cjs"))
    return [
        Library("py", f"autobahn-python {pypi['autobahn']}",
                (sys.executable, str(peers / "autobahn_python.py")), raw=SERIALIZERS),
        Library("js", f"autobahn-js {packages['autobahn']}", autobahn_js, ("autobahn",), raw=("json",)),
        Library("js22", f"autobahn-js {packages['autobahn-22'].split('@')[1]}", autobahn_js, ("autobahn-22",)),
        Library("wampy", f"wampy.js {packages['wampy']}", ("node", str(peers / "wampy_js.cjs"))),
        Library("battler", f"battler-wamp {crates['battler-wamp']}", (f"{rust_peers}/battler_wamp",),
                serializers=two, sociable=False),
        Library("async", f"wamp_async {crates['wamp_async']}", (f"{rust_peers}/wamp_async",),
                serializers=two, raw=two, sociable=False, orderly=False),
        Library("rust", "wamp-client", (client,), raw=SERIALIZERS),
    ]
