"""A session in the tests' own hands: WAMP messages over RawSocket in JSON, with no library in between.

It is the other side of what a peer does, so it says and sees exactly what is on the wire.
"""

import asyncio
import json
from collections import defaultdict
from urllib.parse import urlsplit

from peer import WampError

DEADLINE = 15.0

HELLO, WELCOME, ABORT, GOODBYE, ERROR = 1, 2, 3, 6, 8
PUBLISH, PUBLISHED, SUBSCRIBE, SUBSCRIBED, UNSUBSCRIBE, UNSUBSCRIBED, EVENT = 16, 17, 32, 33, 34, 35, 36
CALL, CANCEL, RESULT, REGISTER, REGISTERED, UNREGISTER, UNREGISTERED = 48, 49, 50, 64, 65, 66, 67
INVOCATION, INTERRUPT, YIELD = 68, 69, 70

# A peer that can do everything: what the other side can't is then its own doing.
FEATURES = {
    "publisher": ["publisher_exclusion", "publisher_identification", "subscriber_blackwhite_listing",
                  "payload_passthru_mode"],
    "subscriber": ["pattern_based_subscription", "publisher_identification", "publication_trustlevels",
                   "subscription_revocation", "payload_passthru_mode"],
    "caller": ["caller_identification", "call_canceling", "call_timeout", "progressive_call_results",
               "progressive_call_invocations", "payload_passthru_mode"],
    "callee": ["caller_identification", "call_canceling", "call_trustlevels", "progressive_call_results",
               "progressive_call_invocations", "pattern_based_registration", "shared_registration",
               "registration_revocation", "payload_passthru_mode"],
}
ROLES = {role: {"features": dict.fromkeys(names, True)} for role, names in FEATURES.items()}

# RawSocket: 16 MiB, JSON. The types of frames.
HANDSHAKE = bytes([0x7F, 0xF1, 0, 0])
MESSAGE, PING, PONG = 0, 1, 2


class Wire:
    def __init__(self, reader, writer):
        self.session = self.details = None
        self.pings = asyncio.Queue()
        self.events = defaultdict(asyncio.Queue)  # by subscription
        self.invocations = defaultdict(asyncio.Queue)  # by registration
        self.interrupts = asyncio.Queue()
        self.goodbyes = asyncio.Queue()  # details and reason
        self.revoked = asyncio.Queue()  # the details of UNSUBSCRIBED and UNREGISTERED unasked for
        self.progress = defaultdict(asyncio.Queue)  # by request of the call
        self._reader, self._writer = reader, writer
        self._answers, self._last, self._task = {}, 0, None

    @classmethod
    async def join(cls, url, realm, **details):
        """Joins; `details` go into HELLO besides the roles."""
        address = urlsplit(url)
        wire = cls(*await asyncio.open_connection(address.hostname, address.port, limit=1 << 25))
        wire._writer.write(HANDSHAKE)
        answer = await asyncio.wait_for(wire._reader.readexactly(4), DEADLINE)
        assert answer[:2] == bytes([0x7F, answer[1] & 0xF0 | 1]), f"RawSocket handshake answered {answer}"
        wire.send(HELLO, realm, {"roles": ROLES, **details})
        kind, wire.session, wire.details = await asyncio.wait_for(wire._message(), DEADLINE)
        assert kind == WELCOME, f"HELLO answered {[kind, wire.session, wire.details]}"
        wire._task = asyncio.ensure_future(wire._read())
        return wire

    async def close(self):
        """Leaves without a word: the router must cope with it."""
        self._task.cancel()
        self._writer.close()
        await asyncio.gather(self._task, self._writer.wait_closed(), return_exceptions=True)

    def send(self, *message):
        self._frame(MESSAGE, json.dumps(message).encode())

    def request(self, kind, *rest):
        """Sends a request; gives its id and its answer, which is to be awaited."""
        self._last += 1
        answer = self._answers[self._last] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda answer: answer.cancelled() or answer.exception())  # it may be of no interest
        self.send(kind, self._last, *rest)
        return self._last, answer

    async def ask(self, kind, *rest):
        """The answer to a request, without its type and request; an ERROR is raised."""
        return await asyncio.wait_for(self.request(kind, *rest)[1], DEADLINE)

    async def subscribe(self, topic, **options):
        return (await self.ask(SUBSCRIBE, options, topic))[0]

    async def publish(self, topic, *args, options=(), **kwargs):
        options = {"acknowledge": True, **dict(options)}
        return (await self.ask(PUBLISH, options, topic, args, kwargs))[0]

    async def register(self, procedure, **options):
        return (await self.ask(REGISTER, options, procedure))[0]

    async def call(self, procedure, *args, options=(), **kwargs):
        """The positional and keyword results."""
        _, results, keywords = payload(await self.ask(CALL, dict(options), procedure, args, kwargs), 1)
        return results, keywords

    def start_call(self, procedure, *args, **options):
        """Starts a call; gives its request and its answer, which is to be awaited."""
        return self.request(CALL, options, procedure, args)

    async def event(self, subscription):
        """The next event's details, args and kwargs."""
        return await asyncio.wait_for(self.events[subscription].get(), DEADLINE)

    async def invocation(self, registration):
        """The next invocation's request, details, args and kwargs."""
        return await asyncio.wait_for(self.invocations[registration].get(), DEADLINE)

    async def next(self, queue):
        return await asyncio.wait_for(queue.get(), DEADLINE)

    def result(self, request, *args, **options):
        self.send(YIELD, request, options, args)

    def _frame(self, kind, body):
        self._writer.write(bytes([kind]) + len(body).to_bytes(3, "big") + body)

    async def _message(self):
        while True:
            head = await self._reader.readexactly(4)
            body = await self._reader.readexactly(int.from_bytes(head[1:], "big"))
            if head[0] == MESSAGE:
                return json.loads(body)
            if head[0] == PING:
                self._frame(PONG, body)
                self.pings.put_nowait(body)

    async def _read(self):
        try:
            while True:
                self._take(*await self._message())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(AssertionError("the router has closed the test's own session"))

    def _take(self, kind, *fields):
        if kind == EVENT:
            subscription, publication, *rest = fields
            details, args, kwargs = payload(rest, 1)
            details["publication"] = publication
            self.events[subscription].put_nowait((details, args, kwargs))
        elif kind == INVOCATION:
            request, registration, *rest = fields
            self.invocations[registration].put_nowait((request, *payload(rest, 1)))
        elif kind == INTERRUPT:
            self.interrupts.put_nowait(fields)
        elif kind == ERROR:
            _, request, _, uri, args, kwargs = payload(fields, 4)
            self._answers.pop(request).set_exception(WampError(uri, args, kwargs))
        elif kind == RESULT and fields[1].get("progress"):
            self.progress[fields[0]].put_nowait(payload(fields, 2)[2])
        elif kind in (UNSUBSCRIBED, UNREGISTERED) and fields[0] == 0:
            self.revoked.put_nowait(fields[1])
        elif kind == GOODBYE:
            self.goodbyes.put_nowait(fields)
        else:
            answer = self._answers.pop(fields[0])
            if not answer.done():
                answer.set_result(fields[1:])


def payload(fields, head):
    """A message's fields, with args and kwargs after the first `head`, whether or not they were on the wire."""
    fields = list(fields)
    return fields + [[], {}][len(fields) - head:]
