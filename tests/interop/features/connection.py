"""What the transport bears: long messages, fragments, pings, and the end in good order."""

from payloads import expect

from . import FRAGMENTED, NUMBERED, PINGED, check, fails

# In characters.
LONG = 4 << 20


@check("long messages", "publisher")
async def long_event_is_published(peer, stage):
    subscription = await stage.wire.subscribe(stage.uri)
    await peer.publish(stage.uri, "x" * LONG)
    expect("length", len((await stage.wire.event(subscription))[1][0]), LONG)


@check("long messages", "callee")
async def long_arguments_are_returned(peer, stage):
    await peer.register(stage.uri, "echo")
    results, _ = await stage.wire.call(stage.uri, "x" * LONG)
    expect("length", len(results[0]), LONG)


@check(FRAGMENTED, "publisher")
async def event_is_published_in_fragments(peer, stage):
    await peer.do("fragment", size=1000)
    subscription = await stage.wire.subscribe(stage.uri)
    # Characters of three bytes, so that fragments end within one.
    await peer.publish(stage.uri, "世" * 10_000)
    expect("event", (await stage.wire.event(subscription))[1], ["世" * 10_000])


# Of a router that pings who was silent for 0.3 s, and lets go who does not answer within 5 s.
PINGS = 20


@check(PINGED, "subscriber")
async def pings_are_answered(peer, stage):
    await peer.subscribe("pinged", stage.uri)
    for _ in range(PINGS):
        await stage.wire.next(stage.wire.pings)
    await stage.wire.publish(stage.uri)
    await peer.event("pinged")


@check(NUMBERED, "caller")
async def requests_are_numbered(peer, stage):
    for _ in range(3):
        await peer.call("wamp.session.count")


@check("session closing", "callee")
async def goodbye_is_answered(peer, stage):
    await peer.register(stage.uri, "echo")
    [registration], _ = await stage.wire.call("wamp.registration.lookup", stage.uri)
    gone = await stage.wire.subscribe("wamp.registration.on_delete")
    reply = await peer.do("leave")
    if reply.get("reason") is not None:
        expect("GOODBYE.Reason", reply["reason"], "wamp.close.goodbye_and_out")
    while (await stage.wire.event(gone))[1][1] != registration:
        pass
    await fails("wamp.error.no_such_procedure", stage.wire.call(stage.uri))
