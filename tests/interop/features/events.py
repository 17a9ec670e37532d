"""Publish and subscribe."""

from payloads import expect
from wire import PUBLISH

from . import check, fails, heard

PUBSUB = "publish_subscribe"


@check(PUBSUB, "publisher")
async def publish_unacknowledged(peer, stage):
    subscription = await stage.wire.subscribe(stage.uri)
    await peer.publish(stage.uri, 1, key="value", options={})
    _, args, kwargs = await stage.wire.event(subscription)
    expect("event", [args, kwargs], [[1], {"key": "value"}])


@check(PUBSUB, "publisher")
async def publish_acknowledged(peer, stage):
    subscription = await stage.wire.subscribe(stage.uri)
    sent = await peer.publish(stage.uri, 1)
    details, _, _ = await stage.wire.event(subscription)
    expect("publication id", sent.get("publication"), details["publication"])


@check(PUBSUB, "publisher")
async def reserved_topic_is_refused(peer, stage):
    await fails("wamp.error.invalid_uri", peer.publish("wamp.interop.topic"))


@check(PUBSUB, "subscriber")
async def events_come_in_order(peer, stage):
    await peer.subscribe("ordered", stage.uri)
    for number in range(100):
        stage.wire.request(PUBLISH, {}, stage.uri, [number])
    got = [(await peer.event("ordered"))["args"][0] for _ in range(100)]
    expect("events", got, list(range(100)))


@check(PUBSUB, "subscriber")
async def no_event_after_unsubscribed(peer, stage):
    await peer.subscribe("gone", f"{stage.uri}.gone")
    await peer.subscribe("stays", f"{stage.uri}.stays")
    await peer.do("unsubscribe", tag="gone")
    await stage.wire.publish(f"{stage.uri}.gone")
    await stage.wire.publish(f"{stage.uri}.stays")
    await peer.event("stays")
    expect("events after UNSUBSCRIBED", peer.events["gone"].qsize(), 0)


@check(PUBSUB, "subscriber")
async def unsubscribe_a_pattern(peer, stage):
    await peer.subscribe("pattern", f"{stage.uri}.pre", match="prefix")
    await peer.do("unsubscribe", tag="pattern")


@check("publisher_exclusion", "publisher")
async def own_event_is_kept_from_the_publisher(peer, stage):
    await peer.subscribe("own", stage.uri)
    await peer.publish(stage.uri, "mine")
    await stage.wire.publish(stage.uri, "another's")
    expect("first event", (await peer.event("own"))["args"], ["another's"])


@check("publisher_exclusion", "publisher")
async def own_event_is_wanted(peer, stage):
    await peer.subscribe("wanted", stage.uri)
    await peer.publish(stage.uri, "mine", options={"acknowledge": True, "exclude_me": False})
    await stage.wire.publish(stage.uri, "another's")
    expect("first event", (await peer.event("wanted"))["args"], ["mine"])


async def listing(peer, stage, attribute, of):
    """Two sessions listen; the peer keeps one out, then lets only that one in."""
    operator = await stage.join_as_operator()
    listeners = [(wire, await wire.subscribe(stage.uri)) for wire in (stage.wire, operator)]
    options = {"acknowledge": True}
    await peer.publish(stage.uri, "black", options={**options, f"exclude{attribute}": [of(operator)]})
    await peer.publish(stage.uri, "white", options={**options, f"eligible{attribute}": [of(operator)]})
    await peer.publish(stage.uri, "end", options=options)
    expect("heard", [await heard(*listener) for listener in listeners], [["black"], ["white"]])


@check("subscriber_blackwhite_listing", "publisher")
async def listed_by_session(peer, stage):
    await listing(peer, stage, "", lambda wire: wire.session)


@check("subscriber_blackwhite_listing", "publisher")
async def listed_by_authid(peer, stage):
    await listing(peer, stage, "_authid", lambda wire: wire.details["authid"])


@check("subscriber_blackwhite_listing", "publisher")
async def listed_by_authrole(peer, stage):
    await listing(peer, stage, "_authrole", lambda wire: wire.details["authrole"])


@check("publisher_identification", "publisher")
async def publisher_discloses_itself(peer, stage):
    subscription = await stage.wire.subscribe(stage.uri)
    await peer.publish(stage.uri, options={"acknowledge": True, "disclose_me": True})
    details, _, _ = await stage.wire.event(subscription)
    expect("EVENT.Details.publisher", details.get("publisher"), peer.session)


@check("publisher_identification", "subscriber")
async def publisher_is_told(peer, stage):
    await peer.subscribe("disclosed", f"{stage.uri}.disclosed")
    await stage.wire.publish(f"{stage.uri}.disclosed", options={"disclose_me": True})
    details = (await peer.event("disclosed"))["details"]
    got = [details.get(f"publisher{of}") for of in ("", "_authid", "_authrole")]
    wire = stage.wire
    expect("publisher", got, [wire.session, wire.details["authid"], wire.details["authrole"]])


@check("publication_trustlevels", "subscriber")
async def trust_level_of_an_event(peer, stage):
    await peer.subscribe("trusted", f"{stage.uri}.trusted")
    await stage.wire.publish(f"{stage.uri}.trusted")
    expect("trust level", (await peer.event("trusted"))["details"].get("trustlevel"), 3)


@check("pattern_based_subscription", "subscriber")
async def subscribed_by_prefix(peer, stage):
    await peer.subscribe("prefix", f"{stage.uri}.pre", match="prefix")
    await stage.wire.publish(f"{stage.uri}.prefix.below")
    topic = (await peer.event("prefix"))["details"].get("topic")
    expect("EVENT.Details.topic", topic, f"{stage.uri}.prefix.below")


@check("pattern_based_subscription", "subscriber")
async def subscribed_by_wildcard(peer, stage):
    await peer.subscribe("wildcard", f"{stage.uri}..leaf", match="wildcard")
    await stage.wire.publish(f"{stage.uri}.any.leaf")
    topic = (await peer.event("wildcard"))["details"].get("topic")
    expect("EVENT.Details.topic", topic, f"{stage.uri}.any.leaf")


@check("event_retention", "publisher")
async def event_is_retained(peer, stage):
    await peer.publish(stage.uri, "kept", options={"acknowledge": True, "retain": True})
    subscription = await stage.wire.subscribe(stage.uri, get_retained=True)
    details, args, _ = await stage.wire.event(subscription)
    expect("event", [args, details.get("retained")], [["kept"], True])


@check("event_retention", "subscriber")
async def retained_event_is_got(peer, stage):
    await stage.wire.publish(stage.uri, "kept", options={"retain": True})
    await peer.subscribe("retained", stage.uri, get_retained=True)
    event = await peer.event("retained")
    expect("event", [event["args"], event["details"].get("retained")], [["kept"], True])


@check("subscription_revocation", "subscriber")
async def subscription_is_taken_back(peer, stage):
    await peer.subscribe("taken", stage.uri)
    operator = await stage.join_as_operator()
    [subscription], _ = await operator.call("wamp.subscription.lookup", stage.uri)
    await operator.call("wamp.subscription.remove_subscriber", subscription, peer.session)
    await peer.event("revoked taken")
    await peer.call("wamp.session.count")
