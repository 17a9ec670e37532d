"""Crossbar as a process, for wamp-client to be run with."""

import asyncio
import json
import os
import signal
import socket
import tempfile
from pathlib import Path

# Seconds until it serves: it starts two Python processes one after the other.
START = 60.0
READY = "NODE_BOOT_COMPLETE"


class Crossbar:
    name, realm = "crossbar", "realm1"

    def __init__(self, process, folder, ports):
        self.process, self._folder = process, folder
        self.urls = {"ws": f"ws://127.0.0.1:{ports['ws']}", "rs": f"rs://127.0.0.1:{ports['rs']}"}
        self.operator = f"rs://127.0.0.1:{ports['operator']}", {}
        self.log = []
        self._logging = None

    @classmethod
    async def start(cls, binary, configuration=None):
        """Starts it in a process group of its own, and waits until it says that it serves.

        Without a configuration of its own, everybody may do everything.
        """
        folder = tempfile.TemporaryDirectory(prefix="crossbar-")
        ports = free_ports("ws", "rs", "operator")
        (Path(folder.name) / "config.json").write_text(json.dumps(configuration or config(ports)))
        process = await asyncio.create_subprocess_exec(
            binary, "start", "--cbdir", folder.name, "--loglevel", "info", "--color", "false",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        crossbar = cls(process, folder, ports)
        try:
            await asyncio.wait_for(crossbar._ready(), START)
        except (asyncio.TimeoutError, EOFError) as problem:
            crossbar.show_log()
            await crossbar.stop()
            raise SystemExit(f"Crossbar did not serve within {START:.0f} s ({problem!r})") from None
        return crossbar

    async def _ready(self):
        while READY not in (line := (await self.process.stdout.readline()).decode(errors="replace")):
            if not line:
                raise EOFError("it has ended")
            self.log.append(line)
        self._logging = asyncio.ensure_future(self._keep_log())

    async def _keep_log(self):
        while line := await self.process.stdout.readline():
            self.log.append(line.decode(errors="replace"))

    def show_log(self):
        print("Crossbar said at last:", *self.log[-60:], sep="\n    ")

    async def stop(self):
        """Ends it and its worker: it has nothing to lose."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        await self.process.wait()
        if self._logging:
            await self._logging
        self._folder.cleanup()


def free_ports(*names):
    """A free port for each."""
    sockets = {name: socket.create_server(("127.0.0.1", 0)) for name in names}
    ports = {name: bound.getsockname()[1] for name, bound in sockets.items()}
    for bound in sockets.values():
        bound.close()
    return ports


def config(ports):
    """One realm, in which everybody may do everything, with a port for each authrole and transport."""

    def transport(kind, port, role):
        return {
            "type": kind,
            "endpoint": {"type": "tcp", "interface": "127.0.0.1", "port": port},
            "auth": {"anonymous": {"type": "static", "role": role}},
        }

    def role(name):
        # It is not sessions that disclose themselves.
        disclosed = permission("interop..disclosed", "wildcard", disclose=True)
        return {"name": name, "permissions": [permission("", "prefix", disclose=False), disclosed]}

    def permission(uri, match, disclose):
        return {
            "uri": uri,
            "match": match,
            "allow": {"call": True, "register": True, "publish": True, "subscribe": True},
            "disclose": {"caller": disclose, "publisher": disclose},
        }

    history = {"uri": "interop..history", "match": "wildcard", "limit": 100}
    realm = {
        "name": Crossbar.realm,
        "store": {"type": "memory", "event-history": [history]},
        "roles": [role("anonymous"), role("operator")],
    }
    transports = [
        transport("websocket", ports["ws"], "anonymous"),
        transport("rawsocket", ports["rs"], "anonymous"),
        transport("rawsocket", ports["operator"], "operator"),
    ]
    return {"version": 2, "workers": [{"type": "router", "realms": [realm], "transports": transports}]}
