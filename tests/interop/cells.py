"""The cells of the tables: what each pair of peers does, and what must come of it."""

import asyncio

from deviations import strays_in
from exercise import outcome
from payloads import PAYLOADS, expect
from peer import WampError

IMPOSSIBLE = "the library has no way to do this"


async def publish_to_all(everyone, table):
    """Each peer publishes every payload once; all of them, the publisher too, must get it."""
    for publisher in everyone:
        topic = f"interop.publish.{publisher.name.replace('/', '.')}"
        subscribed = await asyncio.gather(
            *(outcome(peer.subscribe(topic, topic)) for peer in everyone)
        )
        publications = {}
        unsent = await outcome(publish_all(publisher, topic, publications))
        cells = {}
        for peer, refused in zip(everyone, subscribed):
            if peer is publisher and strays_in(peer, "own_event_is_wanted"):
                cells[peer.name] = IMPOSSIBLE
            elif wrong := refused or unsent:
                cells[peer.name] = wrong
            else:
                cells[peer.name] = await outcome(received(peer, topic, publications))
        table.add(publisher.name, cells)


async def publish_all(publisher, topic, publications):
    for case, (args, kwargs) in PAYLOADS.items():
        if not strays_in(publisher, f"publish {case}"):
            options = {"acknowledge": True, "exclude_me": False}
            sent = await publisher.publish(topic, *args, options=options, **kwargs)
            publications[case] = sent["publication"]


async def received(subscriber, topic, publications):
    for case, publication in publications.items():
        event = await subscriber.event(topic)
        if strays_in(subscriber, f"subscribe {case}"):
            continue
        args, kwargs = PAYLOADS[case]
        expect(f"{case}: args", event["args"], args)
        expect(f"{case}: kwargs", event["kwargs"], kwargs)
        if (told := event["details"].get("publication")) is not None:
            expect(f"{case}: publication id", told, publication)


async def call_each(everyone, table):
    """Each peer calls procedures of each: they return what they are given, refuse it, answer in parts."""
    registered = {callee.name: await outcome(register_all(callee)) for callee in everyone}
    for caller in everyone:
        cells = {}
        for callee in everyone:
            cells[callee.name] = registered[callee.name] or await outcome(called(caller, callee))
        table.add(caller.name, cells)


async def register_all(callee):
    for does in ("echo", "refuse", "count"):
        if not (does == "count" and strays_in(callee, "results_in_parts_are_sent")):
            await callee.register(procedure(callee, does), does)


def procedure(callee, does):
    return f"interop.{callee.name.replace('/', '.')}.{does}"


async def called(caller, callee):
    async def echoed(case, args, kwargs):
        result = await caller.call(procedure(callee, "echo"), *args, **kwargs)
        expect(f"{case}: args", result["args"], args)
        expect(f"{case}: kwargs", result["kwargs"], kwargs)

    async def refused(case, args, kwargs):
        try:
            await caller.call(procedure(callee, "refuse"), *args, **kwargs)
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
            if not strays_in(caller, f"publish {case}", f"subscribe {case}")
            and not strays_in(callee, f"echo {case}")
        )
    )
    if not strays_in(callee, "results_in_parts_are_sent") and not strays_in(caller, "results_in_parts_are_got"):
        counted = await caller.call(procedure(callee, "count"), options={"receive_progress": True})
        expect("parts and result", [counted["progress"], counted["args"]], [[[1], [2], [3]], ["done", 3]])
