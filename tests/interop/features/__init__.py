"""What one peer and a router do together, feature by feature: see `check` and `Stage`."""

import asyncio
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Callable

from payloads import expect
from peer import WampError
from wire import Wire

CHECKS = []
# The feature whose checks need a router that pings every moment.
PINGED = "pings"
# The feature whose checks need a router that is strict about it, and all others one that bears with a peer.
NUMBERED = "request ids"
# The feature that only WebSocket has.
FRAGMENTED = "WebSocket fragments"


@dataclass
class Check:
    """Something a peer does in a role, which shows that it and the router have a feature."""

    feature: str
    role: str
    run: Callable
    name: str


def check(feature, role, *, name=None):
    """Makes a function of a peer and a stage a check."""

    def add(run):
        CHECKS.append(Check(feature, role, run, name or run.__name__))
        return run

    return add


class Stage:
    """What a check works with besides its peer: sessions in its own hands, and URIs that nobody else uses."""

    def __init__(self, router, peer, check):
        # Of the strict kind, which is all that battler-wamp takes.
        self.uri = "interop." + re.sub("[^a-z0-9]", "_", f"{peer.name}_{check.name}")
        self._router, self._wires = router, []
        self.wire = None

    @classmethod
    @asynccontextmanager
    async def set(cls, router, peer, check):
        stage = cls(router, peer, check)
        try:
            stage.wire = await stage.join()
            yield stage
        finally:
            await asyncio.gather(*(wire.close() for wire in stage._wires))

    async def join(self):
        return await self._joined(self._router.urls["rs"])

    async def join_as_operator(self):
        """A session of another authrole, which may end other sessions."""
        url, details = self._router.operator
        return await self._joined(url, **details)

    async def _joined(self, url, **details):
        wire = await Wire.join(url, self._router.realm, **details)
        self._wires.append(wire)
        return wire


async def fails(uri, request):
    """The request must come to this error."""
    try:
        await request
    except WampError as error:
        expect("error URI", error.uri, uri)
    else:
        raise AssertionError(f"wanted {uri}, got an answer")


async def invoked(wire, registration, call):
    """The invocation that a call comes to: its request, details, args and kwargs."""
    invocation = asyncio.ensure_future(wire.invocation(registration))
    await asyncio.wait([invocation, call], return_when=asyncio.FIRST_COMPLETED)
    if not invocation.done():
        invocation.cancel()
        call.result()  # raises why, if it has failed
        raise AssertionError("the call has ended without an invocation")
    return invocation.result()


async def heard(wire, subscription):
    """The first argument of each event up to the one that is "end"."""
    events = []
    while (event := (await wire.event(subscription))[1][0]) != "end":
        events.append(event)
    return events


# Each registers its checks, which stand in the tables in this order.
from . import events, passthru, calls, registrations, meta, values, connection  # noqa: E402, F401
