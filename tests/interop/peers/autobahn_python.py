"""An interop peer on autobahn-python: python autobahn_python.py URL REALM SERIALIZER

URL is ws://… for WebSocket or rs://HOST:PORT for RawSocket.

Speaks the line protocol of ../peer.py.

Where it deviates: a RESULT of no argument and one of a single None look alike to a caller; see also
../deviations.py.
"""

import asyncio
import inspect
import json
import sys

from autobahn.asyncio.rawsocket import WampRawSocketClientFactory
from autobahn.asyncio.wamp import ApplicationSession
from autobahn.asyncio.websocket import WampWebSocketClientFactory
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer
from autobahn.wamp.types import (
    CallOptions,
    CallResult,
    ComponentConfig,
    PublishOptions,
    RegisterOptions,
    SubscribeOptions,
)
from autobahn.websocket.util import parse_url

SERIALIZERS = {"json": JsonSerializer, "msgpack": MsgPackSerializer, "cbor": CBORSerializer}


def to_line(value):
    """Values JSON has no word for cross the line as {"$bytes": hex}."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$bytes": bytes(value).hex()}
    if getattr(value, "tag", None) == 64:  # RFC 8746: wampy.js tags its byte arrays in CBOR
        return to_line(value.value)
    if isinstance(value, (list, tuple)):
        return [to_line(item) for item in value]
    if isinstance(value, dict):
        return {key: to_line(item) for key, item in value.items()}
    return value


def from_line(value):
    if isinstance(value, list):
        return [from_line(item) for item in value]
    if isinstance(value, dict):
        if "$bytes" in value:
            return bytes.fromhex(value["$bytes"])
        if "$int" in value:
            return int(value["$int"])
        return {key: from_line(item) for key, item in value.items()}
    return value


# Autobahn and its log print to standard output, where the line protocol is.
LINES, sys.stdout = sys.stdout, sys.stderr


def say(line):
    print(json.dumps(line), file=LINES, flush=True)


def echo(*args, details=None, **kwargs):
    return CallResult(*args, **kwargs)


def refuse(*args, details=None, **kwargs):
    raise ApplicationError("com.example.error.refused", *args, **kwargs)


def tell(*args, details=None, **kwargs):
    return CallResult(details.procedure, **told(details, "caller", "caller_authid", "caller_authrole"))


def count(*args, details=None, **kwargs):
    for step in (1, 2, 3):
        if details.progress:
            details.progress(step)
    return CallResult("done", 3)


WAITING = {}  # by procedure


async def wait(*args, details=None, **kwargs):
    say_event(details.procedure, ["called"])
    released = WAITING[details.procedure] = asyncio.get_running_loop().create_future()
    try:
        return await released
    except asyncio.CancelledError:
        say_event(details.procedure, ["interrupted"])
        raise


PROCEDURES = {"echo": echo, "refuse": refuse, "tell": tell, "count": count, "wait": wait}


def told(details, *names):
    """Those of the details that the library has and the router told."""
    values = {name: getattr(details, name, None) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def say_event(tag, args=(), kwargs=None, details=None):
    kwargs = to_line(kwargs or {})
    say({"event": tag, "args": to_line(args), "kwargs": kwargs, "details": details or {}})


class Lacks(Exception):
    """The library has no way to do this."""


def options_of(kind, options, **more):
    """An object of autobahn's with these options."""
    if unknown := options.keys() - inspect.signature(kind).parameters.keys():
        raise Lacks(f"{kind.__name__} has no {', '.join(sorted(unknown))}")
    return kind(**options, **more)


class Peer(ApplicationSession):
    async def onJoin(self, details):
        self.subscriptions = {}
        self.registrations = {}
        self.calls = {}
        self.tasks = set()  # the loop itself keeps no task alive
        self.spawn(self.serve())
        say({"joined": details.session})

    def onDisconnect(self):
        asyncio.get_event_loop().stop()

    async def serve(self):
        """Answers each line; the commands start in the order of their lines."""
        lines = asyncio.StreamReader(limit=16 * 1024 * 1024)
        await asyncio.get_event_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
        )
        while text := await lines.readline():
            self.spawn(self.answer(from_line(json.loads(text))))
        asyncio.get_event_loop().stop()

    def spawn(self, coroutine):
        task = asyncio.ensure_future(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def answer(self, line):
        number, name = line.pop("id"), line.pop("do")
        try:
            say({"id": number, "ok": to_line(await getattr(self, f"do_{name}")(**line) or {})})
        except ApplicationError as error:
            failure = {"uri": error.error, "args": error.args, "kwargs": error.kwargs}
            say({"id": number, "error": to_line(failure)})
        except Lacks as lacks:
            say({"id": number, "lacks": str(lacks)})
        except Exception as error:  # a bug of this script: the driver shows it
            say({"id": number, "broken": repr(error)})

    async def do_subscribe(self, tag, topic, options):
        def on_event(*args, details=None, **kwargs):
            names = ("topic", "publication", "publisher", "publisher_authid", "publisher_authrole", "retained")
            say_event(tag, args, kwargs, told(details, *names, "trustlevel"))

        options = options_of(SubscribeOptions, options, details=True)
        self.subscriptions[tag] = await self.subscribe(on_event, topic, options)

    async def do_unsubscribe(self, tag):
        await self.subscriptions[tag].unsubscribe()

    async def do_publish(self, topic, args, kwargs, options):
        options = options_of(PublishOptions, options)
        sent = self.publish(topic, *args, options=options, **kwargs)
        return {"publication": (await sent).id} if options.acknowledge else {}

    async def do_register(self, procedure, does, options):
        if does not in PROCEDURES:
            raise Lacks(f"an endpoint can't {does}")
        options = options_of(RegisterOptions, options, details=True)
        self.registrations[procedure] = await self.register(PROCEDURES[does], procedure, options)

    async def do_unregister(self, procedure):
        await self.registrations[procedure].unregister()

    async def do_release(self, procedure):
        WAITING.pop(procedure).set_result("released")

    async def do_call(self, procedure, args, kwargs, options, tag=None, canceled=None):
        progress = []
        if options.pop("receive_progress", False):
            options["on_progress"] = lambda *step: progress.append(step)
        kwargs["options"] = options_of(CallOptions, options)
        self.calls[tag] = self.call(procedure, *args, **kwargs)
        try:
            result = await self.calls[tag]
        except asyncio.CancelledError:
            raise ApplicationError("wamp.error.canceled") from None
        if isinstance(result, CallResult):
            return {"args": result.results, "kwargs": result.kwresults, "progress": progress}
        return {"args": [] if result is None else [result], "kwargs": {}, "progress": progress}

    async def do_cancel(self, tag, mode):
        if mode is not None:
            raise Lacks("a future's cancel() takes no mode")
        self.calls[tag].cancel()

    async def do_upload(self, procedure, parts):
        raise Lacks("a call has its arguments at once")

    async def do_fragment(self, size):
        """Sends messages in WebSocket frames of this size from now on."""
        if not hasattr(self._transport, "autoFragmentSize"):
            raise Lacks("RawSocket has no fragments")
        self._transport.autoFragmentSize = size

    async def do_leave(self):
        left = asyncio.get_event_loop().create_future()
        self.onLeave = lambda details: left.set_result({"reason": details.reason})
        self.leave()
        return await left

    def onLeave(self, details):
        say_event("left", [details.reason])
        super().onLeave(details)


async def connect(url, realm, serializer):
    def session():
        return Peer(ComponentConfig(realm))

    serializer = SERIALIZERS[serializer]()
    if url.startswith("rs:"):
        host, port = url.removeprefix("rs://").split(":")
        transport = WampRawSocketClientFactory(session, serializer=serializer)
    else:
        _, host, port, *_ = parse_url(url)
        transport = WampWebSocketClientFactory(session, url=url, serializers=[serializer])
    await asyncio.get_event_loop().create_connection(transport, host, port)


if __name__ == "__main__":
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(connect(*sys.argv[1:4]))
    loop.run_forever()
