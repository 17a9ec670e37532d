"""Calls: the basics, who calls, results and arguments in parts, and how a call ends early."""

import asyncio

from payloads import expect
from wire import CANCEL, ERROR, INVOCATION

from . import check, fails, invoked

RPC = "remote_procedure_calls"


@check(RPC, "caller")
async def call(peer, stage):
    registration = await stage.wire.register(stage.uri)
    call = peer.start_call(stage.uri, 1, "two", three=3)
    request, _, args, kwargs = await invoked(stage.wire, registration, call)
    expect("invocation", [args, kwargs], [[1, "two"], {"three": 3}])
    stage.wire.result(request, "a", "b")
    expect("result", (await call)["args"], ["a", "b"])


@check(RPC, "caller")
async def call_of_nothing(peer, stage):
    await fails("wamp.error.no_such_procedure", peer.call(stage.uri))


@check(RPC, "callee")
async def called(peer, stage):
    await peer.register(stage.uri, "echo")
    results, keywords = await stage.wire.call(stage.uri, 1, "two", three=3)
    expect("result", [results, keywords], [[1, "two"], {"three": 3}])


@check(RPC, "callee")
async def error_is_passed_on(peer, stage):
    await peer.register(stage.uri, "refuse")
    await fails("com.example.error.refused", stage.wire.call(stage.uri, 1))


@check(RPC, "callee")
async def second_callee_is_refused(peer, stage):
    await stage.wire.register(stage.uri)
    await fails("wamp.error.procedure_already_exists", peer.register(stage.uri, "echo"))


@check(RPC, "callee")
async def no_call_after_unregistered(peer, stage):
    await peer.register(stage.uri, "echo")
    await peer.do("unregister", procedure=stage.uri)
    await fails("wamp.error.no_such_procedure", stage.wire.call(stage.uri))


@check("caller_identification", "caller")
async def caller_discloses_itself(peer, stage):
    registration = await stage.wire.register(stage.uri)
    call = peer.start_call(stage.uri, options={"disclose_me": True})
    request, details, _, _ = await invoked(stage.wire, registration, call)
    stage.wire.result(request)
    await call
    expect("INVOCATION.Details.caller", details.get("caller"), peer.session)


@check("caller_identification", "callee")
async def caller_is_told(peer, stage):
    await peer.register(f"{stage.uri}.disclosed", "tell")
    wire = stage.wire
    _, told = await wire.call(f"{stage.uri}.disclosed", options={"disclose_me": True})
    got = [told.get(f"caller{of}") for of in ("", "_authid", "_authrole")]
    expect("caller", got, [wire.session, wire.details["authid"], wire.details["authrole"]])


@check("call_trustlevels", "callee")
async def trust_level_of_a_call(peer, stage):
    await peer.register(f"{stage.uri}.trusted", "tell")
    _, told = await stage.wire.call(f"{stage.uri}.trusted")
    expect("trust level", told.get("trustlevel"), 3)


@check("progressive_call_results", "caller")
async def results_in_parts_are_got(peer, stage):
    registration = await stage.wire.register(stage.uri)
    call = peer.start_call(stage.uri, options={"receive_progress": True})
    request, details, _, _ = await invoked(stage.wire, registration, call)
    expect("INVOCATION.Details.receive_progress", details.get("receive_progress"), True)
    for step in (1, 2, 3):
        stage.wire.result(request, step, progress=True)
    stage.wire.result(request, "done", 3)
    result = await call
    expect("parts and result", [result["progress"], result["args"]], [[[1], [2], [3]], ["done", 3]])


@check("progressive_call_results", "callee")
async def results_in_parts_are_sent(peer, stage):
    await peer.register(stage.uri, "count")
    request, answer = stage.wire.start_call(stage.uri, receive_progress=True)
    _, results = await answer
    parts = [await stage.wire.next(stage.wire.progress[request]) for _ in range(3)]
    expect("parts and result", [parts, results], [[[1], [2], [3]], ["done", 3]])


@check("progressive_call_results", "callee")
async def results_in_parts_only_where_wanted(peer, stage):
    await peer.register(stage.uri, "count")
    request, answer = stage.wire.start_call(stage.uri)
    await answer
    expect("parts", stage.wire.progress[request].qsize(), 0)


@check("progressive_call_invocations", "caller")
async def arguments_in_parts_are_sent(peer, stage):
    registration = await stage.wire.register(stage.uri)
    call = asyncio.ensure_future(peer.do("upload", procedure=stage.uri, parts=[[1], [2], [3]]))
    total, request, more = 0, None, True
    while more:
        request, details, args, _ = await invoked(stage.wire, registration, call)
        total += sum(args)
        more = details.get("progress", False)
    stage.wire.result(request, total)
    expect("result", (await call)["args"], [6])


@check("progressive_call_invocations", "callee")
async def arguments_in_parts_are_taken(peer, stage):
    await peer.register(stage.uri, "sum")
    request, answer = stage.wire.start_call(stage.uri, 1, progress=True)
    stage.wire.send(48, request, {"progress": True}, stage.uri, [2])
    stage.wire.send(48, request, {}, stage.uri, [3])
    expect("result", (await answer)[1], [6])


async def started(peer, stage, mode):
    """The wire's registration has a call of the peer's to answer."""
    registration = await stage.wire.register(stage.uri)
    call = peer.start_call(stage.uri, tag=stage.uri, canceled=mode)
    return call, (await invoked(stage.wire, registration, call))[0]


async def canceled(call):
    await fails("wamp.error.canceled", call)


async def goes_on(peer):
    """The session has survived. (The first answer may be there before it ends.)"""
    await peer.call("wamp.session.count")
    await peer.call("wamp.session.count")


@check("call_canceling", "caller")
async def cancel_skip(peer, stage):
    call, request = await started(peer, stage, "skip")
    await peer.do("cancel", tag=stage.uri, mode="skip")
    await canceled(call)
    await goes_on(peer)
    stage.wire.result(request)
    await stage.wire.call("wamp.session.count")
    expect("INTERRUPTs", stage.wire.interrupts.qsize(), 0)


@check("call_canceling", "caller")
async def cancel_kill(peer, stage):
    call, request = await started(peer, stage, "kill")
    await peer.do("cancel", tag=stage.uri, mode="kill")
    interrupted, options = await stage.wire.next(stage.wire.interrupts)
    expect("INTERRUPT", [interrupted, options.get("mode")], [request, "kill"])
    stage.wire.send(ERROR, INVOCATION, request, {}, "wamp.error.canceled")
    await canceled(call)
    await goes_on(peer)


@check("call_canceling", "caller")
async def cancel_killnowait(peer, stage):
    call, request = await started(peer, stage, "killnowait")
    await peer.do("cancel", tag=stage.uri, mode="killnowait")
    interrupted, options = await stage.wire.next(stage.wire.interrupts)
    expect("INTERRUPT", [interrupted, options.get("mode")], [request, "killnowait"])
    await canceled(call)
    await goes_on(peer)


@check("call_canceling", "caller")
async def cancel_in_the_default_mode(peer, stage):
    call, _ = await started(peer, stage, None)
    await peer.do("cancel", tag=stage.uri, mode=None)
    await canceled(call)
    await goes_on(peer)


async def waiting(peer, stage, **options):
    """The peer has a call of the wire's to answer."""
    await peer.register(stage.uri, "wait")
    request, answer = stage.wire.start_call(stage.uri, **options)
    expect("told", (await peer.event(stage.uri))["args"], ["called"])
    return request, answer


async def interrupted(peer, stage):
    expect("told", (await peer.event(stage.uri))["args"], ["interrupted"])
    await goes_on(peer)


@check("call_canceling", "callee")
async def interrupted_by_kill(peer, stage):
    request, answer = await waiting(peer, stage)
    stage.wire.send(CANCEL, request, {"mode": "kill"})
    await interrupted(peer, stage)
    await canceled(answer)


@check("call_canceling", "callee")
async def interrupted_by_killnowait(peer, stage):
    request, answer = await waiting(peer, stage)
    stage.wire.send(CANCEL, request, {"mode": "killnowait"})
    await canceled(answer)
    await interrupted(peer, stage)


@check("call_canceling", "callee")
async def interrupted_when_the_caller_leaves(peer, stage):
    caller = await stage.join()
    await peer.register(stage.uri, "wait")
    caller.start_call(stage.uri)
    expect("told", (await peer.event(stage.uri))["args"], ["called"])
    await caller.close()
    await interrupted(peer, stage)


@check("call_canceling", "callee")
async def not_interrupted_by_skip(peer, stage):
    request, answer = await waiting(peer, stage)
    stage.wire.send(CANCEL, request, {"mode": "skip"})
    await canceled(answer)
    await peer.do("release", procedure=stage.uri)
    await goes_on(peer)
    expect("told", peer.events[stage.uri].qsize(), 0)


@check("call_timeout", "caller")
async def call_times_out(peer, stage):
    registration = await stage.wire.register(stage.uri)
    call = peer.start_call(stage.uri, options={"timeout": 300})
    request, _, _, _ = await invoked(stage.wire, registration, call)
    interrupted, _ = await stage.wire.next(stage.wire.interrupts)
    expect("INTERRUPT", interrupted, request)
    await fails("wamp.error.timeout", call)


@check("call_timeout", "callee")
async def interrupted_by_a_timeout(peer, stage):
    _, answer = await waiting(peer, stage, timeout=300)
    await interrupted(peer, stage)
    await fails("wamp.error.timeout", answer)


@check("call_timeout", "callee")
async def timeout_is_forwarded(peer, stage):
    await peer.register(stage.uri, "tell", forward_timeout=True)
    _, told = await stage.wire.call(stage.uri, options={"timeout": 5000})
    expect("INVOCATION.Details.timeout", told.get("timeout"), 5000)
