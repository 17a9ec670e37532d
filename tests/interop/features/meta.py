"""The meta procedures a peer calls and the meta events it gets; event history; testaments."""

from payloads import expect

from . import check, fails

# An id that nothing has.
NOBODY = 2**53


async def one(peer, procedure, *args, **kwargs):
    """The one result of a meta procedure."""
    results = (await peer.call(procedure, *args, **kwargs))["args"]
    return results[0] if results else None


@check("session_meta_api", "caller")
async def sessions_are_listed(peer, stage):
    sessions = await one(peer, "wamp.session.list")
    expect("both in the list", {peer.session, stage.wire.session} <= set(sessions), True)
    count = await one(peer, "wamp.session.count", ["operator"])
    operator = await stage.join_as_operator()
    operators = await one(peer, "wamp.session.list", ["operator"])
    expect("operator in the list", operator.session in operators, True)
    expect("count is a number", isinstance(count, int), True)


@check("session_meta_api", "caller")
async def session_is_described(peer, stage):
    wire = stage.wire
    details = await one(peer, "wamp.session.get", wire.session)
    got = [details.get(of) for of in ("session", "authid", "authrole")]
    expect("session", got, [wire.session, wire.details["authid"], wire.details["authrole"]])
    await fails("wamp.error.no_such_session", peer.call("wamp.session.get", NOBODY))


@check("session_meta_api", "caller")
async def session_is_killed(peer, stage):
    victim = await stage.join()
    await peer.call("wamp.session.kill", victim.session, reason="com.example.reason", message="enough")
    _, reason = await victim.next(victim.goodbyes)
    expect("GOODBYE.Reason", reason, "com.example.reason")
    await fails("wamp.error.no_such_session", peer.call("wamp.session.kill", victim.session))


@check("session_meta_api", "caller")
async def sessions_are_killed_by_authid(peer, stage):
    victim = await stage.join()
    killed = await one(peer, "wamp.session.kill_by_authid", victim.details["authid"])
    expect("killed", killed, [victim.session])


@check("session_meta_api", "subscriber")
async def session_joins_and_leaves(peer, stage):
    for event in ("on_join", "on_leave"):
        await peer.subscribe(event, f"wamp.session.{event}")
    wire = await stage.join()
    joined = await found(peer, "on_join", lambda args: args[0]["session"] == wire.session)
    expect("authid", joined[0]["authid"], wire.details["authid"])
    await wire.close()
    left = await found(peer, "on_leave", lambda args: args[0] == wire.session)
    expect("session, authid and authrole", left, [wire.session, wire.details["authid"], wire.details["authrole"]])
    for event in ("on_join", "on_leave"):
        await peer.do("unsubscribe", tag=event)


async def found(peer, tag, wanted):
    """The arguments of the event that is wanted: other peers' sessions make events too."""
    while not wanted(args := (await peer.event(tag))["args"]):
        pass
    return args


@check("session_meta_api", "subscriber")
async def killed(peer, stage):
    wire, operator = stage.wire, await stage.join_as_operator()
    leaving = await wire.subscribe("wamp.session.on_leave")
    await operator.call("wamp.session.kill", peer.session, reason="com.example.reason")
    while (await wire.event(leaving))[1][0] != peer.session:
        pass
    await peer.event("left")


@check("registration_meta_api", "caller")
async def registrations_are_looked_up(peer, stage):
    wire = stage.wire
    id = await wire.register(stage.uri, match="prefix", invoke="roundrobin")
    expect("lookup", await one(peer, "wamp.registration.lookup", stage.uri, {"match": "prefix"}), id)
    expect("lookup of nothing", await one(peer, "wamp.registration.lookup", stage.uri), None)
    expect("match", await one(peer, "wamp.registration.match", f"{stage.uri}.below"), id)
    expect("list", id in (await one(peer, "wamp.registration.list"))["prefix"], True)
    details = await one(peer, "wamp.registration.get", id)
    got = [details[of] for of in ("id", "uri", "match", "invoke")]
    expect("get", got, [id, stage.uri, "prefix", "roundrobin"])
    expect("callees", await one(peer, "wamp.registration.list_callees", id), [wire.session])
    expect("count of callees", await one(peer, "wamp.registration.count_callees", id), 1)
    await fails("wamp.error.no_such_registration", peer.call("wamp.registration.get", NOBODY))


@check("registration_meta_api", "subscriber")
async def registration_comes_and_goes(peer, stage):
    events = ("on_create", "on_register", "on_unregister", "on_delete")
    for event in events:
        await peer.subscribe(event, f"wamp.registration.{event}")
    id = await stage.wire.register(stage.uri)
    created = await found(peer, "on_create", lambda args: args[1]["id"] == id)
    expect("on_create", [created[0], created[1]["uri"]], [stage.wire.session, stage.uri])
    about_it = [stage.wire.session, id]
    await found(peer, "on_register", lambda args: args == about_it)
    await stage.wire.ask(66, id)
    for event in events[2:]:
        await found(peer, event, lambda args: args == about_it)
    for event in events:
        await peer.do("unsubscribe", tag=event)


@check("subscription_meta_api", "caller")
async def subscriptions_are_looked_up(peer, stage):
    wire = stage.wire
    id = await wire.subscribe(stage.uri, match="prefix")
    expect("lookup", await one(peer, "wamp.subscription.lookup", stage.uri, {"match": "prefix"}), id)
    expect("lookup of nothing", await one(peer, "wamp.subscription.lookup", stage.uri), None)
    expect("match", id in await one(peer, "wamp.subscription.match", f"{stage.uri}.below"), True)
    expect("list", id in (await one(peer, "wamp.subscription.list"))["prefix"], True)
    details = await one(peer, "wamp.subscription.get", id)
    got = [details[of] for of in ("id", "uri", "match")]
    expect("get", got, [id, stage.uri, "prefix"])
    expect("subscribers", await one(peer, "wamp.subscription.list_subscribers", id), [wire.session])
    expect("count of subscribers", await one(peer, "wamp.subscription.count_subscribers", id), 1)
    await fails("wamp.error.no_such_subscription", peer.call("wamp.subscription.get", NOBODY))


@check("subscription_meta_api", "subscriber")
async def subscription_comes_and_goes(peer, stage):
    events = ("on_create", "on_subscribe", "on_unsubscribe", "on_delete")
    for event in events:
        await peer.subscribe(event, f"wamp.subscription.{event}")
    id = await stage.wire.subscribe(stage.uri)
    created = await found(peer, "on_create", lambda args: args[1]["id"] == id)
    expect("on_create", [created[0], created[1]["uri"]], [stage.wire.session, stage.uri])
    about_it = [stage.wire.session, id]
    await found(peer, "on_subscribe", lambda args: args == about_it)
    await stage.wire.ask(34, id)
    for event in events[2:]:
        await found(peer, event, lambda args: args == about_it)
    for event in events:
        await peer.do("unsubscribe", tag=event)


@check("event_history", "caller")
async def past_events_are_asked_for(peer, stage):
    topic = f"{stage.uri}.history"
    publications = [await stage.wire.publish(topic, number) for number in (1, 2, 3)]
    subscription = await stage.wire.subscribe("interop..history", match="wildcard")
    asked = {"topic": topic, "limit": 2, "reverse": True}
    events = await one(peer, "wamp.subscription.get_events", subscription, **asked)
    got = [[event["publication"], event["args"]] for event in events]
    expect("events", got, [[publications[2], [3]], [publications[1], [2]]])


@check("testament_meta_api", "caller")
async def testament_is_published(peer, stage):
    subscription = await stage.wire.subscribe(stage.uri)
    await peer.call("wamp.session.add_testament", stage.uri, ["flushed"], {})
    await peer.call("wamp.session.flush_testaments")
    await peer.call("wamp.session.add_testament", stage.uri, ["last will"], {"key": "value"})
    await peer.do("leave")
    _, args, kwargs = await stage.wire.event(subscription)
    expect("event", [args, kwargs], [["last will"], {"key": "value"}])
