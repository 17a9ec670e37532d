"""Registrations by pattern, shared, limited, taken over and taken back."""

import asyncio

from payloads import expect

from . import check, fails


@check("pattern_based_registration", "callee")
async def registered_by_prefix(peer, stage):
    await peer.register(f"{stage.uri}.tell", "tell", match="prefix")
    results, _ = await stage.wire.call(f"{stage.uri}.tell.me")
    expect("INVOCATION.Details.procedure", results, [f"{stage.uri}.tell.me"])


@check("pattern_based_registration", "callee")
async def registered_by_wildcard(peer, stage):
    await peer.register(f"{stage.uri}..leaf", "tell", match="wildcard")
    results, _ = await stage.wire.call(f"{stage.uri}.any.leaf")
    expect("INVOCATION.Details.procedure", results, [f"{stage.uri}.any.leaf"])


@check("pattern_based_registration", "callee")
async def longest_prefix_is_called(peer, stage):
    await stage.wire.register(stage.uri, match="prefix")
    await stage.wire.register(f"{stage.uri}..leaf", match="wildcard")
    await peer.register(f"{stage.uri}.any", "tell", match="prefix")
    results, _ = await stage.wire.call(f"{stage.uri}.any.leaf")
    expect("called", results, [f"{stage.uri}.any.leaf"])


async def share(peer, stage, invoke, *, first, calls):
    """The peer and a wire share a procedure: which of them is called, each time?"""
    if first:
        await peer.register(stage.uri, "tell", invoke=invoke)
    registration = await stage.wire.register(stage.uri, invoke=invoke)
    if not first:
        await peer.register(stage.uri, "tell", invoke=invoke)
    caller = await stage.join()
    called = []
    for _ in range(calls):
        _, answer = caller.start_call(stage.uri)
        invoked = stage.wire.next(stage.wire.invocations[registration])
        called.append(await which(answer, invoked, stage.wire))
    return called


async def which(answer, invoked, wire):
    """"peer", unless the wire is invoked; then it answers."""
    invoked = asyncio.ensure_future(invoked)
    await asyncio.wait([answer, invoked], return_when=asyncio.FIRST_COMPLETED)
    if answer.done():
        invoked.cancel()
        answer.result()
        return "peer"
    request, *_ = await invoked
    wire.result(request)
    await answer
    return "wire"


@check("shared_registration", "callee")
async def shared_first(peer, stage):
    expect("called", await share(peer, stage, "first", first=True, calls=3), ["peer"] * 3)


@check("shared_registration", "callee")
async def shared_last(peer, stage):
    expect("called", await share(peer, stage, "last", first=False, calls=3), ["peer"] * 3)


@check("shared_registration", "callee")
async def shared_roundrobin(peer, stage):
    called = await share(peer, stage, "roundrobin", first=True, calls=6)
    expect("called", called, ["peer", "wire"] * 3 if called[0] == "peer" else ["wire", "peer"] * 3)


@check("shared_registration", "callee")
async def shared_random(peer, stage):
    called = await share(peer, stage, "random", first=True, calls=40)
    expect("called", sorted(set(called)), ["peer", "wire"])


@check("shared_registration", "callee")
async def other_policy_is_refused(peer, stage):
    await stage.wire.register(stage.uri, invoke="roundrobin")
    refused = peer.register(stage.uri, "echo", invoke="random")
    await fails("wamp.error.procedure_already_exists", refused)


@check("concurrency", "callee")
async def no_more_calls_than_wanted(peer, stage):
    await peer.register(stage.uri, "wait", concurrency=1)
    _, first = stage.wire.start_call(stage.uri)
    await peer.event(stage.uri)
    _, second = stage.wire.start_call(stage.uri)
    await fails("wamp.error.no_available_callee", second)
    await peer.do("release", procedure=stage.uri)
    expect("result", (await first)[1], ["released"])


@check("force_reregister", "callee")
async def procedure_is_taken_over(peer, stage):
    await stage.wire.register(stage.uri, force_reregister=True)
    await peer.register(stage.uri, "tell", force_reregister=True)
    await stage.wire.next(stage.wire.revoked)
    caller = await stage.join()
    expect("called", (await caller.call(stage.uri))[0], [stage.uri])


@check("force_reregister", "callee")
async def procedure_is_taken_away(peer, stage):
    await peer.register(stage.uri, "tell", force_reregister=True)
    registration = await stage.wire.register(stage.uri, force_reregister=True)
    caller = await stage.join()
    _, answer = caller.start_call(stage.uri)
    request, *_ = await stage.wire.invocation(registration)
    stage.wire.result(request, "wire")
    expect("called", (await answer)[1], ["wire"])
    await peer.call("wamp.session.count")


@check("registration_revocation", "callee")
async def registration_is_taken_back(peer, stage):
    await peer.register(stage.uri, "tell")
    operator = await stage.join_as_operator()
    [registration], _ = await operator.call("wamp.registration.lookup", stage.uri)
    await operator.call("wamp.registration.remove_callee", registration, peer.session)
    await fails("wamp.error.no_such_procedure", operator.call(stage.uri))
    await peer.event(f"revoked {stage.uri}")
    await peer.call("wamp.session.count")
