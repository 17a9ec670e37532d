"""Payloads in an encoding of the application's own, which the router only passes on."""

import base64

import cbor2
from payloads import expect
from wire import CALL, payload

from . import check, invoked

SCHEME = {"ppt_scheme": "x_interop", "ppt_serializer": "cbor"}
CONTENT = {"args": ["sealed", 1], "kwargs": {"key": "value"}}


def sealed():
    return "\0" + base64.b64encode(cbor2.dumps(CONTENT)).decode()


def opened(details, args):
    """What is in a message of the peer's."""
    expect("scheme", {key: details.get(key) for key in SCHEME}, SCHEME)
    expect("arguments", len(args), 1)
    content = cbor2.loads(base64.b64decode(args[0].removeprefix("\0")))
    return [content.get("args"), content.get("kwargs")]


@check("payload_passthru_mode", "publisher")
async def sealed_event_is_published(peer, stage):
    subscription = await stage.wire.subscribe(stage.uri)
    await peer.publish(stage.uri, "sealed", 1, key="value", options={"acknowledge": True, **SCHEME})
    details, args, _ = await stage.wire.event(subscription)
    expect("event", opened(details, args), [CONTENT["args"], CONTENT["kwargs"]])


@check("payload_passthru_mode", "subscriber")
async def sealed_event_is_opened(peer, stage):
    await peer.subscribe("sealed", stage.uri)
    await stage.wire.publish(stage.uri, sealed(), options=SCHEME)
    event = await peer.event("sealed")
    expect("event", [event["args"], event["kwargs"]], [CONTENT["args"], CONTENT["kwargs"]])


@check("payload_passthru_mode", "caller")
async def sealed_call_is_made(peer, stage):
    registration = await stage.wire.register(stage.uri)
    call = peer.start_call(stage.uri, "sealed", 1, key="value", options=SCHEME)
    request, details, args, _ = await invoked(stage.wire, registration, call)
    expect("invocation", opened(details, args), [CONTENT["args"], CONTENT["kwargs"]])
    stage.wire.result(request, sealed(), **SCHEME)
    result = await call
    expect("result", [result["args"], result["kwargs"]], [CONTENT["args"], CONTENT["kwargs"]])


@check("payload_passthru_mode", "callee")
async def sealed_call_is_opened(peer, stage):
    await peer.register(stage.uri, "echo")
    details, results, keywords = payload(await stage.wire.ask(CALL, SCHEME, stage.uri, [sealed()]), 1)
    # The callee is free to answer in the open.
    got = opened(details, results) if "ppt_scheme" in details else [results, keywords]
    expect("result", got, [CONTENT["args"], CONTENT["kwargs"]])
