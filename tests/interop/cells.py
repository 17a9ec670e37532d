"""The cells of the tables: what each pair of peers does, and what must come of it."""

import asyncio

from payloads import PAYLOADS, expect
from peer import Broken, WampError

IMPOSSIBLE = "the library has no way to do this"
FAILURES = (AssertionError, Broken, WampError)


async def outcome(check):
    """None when it passes, else what went wrong."""
    try:
        await check
    except FAILURES as failure:
        return str(failure) or repr(failure)
    return None


async def publish_to_all(everyone, table):
    """Each peer publishes every payload once; all of them, the publisher too, must get it."""
    for publisher in everyone:
        topic = f"interop.publish.{publisher.name.replace('/', '.')}"
        subscribed = await asyncio.gather(
            *(outcome(peer.do("subscribe", tag=topic, topic=topic)) for peer in everyone)
        )
        publications = []
        unsent = await outcome(publish_all(publisher, topic, publications))
        cells = {}
        for peer, refused in zip(everyone, subscribed):
            if peer is publisher and "own events" in peer.lacks:
                cells[peer.name] = IMPOSSIBLE
            elif wrong := refused or unsent:
                cells[peer.name] = wrong
            else:
                cells[peer.name] = await outcome(received(publisher, peer, topic, publications))
        table.add(publisher.name, cells)


async def publish_all(publisher, topic, publications):
    for args, kwargs in PAYLOADS.values():
        sent = await publisher.do(
            "publish", topic=topic, args=args, kwargs=kwargs, acknowledge=True, exclude_me=False
        )
        publications.append(sent["publication"])


async def received(publisher, subscriber, topic, publications):
    for (case, (args, kwargs)), publication in zip(PAYLOADS.items(), publications):
        event = await subscriber.event(topic)
        if case in (*publisher.lacks, *subscriber.lacks):
            continue
        expect(f"{case}: args", event["args"], args)
        expect(f"{case}: kwargs", event["kwargs"], kwargs)
        if event["publication"] is not None:
            expect(f"{case}: publication id", event["publication"], publication)


async def call_each(everyone, table):
    """Each peer calls two procedures of each: one returns what it is given, one refuses it."""
    registered = {callee.name: await outcome(register_both(callee)) for callee in everyone}
    for caller in everyone:
        cells = {}
        for callee in everyone:
            cells[callee.name] = registered[callee.name] or await outcome(called(caller, callee))
        table.add(caller.name, cells)


async def register_both(callee):
    for does in ("echo", "refuse"):
        await callee.do("register", procedure=procedure(callee, does), does=does)


def procedure(callee, does):
    return f"interop.{callee.name.replace('/', '.')}.{does}"


async def called(caller, callee):
    async def echoed(case, args, kwargs):
        result = await caller.do(
            "call", procedure=procedure(callee, "echo"), args=args, kwargs=kwargs
        )
        expect(f"{case}: args", result["args"], args)
        expect(f"{case}: kwargs", result["kwargs"], kwargs)

    async def refused(case, args, kwargs):
        try:
            await caller.do(
                "call", procedure=procedure(callee, "refuse"), args=args, kwargs=kwargs
            )
        except WampError as error:
            expect("error URI", error.uri, "com.example.error.refused")
            expect(f"error, {case}: args", error.arguments, args)
            expect(f"error, {case}: kwargs", error.keywords, kwargs)
        else:
            raise AssertionError(f"error, {case}: got a RESULT")

    await asyncio.gather(
        *(
            check(case, *payload)
            for check in (echoed, refused)
            for case, payload in PAYLOADS.items()
            if case not in (*caller.lacks, *callee.lacks)
        )
    )


async def singles(everyone, helper, table):
    """What takes one peer and the router, and now and then a helper to publish to it."""
    for peer in everyone:
        cells = {}
        for name, check in singles.CHECKS.items():
            uri = f"single.{peer.name.replace('/', '.')}"
            lacking = name in peer.lacks
            cells[name] = IMPOSSIBLE if lacking else await outcome(check(peer, helper, uri))
        table.add(peer.name, cells)


async def prefix(peer, helper, uri):
    await peer.do("subscribe", tag="prefix", topic=f"{uri}.pre", match="prefix")
    await publish(helper, f"{uri}.prefix.below")
    expect("EVENT.Details.topic", (await peer.event("prefix"))["topic"], f"{uri}.prefix.below")


async def wildcard(peer, helper, uri):
    await peer.do("subscribe", tag="wildcard", topic=f"{uri}.wild..leaf", match="wildcard")
    await publish(helper, f"{uri}.wild.any.leaf")
    expect("EVENT.Details.topic", (await peer.event("wildcard"))["topic"], f"{uri}.wild.any.leaf")


async def exclusion(peer, helper, uri):
    """A publisher does not get its own event unless it asks to."""
    await peer.do("subscribe", tag="own", topic=f"{uri}.own")
    await publish(peer, f"{uri}.own", args=["not mine"])
    await publish(helper, f"{uri}.own", args=["mine", 1])
    expect("first event", (await peer.event("own"))["args"], ["mine", 1])


async def unsubscribe(peer, helper, uri):
    await peer.do("subscribe", tag="gone", topic=f"{uri}.gone")
    await peer.do("subscribe", tag="stays", topic=f"{uri}.stays")
    await peer.do("unsubscribe", tag="gone")
    await publish(helper, f"{uri}.gone")
    await publish(helper, f"{uri}.stays")
    await peer.event("stays")
    expect("events after UNSUBSCRIBED", peer.events["gone"].qsize(), 0)


async def pattern(peer, helper, uri):
    """A callee registered by prefix learns which procedure was called."""
    await peer.do("register", procedure=f"{uri}.tell", does="tell", match="prefix")
    result = await helper.do("call", procedure=f"{uri}.tell.me", args=[], kwargs={})
    expect("INVOCATION.Details.procedure", result["args"], [f"{uri}.tell.me"])


async def no_procedure(peer, helper, uri):
    call = peer.do("call", procedure=f"{uri}.nothing", args=[], kwargs={})
    await fails_with("wamp.error.no_such_procedure", call)


async def twice(peer, helper, uri):
    """A second callee is refused; the first goes on."""
    await peer.do("register", procedure=f"{uri}.once", does="echo")
    again = helper.do("register", procedure=f"{uri}.once", does="echo")
    await fails_with("wamp.error.procedure_already_exists", again)
    result = await helper.do("call", procedure=f"{uri}.once", args=[1, 2], kwargs={})
    expect("a call after the error", result["args"], [1, 2])


async def unregister(peer, helper, uri):
    await peer.do("register", procedure=f"{uri}.brief", does="echo")
    await peer.do("unregister", procedure=f"{uri}.brief")
    call = helper.do("call", procedure=f"{uri}.brief", args=[], kwargs={})
    await fails_with("wamp.error.no_such_procedure", call)


async def retained_in(peer, helper, uri):
    """What was published before comes with the peer's subscription."""
    await keep(helper, peer, f"{uri}.retained_in")


async def retained_out(peer, helper, uri):
    """What the peer published before comes with another's subscription."""
    await keep(peer, helper, f"{uri}.retained_out")


async def keep(publisher, subscriber, topic):
    fields = {"args": ["kept", 1], "kwargs": {}, "acknowledge": True, "retain": True}
    await publisher.do("publish", topic=topic, **fields)
    await subscriber.do("subscribe", tag=topic, topic=topic, get_retained=True)
    expect("retained event", (await subscriber.event(topic))["args"], ["kept", 1])


async def progress_in(peer, helper, uri):
    """Progressive results reach the peer."""
    await helper.do("register", procedure=f"{uri}.progress_in", does="count")
    await counted(peer, f"{uri}.progress_in")


async def progress_out(peer, helper, uri):
    """The peer sends progressive results; autobahn-js announces that, but no call canceling."""
    await peer.do("register", procedure=f"{uri}.progress_out", does="count")
    await counted(helper, f"{uri}.progress_out")


async def counted(caller, procedure):
    call = {"procedure": procedure, "args": [], "kwargs": {}, "receive_progress": True}
    result = await caller.do("call", **call)
    expect("progress", result["progress"], [[1], [2], [3]])
    expect("result", result["args"], ["done", 3])


async def leave(peer, helper, uri):
    """GOODBYE is answered, and a callee that left is gone."""
    await peer.do("register", procedure=f"{uri}.left", does="echo")
    reply = await peer.do("leave")
    if reply.get("reason") is not None:
        expect("GOODBYE.Reason", reply["reason"], "wamp.close.goodbye_and_out")
    call = helper.do("call", procedure=f"{uri}.left", args=[], kwargs={})
    await fails_with("wamp.error.no_such_procedure", call)


singles.CHECKS = {
    check.__name__: check
    for check in (
        prefix, wildcard, exclusion, unsubscribe, retained_in, retained_out, pattern,
        no_procedure, twice, unregister, progress_in, progress_out, leave,
    )
}


async def publish(peer, topic, args=()):
    await peer.do("publish", topic=topic, args=list(args), kwargs={}, acknowledge=True)


async def fails_with(uri, request):
    try:
        await request
    except WampError as error:
        expect("error URI", error.uri, uri)
    else:
        raise AssertionError(f"wanted {uri}, got an answer")
