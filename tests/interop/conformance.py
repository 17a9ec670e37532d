"""docs/conformance.md: what the checks showed, as a page. Nothing stands in it that no check has shown."""

import difflib
import re
from collections import defaultdict
from pathlib import Path

from deviations import DEVIATIONS, Deviation
from features import CHECKS
from libraries import SERIALIZERS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/conformance.md"
TRANSCRIPTS = ROOT / "router/src/tests"
COMMAND = "cargo xtask test --only interop --update-conformance"

# What a feature is called, and the chapters of the specification about it, as the transcript tests name them.
FEATURES = {
    "publish_subscribe": ("Publish and subscribe", "Publish and Subscribe"),
    "publisher_exclusion": ("Publisher exclusion", "Publisher Exclusion"),
    "subscriber_blackwhite_listing": ("Black- and whitelists", "Subscriber Black- and Whitelisting"),
    "publisher_identification": ("Publisher identification", "Publisher Identification"),
    "publication_trustlevels": ("Publication trust levels", "Publication Trust Levels"),
    "pattern_based_subscription": ("Pattern-based subscription", "Pattern-based Subscription"),
    "event_retention": ("Event retention", "Event Retention"),
    "event_history": ("Event history", "Event History"),
    "subscription_meta_api": ("Subscription meta API", "Subscriptions Meta API"),
    "subscription_revocation": ("Subscription revocation", "Subscription Revocation"),
    "payload_passthru_mode": ("Payload passthru mode", "Payload Passthru Mode"),
    "remote_procedure_calls": ("Remote procedure calls", "Calling and Invocations"),
    "caller_identification": ("Caller identification", "Caller Identification"),
    "call_trustlevels": ("Call trust levels", "Call Trust Levels"),
    "progressive_call_results": ("Progressive call results", "Progressive Call Results"),
    "progressive_call_invocations": ("Progressive call invocations", "Progressive Call Invocations"),
    "call_canceling": ("Call canceling", "Call Canceling"),
    "call_timeout": ("Call timeout", "Call Timeouts"),
    "pattern_based_registration": ("Pattern-based registration", "Pattern-based Registration"),
    "shared_registration": ("Shared registration", "Shared Registration"),
    "registration_meta_api": ("Registration meta API", "Registration Meta API"),
    "registration_revocation": ("Registration revocation", "Registration Revocation"),
    "session_meta_api": ("Session meta API", "Session Meta API"),
    "testament_meta_api": ("Testaments", "Session Testament"),
    "concurrency": ("Crossbar's `concurrency`", "concurrency"),
    "force_reregister": ("Crossbar's `force_reregister`", "force_reregister"),
    "values": ("Values of all kinds",),
    "long messages": ("Long messages",),
    "WebSocket fragments": ("WebSocket fragments",),
    "pings": ("Pings",),
    "request ids": ("Request ids", "Sessions"),
    "session closing": ("Session closing", "Sessions"),
}

HEAD = f"""# Conformance

What was shown by running it, over real sockets. Each row is a feature in one role, each name in it a program with which
[what is listed below](#what-was-done) for that row was done. A small number points to [a part](#deviations) that the
program can't do, or does otherwise than the specification has it; a program that is missing can't do most of it.

The interop tests write this page, and fail when it is out of date: `{COMMAND}`.
"""


def page(libraries, ours, theirs, crossbar):
    """The page, from all cells with wamp-router, and wamp-client's with Crossbar of this version."""
    notes = Notes()
    others = [library for library in libraries if library.key != "rust"]
    client = [cell for cell in ours if cell.peer.library == "rust"]
    titles = {library.key: library.title for library in libraries}
    parts = [
        HEAD,
        "## Router\n",
        "Features of `wamp-router`, shown by these clients: "
        + ", ".join(f"{library.title} (**{library.key}**)" for library in others)
        + ". Transcripts are the router's own tests of the chapter, message by message.\n",
        table("client's role", ours, [(library.key, of_library(library.key)) for library in others], notes, titles,
              True),
        "## Client\n",
        f"Features of `wamp-client`, shown with wamp-router and Crossbar {crossbar}.\n",
        table("role", client + theirs, [("wamp-router", among(client)), ("Crossbar", among(theirs))], notes,
              {"wamp-router": "wamp-client", "Crossbar": f"Crossbar {crossbar}"}, False),
        "## Transports\n",
        transports(ours, libraries),
        "## Deviations\n",
        notes.list(titles, ours, theirs, f"Crossbar {crossbar}"),
        "## What was done\n",
        deeds(),
    ]
    return "\n".join(parts)


def of_library(key):
    return lambda cell: cell.peer.library == key


def among(cells):
    known = set(map(id, cells))
    return lambda cell: id(cell) in known


class Notes:
    """Deviations by their reasons, numbered as they come up, with who has them."""

    def __init__(self):
        self.numbers, self.whose = {}, defaultdict(dict)

    def number(self, who, deviation):
        self.whose[deviation.reason][who] = True
        return self.numbers.setdefault(deviation.reason, len(self.numbers) + 1)

    def list(self, titles, ours, theirs, crossbar):
        features = defaultdict(dict)
        for cells, title in ((ours, lambda cell: titles[cell.peer.library]), (theirs, lambda cell: crossbar)):
            for cell in cells:
                if isinstance(cell.outcome, Deviation) and not (cells is theirs and wamp_clients(cell)):
                    self.number(title(cell), cell.outcome)
                    features[cell.outcome.reason][FEATURES[cell.check.feature][0]] = True
        lines = ["| | who | feature | what |", "|---|---|---|---|"]
        for reason, number in self.numbers.items():
            fields = [str(number), ", ".join(self.whose[reason]), ", ".join(features[reason]), reason]
            lines.append(f"| {' | '.join(fields)} |")
        return "\n".join(lines) + "\n"


def wamp_clients(cell):
    """Whether a deviation in a cell with Crossbar is the client's own."""
    return cell.check.name in DEVIATIONS["rust"]


def table(role, cells, columns, notes, titles, linked):
    """A row for each feature and role, with those in each serializer that have it."""
    heads = ["feature", role, "JSON", "MessagePack", "CBOR"] + linked * ["transcripts"]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for feature, of_role in dict.fromkeys((check.feature, check.role) for check in CHECKS):
        row = [cell for cell in cells if (cell.check.feature, cell.check.role) == (feature, of_role)]
        shown = [names(row, serializer, columns, notes, titles) for serializer in SERIALIZERS]
        title, *chapters = FEATURES[feature]
        if any(shown):
            fields = [title, of_role, *shown] + linked * [links(chapters)]
            lines.append(f"| {' | '.join(fields)} |")
    return "\n".join(lines) + "\n"


def names(row, serializer, columns, notes, titles):
    """Who has the feature in a serializer, with the numbers of what they do otherwise."""
    words = []
    for name, belongs in columns:
        outcomes = [cell.outcome for cell in row if belongs(cell) and cell.peer.serializer == serializer]
        if outcomes.count(None) * 2 <= len(outcomes):
            continue
        deviations = {notes.number(titles[name], outcome) for outcome in outcomes if outcome}
        words.append(name + (f"<sup>{' '.join(map(str, sorted(deviations)))}</sup>" if deviations else ""))
    return ", ".join(words)


def links(chapters):
    files = [file for chapter in chapters for file in transcripts().get(chapter, ())]
    return ", ".join(f"[{file.stem}](../{file.relative_to(ROOT)})" for file in files)


def transcripts():
    """The files of transcript tests by the chapters their first lines name, and by their own names."""
    files = defaultdict(list)
    for file in sorted(TRANSCRIPTS.glob("*.rs")):
        head = " ".join(line.removeprefix("//!").strip() for line in file.read_text().splitlines()
                        if line.startswith("//!"))
        for chapter in re.findall(r'"([^"]+)"', head.partition("Specification:")[2]):
            files[chapter].append(file)
        files[file.stem].append(file)
    return files


def transports(cells, libraries):
    """Who was there over which transport, in each serializer. Long-poll is a test of its own, longpoll.cjs."""
    lines = ["| transport | JSON | MessagePack | CBOR |", "|---|---|---|---|"]
    for transport, raw in (("WebSocket", False), ("RawSocket", True)):
        there = {cell.peer.name for cell in cells if cell.outcome is None and cell.peer.name.endswith("/raw") == raw}
        fields = [
            ", ".join("wamp-client" if library.key == "rust" else library.key for library in libraries
                      if any(name.startswith(f"{library.key}/{serializer}") for name in there))
            for serializer in SERIALIZERS
        ]
        lines.append(f"| {transport} | {' | '.join(fields)} |")
    lines.append("| HTTP long-poll | js, js22 | | |")
    return "\n".join(lines) + "\n"


def deeds():
    """Each check in words: its function is named after what happens."""
    lines = ["| feature | client's role | what |", "|---|---|---|"]
    done = defaultdict(list)
    for check in CHECKS:
        done[check.feature, check.role].append(check.name.replace("_", " "))
    for (feature, role), names in done.items():
        lines.append(f"| {FEATURES[feature][0]} | {role} | {'; '.join(names)} |")
    return "\n".join(lines) + "\n"


def settle(text, update):
    """Writes the page, or says what is out of date in it; gives whether it is as it should be."""
    if update:
        PAGE.write_text(text)
        print(f"wrote {PAGE.relative_to(ROOT)}")
        return True
    old = PAGE.read_text() if PAGE.exists() else ""
    if old == text:
        return True
    changes = difflib.unified_diff(old.splitlines(), text.splitlines(), "docs/conformance.md", "as shown", n=0)
    print(f"\ndocs/conformance.md is out of date: {COMMAND}", *list(changes)[:20], sep="\n")
    return False
