"""One peer: a process on a client library, driven line by line.

A peer is started as `COMMAND… URL REALM SERIALIZER`, joins, and says `{"joined": session}`.
Then it gets one JSON object a line on its standard input and answers each on standard output:

    {"id": 1, "do": "subscribe", "tag": …, "topic": …, "options": {…}}  -> {"id": 1, "ok": {}}
    {"id": 2, "do": "unsubscribe", "tag": …}
    {"id": 3, "do": "publish", "topic": …, "args": […], "kwargs": {…}, "options": {…}}
                                              -> ok: {"publication": id}, if acknowledged
    {"id": 4, "do": "register", "procedure": …, "does": "echo", "options": {…}}
    {"id": 5, "do": "unregister", "procedure": …}
    {"id": 6, "do": "call", "procedure": …, "args": […], "kwargs": {…}, "options": {…}, "tag": …,
     "canceled": …}                           -> ok: {"args", "kwargs", "progress"}
    {"id": 7, "do": "cancel", "tag": …, "mode": "kill" or null}: the call of this tag, to which
     `canceled` said the mode in advance
    {"id": 8, "do": "upload", "procedure": …, "parts": [[…], …]}: a call whose arguments come in parts
                                              -> ok: {"args", "kwargs"}
    {"id": 9, "do": "release", "procedure": …}: its waiting call returns
    {"id": 10, "do": "fragment", "size": …}: sends WebSocket frames of this size from now on
    {"id": 11, "do": "leave"}                 -> ok: {"reason"}

`options` are those of the specification, by their names there. What the library has no way to say
or do is answered `{"id", "lacks": what}`, an ERROR `{"id", "error": {"uri", "args", "kwargs"}}`.
An event is told as `{"event": tag, "args", "kwargs", "details"}`, the details being those that the
library tells.

A registered procedure does one of these: `echo` returns what it was called with, `refuse` raises
`com.example.error.refused` with it, `tell` returns the procedure it was called as and, by keyword,
what it was told of the caller, `count` sends `[1]`, `[2]` and `[3]` as progress, if that is wanted,
and returns `["done", 3]`, `sum` adds up arguments that come in parts, `wait` returns `["released"]`
when it is told to. The last tells as events tagged with the procedure that it was `["called"]` and
`["interrupted"]`. Tagged `revoked TAG` and `revoked PROCEDURE` comes what the router took back,
tagged `left` the end of the session. Bytes are written `{"$bytes": hex}`, integers beyond 2^53
`{"$int": decimal}`. The end of its input ends a peer.
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


class Lacks(Exception):
    """The library has no way to do this."""


class Broken(Exception):
    """The peer itself failed: its process ended, it answered nonsense, or it answered too late."""


def to_line(value):
    if isinstance(value, bytes):
        return {"$bytes": value.hex()}
    if isinstance(value, int) and abs(value) > 2**53:
        return {"$int": str(value)}
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
        if set(value) == {"$int"}:
            return int(value["$int"])
        return {key: from_line(item) for key, item in value.items()}
    return value


class Peer:
    def __init__(self, name, command, arguments):
        self.name, self.command, self.arguments = name, command, arguments
        self.library, self.serializer, *_ = name.split("/")
        self.session = None
        self.events = defaultdict(asyncio.Queue)
        self._process = self._reader = self._stderr = None
        self._answers, self._last = {}, 0
        self._left = False
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

    @property
    def alive(self):
        """Whether its process runs and its session has not ended."""
        return bool(self._reader) and not self._reader.done() and not self._left

    def again(self):
        """Another of its kind, not yet started."""
        return Peer(self.name, self.command, self.arguments)

    async def do(self, name, **fields):
        """Sends one command and waits for its answer."""
        if self._reader.done():
            raise Broken(f"{self.name} has ended")
        self._left = self._left or name == "leave"
        self._last += 1
        number = self._last
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        line = json.dumps({"id": number, "do": name, **to_line(fields)})
        self._process.stdin.write(line.encode() + b"\n")
        return await self._within(answer, f"to {name} {fields}")

    async def subscribe(self, tag, topic, **options):
        await self.do("subscribe", tag=tag, topic=topic, options=options)

    async def publish(self, topic, *args, options={"acknowledge": True}, **kwargs):
        return await self.do("publish", topic=topic, args=list(args), kwargs=kwargs, options=options)

    async def register(self, procedure, does, **options):
        await self.do("register", procedure=procedure, does=does, options=options)

    async def call(self, procedure, *args, options={}, tag=None, canceled=None, **kwargs):
        fields = {"procedure": procedure, "args": list(args), "kwargs": kwargs, "options": options}
        return await self.do("call", **fields, tag=tag, canceled=canceled)

    def start_call(self, procedure, *args, **more):
        """Starts a call; its answer is to be awaited."""
        call = asyncio.ensure_future(self.call(procedure, *args, **more))
        call.add_done_callback(lambda call: call.cancelled() or call.exception())  # it may be of no interest
        return call

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
                self._left = self._left or line["event"] == "left"
                self.events[line["event"]].put_nowait(line)
                continue
            answer = self._answers.pop(line["id"])
            if answer.done():
                continue  # it came after its deadline
            if "ok" in line:
                answer.set_result(line["ok"])
            elif "lacks" in line:
                answer.set_exception(Lacks(line["lacks"]))
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
