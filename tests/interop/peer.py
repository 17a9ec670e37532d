"""One peer: a process on a client library, driven line by line.

A peer is started as `COMMAND… URL REALM SERIALIZER`, joins, and says `{"joined": session}`.
Then it gets one JSON object a line on its standard input and answers each on standard output:

    {"id": 1, "do": "subscribe", "tag": …, "topic": …, "match": …, "get_retained": …}
                                                                        -> {"id": 1, "ok": {}}
    {"id": 2, "do": "unsubscribe", "tag": …}
    {"id": 3, "do": "publish", "topic": …, "args": […], "kwargs": {…},
     "acknowledge": true, "exclude_me": false, "retain": true}          -> ok: {"publication": id}
    {"id": 4, "do": "register", "procedure": …, "does": "echo", "match": …}
    {"id": 5, "do": "unregister", "procedure": …}
    {"id": 6, "do": "call", "procedure": …, "args": […], "kwargs": {…},
     "receive_progress": true}                             -> ok: {"args", "kwargs", "progress"}
    {"id": 7, "do": "leave"}

An ERROR is answered `{"id", "error": {"uri", "args", "kwargs"}}`; an event is told as
`{"event": tag, "args", "kwargs", "topic", "publication"}`, the last two null where the library
does not tell them. A registered procedure does one of four things: `echo` returns what it was
called with, `refuse` raises `com.example.error.refused` with what it was called with, `tell`
returns the procedure it was called as, `count` sends `[1]`, `[2]` and `[3]` as progress, if that is
wanted, and returns `["done", 3]`. Bytes are written `{"$bytes": hex}`. The end of its input ends a
peer.
"""

import asyncio
import json
from collections import defaultdict

# Seconds until a peer has joined (many processes start at once), and until it has answered.
JOIN_DEADLINE, DEADLINE = 60.0, 15.0
# How often a peer may miss a deadline before it is given up: a matrix of waits would take hours.
PATIENCE = 3


class WampError(Exception):
    """The answer was an ERROR message."""

    def __init__(self, uri, args, kwargs):
        super().__init__(uri, args, kwargs)
        self.uri, self.arguments, self.keywords = uri, args, kwargs


class Broken(Exception):
    """The peer itself failed: its process ended, it answered nonsense, or it answered too late."""


def to_line(value):
    if isinstance(value, bytes):
        return {"$bytes": value.hex()}
    if isinstance(value, list):
        return [to_line(item) for item in value]
    if isinstance(value, dict):
        return {key: to_line(item) for key, item in value.items()}
    return value


def from_line(value):
    if isinstance(value, list):
        return [from_line(item) for item in value]
    if isinstance(value, dict):
        if set(value) == {"$bytes"}:
            return bytes.fromhex(value["$bytes"])
        return {key: from_line(item) for key, item in value.items()}
    return value


class Peer:
    def __init__(self, name, command, arguments):
        self.name, self.command, self.arguments = name, command, arguments
        self.lacks = ()  # what the library has no way to do, or does wrong; see matrix.py
        self.session = None
        self.events = defaultdict(asyncio.Queue)
        self._process = self._reader = self._stderr = None
        self._answers, self._last = {}, 0
        self.patience = PATIENCE

    async def start(self, urls, realm):
        """Starts it at one of the router's addresses and waits until it has joined."""
        url = urls["rs" if "raw" in self.name else "ws"]
        self._process = await asyncio.create_subprocess_exec(
            *self.command, url, realm, *self.arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=16 * 1024 * 1024,
        )
        self._stderr = asyncio.ensure_future(self._process.stderr.read())
        first = await self._within(self._process.stdout.readline(), "to join", JOIN_DEADLINE)
        if not first:
            raise Broken(f"{self.name} ended before it joined:\n{await self._complaint()}")
        self.session = json.loads(first)["joined"]
        self._reader = asyncio.ensure_future(self._read())

    async def do(self, name, **fields):
        """Sends one command and waits for its answer."""
        if self._reader.done():
            raise Broken(f"{self.name} has ended")
        self._last += 1
        number = self._last
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": number, "do": name, **to_line(fields)})
        self._process.stdin.write(line.encode() + b"\n")
        return await self._within(answer, f"to {name} {fields}")

    async def event(self, tag):
        """The next event of the subscription with this tag."""
        return await self._within(self.events[tag].get(), f"for an event of {tag}")

    async def stop(self):
        """Closes its input, which ends it."""
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.stdin.close()
            try:
                await asyncio.wait_for(self._process.wait(), 5)
            except asyncio.TimeoutError:
                self._process.kill()
                await self._process.wait()
        if self._reader:
            await self._reader

    async def _within(self, awaitable, what, deadline=DEADLINE):
        try:
            return await asyncio.wait_for(awaitable, deadline if self.patience > 0 else 0)
        except asyncio.TimeoutError:
            self.patience -= 1
            raise Broken(f"{self.name}: waited {deadline:.0f} s {what[:200]}, in vain") from None

    async def _read(self):
        while text := await self._process.stdout.readline():
            try:
                line = from_line(json.loads(text))
            except ValueError:
                self._process.kill()  # what it says from here on can't be trusted
                self._fail(f"{self.name} said, in place of a line of the protocol: {text[:200]!r}")
                return
            if "event" in line:
                self.events[line["event"]].put_nowait(line)
                continue
            answer = self._answers.pop(line["id"])
            if answer.done():
                continue  # it came after its deadline
            if "ok" in line:
                answer.set_result(line["ok"])
            elif "error" in line:
                answer.set_exception(WampError(*(line["error"][k] for k in ("uri", "args", "kwargs"))))
            else:
                answer.set_exception(Broken(f"{self.name}: {line['broken']}"))
        self._fail(f"{self.name} ended:\n{await self._complaint()}")

    def _fail(self, reason):
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(Broken(reason))

    async def _complaint(self):
        return (await self._stderr).decode(errors="replace")[-2000:]
