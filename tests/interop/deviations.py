"""Where peers stray from the specification, or lack something: each is expected, and must be seen.

A check that a table here names has to fail, and in the way the table says. If it passes, the run fails: then the
peer has been mended, and the line goes.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Deviation:
    reason: str
    # Parts of what a failed check may say, one of which this one does.
    shows: tuple
    # The library has no way to do this; otherwise it does it, and differently.
    lacking: bool

    @property
    def unsettling(self):
        """Whether the peer's session may be ending by then."""
        return not set(GONE).isdisjoint(self.shows)


# What checks say of what never comes, and of a session that has ended instead.
NEVER = ("waited in vain",)
GONE = ("waited in vain", "Broken", "closed the test's own session")


def lacks(reason, *shows):
    """The library has no way to say or to do it; its peer says so, if nothing else shows it."""
    return Deviation(reason, shows or ("Lacks",), True)


def strays(reason, *shows):
    return Deviation(reason, shows, False)


def deviation(router, peer, check):
    """What is expected to go wrong, if anything."""
    for who in (router.name, peer.name, peer.library):
        if (expected := DEVIATIONS.get(who, {}).get(check.name)):
            return expected
    return None


def strays_in(peer, *checks):
    """Whether a peer fails one of these checks with any router."""
    return any(check in DEVIATIONS.get(who, {}) for who in (peer.name, peer.library) for check in checks)


def table(*rows):
    """Deviations by check, from rows of the checks, each with what is expected of them."""
    return {check: expected for *checks, expected in rows for check in checks}


TRUST = ("trust_level_of_an_event", "trust_level_of_a_call")
INTERRUPTS = (
    "interrupted_by_kill", "interrupted_by_killnowait", "interrupted_when_the_caller_leaves",
    "interrupted_by_a_timeout",
)
PARTS = ("arguments_in_parts_are_sent", "arguments_in_parts_are_taken")
SEALED = ("sealed_event_is_published", "sealed_event_is_opened", "sealed_call_is_made", "sealed_call_is_opened")
# What shows that a peer does not know the payload for what it is, or has not announced that it would.
UNSEALED = ("Lacks", "AssertionError: event", "wamp.error.feature_not_supported")

AUTOBAHN_JS = table(
    (*TRUST, lacks("does not tell trust levels", "got None, wanted 3")),
    (*SEALED, lacks("has no payload passthru mode", *UNSEALED)),
    (*PARTS, lacks("a call has its arguments at once")),
    ("cancel_skip", "cancel_killnowait", "cancel_in_the_default_mode",
     strays("takes the ERROR that answers a canceled call for a protocol violation, and closes the connection", *GONE)),
    (*INTERRUPTS, lacks("its callees can't be interrupted", *NEVER)),
    ("timeout_is_forwarded", lacks("does not tell the timeout of a call", "got None, wanted 5000")),
)
# As doubles; or, given a BigInt, its serializer throws.
ROUNDED = (
    "publish 64-bit integers", "subscribe 64-bit integers", "echo 64-bit integers",
    strays("has no integers beyond 2^53", "got", "Broken"),
)

# What Crossbar does otherwise when wamp-client's peer works with it.
CROSSBAR = table(
    ("publisher_discloses_itself", "caller_discloses_itself",
     strays("ignores `disclose_me`: its configuration says who is disclosed", "got None")),
    (*TRUST, lacks("does not tell trust levels", "got None, wanted 3")),
    (*SEALED, lacks("has no payload passthru mode", "the router does not announce", "AssertionError")),
    ("arguments_in_parts_are_sent", "arguments_in_parts_are_taken",
     lacks("has no progressive call invocations", "the router does not announce", "wanted [6]")),
    ("not_interrupted_by_skip", strays("does not answer a call that is canceled with `skip`", *NEVER)),
    ("other_policy_is_refused",
     strays("answers a registration with another policy with an error URI of its own",
            "procedure_exists_with_different_invocation_policy")),
    ("no_more_calls_than_wanted", strays("queues calls beyond `concurrency`, without a limit", *NEVER)),
    ("registration_is_taken_back", strays("`wamp.registration.remove_callee` fails", "wamp.error.runtime_error")),
    ("session_is_described", "session_is_killed",
     strays("answers for a session that does not exist with wamp.error.runtime_error", "wamp.error.runtime_error")),
    ("session_joins_and_leaves", strays("`wamp.session.on_leave` tells the session's id only", "AssertionError")),
    ("past_events_are_asked_for", strays("`get_events` knows no filter but `limit`", "unexpected keyword argument")),
)
NO_BYTES = strays("has no bytes: texts in JSON, and it leaves when it is sent some in MessagePack",
                  "Lacks", "AssertionError", "wamp.error.canceled", *GONE)

DEVIATIONS = {
    "crossbar": CROSSBAR,
    "py": table(
        ("publisher_discloses_itself", "caller_discloses_itself",
         lacks("has no `disclose_me`: Crossbar's configuration says who is disclosed")),
        (*TRUST, lacks("does not tell trust levels", "got None, wanted 3")),
        (*SEALED, lacks("its payload passthru mode is an older draft's (`enc_algo`)", *UNSEALED)),
        (*PARTS, lacks("a call has its arguments at once")),
        ("cancel_skip", "cancel_kill", "cancel_killnowait", lacks("cancels in the router's default mode only")),
        ("interrupted_by_kill",
         strays("answers an interrupted call with wamp.error.runtime_error", "wamp.error.runtime_error")),
        ("timeout_is_forwarded", lacks("has no `forward_timeout`")),
        ("subscription_is_taken_back",
         strays("announces subscription_revocation, but takes it for a protocol error and leaves", *GONE)),
        ("registration_is_taken_back",
         lacks("does not tell its user that the router took a registration back", *NEVER)),
    ),
    "js": AUTOBAHN_JS,
    "js22": AUTOBAHN_JS,
    "wampy": table(
        ("unsubscribe_a_pattern",
         strays("throws on UNSUBSCRIBED of a subscription that was made with options", *GONE)),
        ("own_event_is_wanted", strays("sends `exclude_me` only when it is true", "wanted ['mine']")),
        ("event_is_retained", strays("takes the option `retain` and does not send it", *NEVER)),
        ("subscription_is_taken_back", "registration_is_taken_back", lacks("does not announce revocation", *NEVER)),
        ("results_in_parts_are_sent",
         strays("does not announce that its callees send progressive results", *NEVER)),
        ("arguments_in_parts_are_sent",
         strays("sends progressive calls without having announced them, a protocol violation", "WebsocketError")),
        ("arguments_in_parts_are_taken", lacks("its callees don't take arguments in parts")),
        (*INTERRUPTS, lacks("its callees can't be interrupted", *NEVER)),
        ("timeout_is_forwarded", lacks("has no `forward_timeout`")),
        ("no_more_calls_than_wanted", lacks("has no `concurrency`")),
        ("procedure_is_taken_over", "procedure_is_taken_away", lacks("has no `force_reregister`")),
    ),
    "battler": table(
        ("publish_acknowledged", lacks("does not tell a publication's id", "got None")),
        ("event_is_retained", "retained_event_is_got", lacks("has no retained events")),
        ("subscription_is_taken_back", "registration_is_taken_back", lacks("does not announce revocation", *NEVER)),
        (*SEALED, lacks("has no payload passthru mode", *UNSEALED, *NEVER)),
        ("caller_is_told", lacks("does not tell the session of the caller", "got [None")),
        ("trust_level_of_a_call", lacks("does not tell trust levels of calls", "got None, wanted 3")),
        (*PARTS, lacks("a call has its arguments at once")),
        ("cancel_skip", lacks("does not cancel with `skip`")),
        ("timeout_is_forwarded", lacks("has no `forward_timeout`")),
        ("no_more_calls_than_wanted", lacks("has no `concurrency`")),
        ("procedure_is_taken_over", "procedure_is_taken_away", lacks("has no `force_reregister`")),
        *(
            (f"publish {case}", f"subscribe {case}", f"echo {case}",
             strays("has no negative numbers and no fractions, and leaves when it is sent some",
                    "Lacks", "wamp.error.canceled", *GONE))
            for case in ("integers", "negative integers", "floats", "64-bit integers")
        ),
        ("event_is_published_in_fragments", lacks("sends each message in one frame")),
    ),
    "async": table(
        ("requests_are_numbered",
         strays("numbers requests at random: the router must be told to bear it (`--any-request-ids`)", *GONE)),
        ("reserved_topic_is_refused",
         strays("tells the ERROR that answers a publication as a text only", "wamp.error.invalid_uri")),
        ("error_is_passed_on",
         strays("answers with its own error URI whatever the procedure's was", "wamp.async.rs.rpc.failed")),
        ("unsubscribe_a_pattern", "subscribed_by_prefix", "subscribed_by_wildcard", "registered_by_prefix",
         "registered_by_wildcard", "longest_prefix_is_called", lacks("has no patterns")),
        ("own_event_is_wanted", "listed_by_session", "listed_by_authid", "listed_by_authrole",
         lacks("can't say who is to receive a publication")),
        ("publisher_discloses_itself", "caller_discloses_itself", lacks("has no `disclose_me`")),
        ("publisher_is_told", "caller_is_told", lacks("does not tell who published or called", "Lacks", "got [None")),
        (*TRUST, lacks("does not tell trust levels", "Lacks", "got None, wanted 3")),
        ("event_is_retained", "retained_event_is_got", lacks("has no retained events")),
        ("subscription_is_taken_back", "sessions_are_listed", "killed",
         lacks("keeps its session's id to itself", "wamp.error.invalid_argument", "got False")),
        (*SEALED, lacks("has no payload passthru mode", *UNSEALED, *NEVER)),
        ("results_in_parts_are_got", "results_in_parts_are_sent", "results_in_parts_only_where_wanted",
         lacks("has no progressive results")),
        (*PARTS, lacks("a call has its arguments at once")),
        ("cancel_skip", "cancel_kill", "cancel_killnowait", "cancel_in_the_default_mode", lacks("does not cancel")),
        (*INTERRUPTS, lacks("its callees can't be interrupted", *NEVER)),
        ("call_times_out", "timeout_is_forwarded", lacks("has no timeouts")),
        ("shared_first", "shared_last", "shared_roundrobin", "shared_random", "other_policy_is_refused",
         lacks("has no shared registrations")),
        ("no_more_calls_than_wanted", lacks("has no `concurrency`")),
        ("procedure_is_taken_over", "procedure_is_taken_away", lacks("has no `force_reregister`")),
        ("registration_is_taken_back", lacks("does not announce revocation")),
        ("publish 64-bit integers", lacks("its peer takes arguments as JSON")),
        ("event_is_published_in_fragments", lacks("sends each message in one frame")),
    ),
    "rust": table(
        ("event_is_published_in_fragments", lacks("sends each message in one frame")),
    ),
    **{peer: table(ROUNDED) for peer in ("js/json", "js/msgpack", "js22/json", "js22/msgpack", "wampy/json")},
    "js/json/raw": table(
        ROUNDED,
        ("publish bytes", "subscribe bytes", strays("has no binary in JSON over RawSocket", "AssertionError")),
    ),
    **{peer: table(("publish bytes", "subscribe bytes", NO_BYTES)) for peer in ("battler/json", "async/json")},
    **{
        peer: table(("publish bytes", "subscribe bytes", "echo bytes", NO_BYTES))
        for peer in ("battler/msgpack", "async/msgpack")
    },
    **{
        f"async/{serializer}/raw": table(
            ("publish bytes", "subscribe bytes", *(() if serializer == "json" else ("echo bytes",)), NO_BYTES),
            ("pings_are_answered", strays("does not answer pings over RawSocket", *GONE)),
        )
        for serializer in ("json", "msgpack")
    },
    "wampy/cbor": table(
        ("subscribe 64-bit integers", "echo 64-bit integers",
         strays("reads some integers beyond 2^53 wrongly", "AssertionError")),
    ),
    **{
        f"py/{serializer}/raw": table(
            ("pings_are_answered", strays("on asyncio, closes a RawSocket connection that is pinged", *GONE)),
        )
        for serializer in ("json", "msgpack", "cbor")
    },
}
