"""Arguments of every kind, on their way from a serializer into another."""

from payloads import PAYLOADS, expect, from_json, to_json

from . import check


def add(case, args, kwargs):
    """The checks of one case, which are named after it."""

    @check("values", "publisher", name=f"publish {case}")
    async def publish(peer, stage):
        subscription = await stage.wire.subscribe(stage.uri)
        await peer.publish(stage.uri, *args, **kwargs)
        _, *got = await stage.wire.event(subscription)
        expect("event", from_json(got), [args, kwargs])

    @check("values", "subscriber", name=f"subscribe {case}")
    async def subscribe(peer, stage):
        await peer.subscribe(stage.uri, stage.uri)
        await stage.wire.publish(stage.uri, *to_json(args), **to_json(kwargs))
        event = await peer.event(stage.uri)
        expect("event", [event["args"], event["kwargs"]], [args, kwargs])

    @check("values", "callee", name=f"echo {case}")
    async def echo(peer, stage):
        await peer.register(stage.uri, "echo")
        got = await stage.wire.call(stage.uri, *to_json(args), **to_json(kwargs))
        expect("result", from_json(list(got)), [args, kwargs])


for case, payload in PAYLOADS.items():
    add(case, *payload)
