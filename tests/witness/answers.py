"""Invariant 5, as a witness saw it: one final answer per generation, for every message that was ever sent."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations
from typing import Any, cast

from doctor.evidence import Evidence, Record
from doctor.finding import Finding, Invariant
from shared.core.naming import ID_PATTERN, OWN_SOURCE
from tests.witness.knowledge import Event, Witnessed

_WARNING = "registrar.credential.expiring.v1"
"""An event that ends nothing, and is repeated each time with an id of its own."""

type Key = tuple[str | None, str | None]
"""(source, requestId) as an answer names them; None where the message had no well-formed one."""


def answer_breaches(evidence: Evidence, witnessed: Witnessed) -> Iterator[Finding[Invariant]]:
    """Compare what was delivered with the records and with what was sent."""
    yield from _contradictions(witnessed)
    yield from _per_operation(evidence, witnessed)
    if witnessed.requests is not None:
        yield from _per_request(witnessed, witnessed.requests)


def _is_own(record: Record) -> bool:
    """Return whether the registrar made it itself, so that only an event reports its outcome."""
    return record.source == OWN_SOURCE


def _contradictions(witnessed: Witnessed) -> Iterator[Finding[Invariant]]:
    """Find two different answers with one id, two ids for one message, and answers without their event."""
    by_id: dict[str, Event] = {}
    by_content: dict[str, str] = {}
    for answer in (*witnessed.answers, *(witnessed.events or ())):
        if by_id.setdefault(answer["id"], answer) != answer:
            yield _breach(str(answer["data"]["requestId"]), f"two different answers with the id {answer['id']}")
        if witnessed.arrivals_differ and answer["data"]["operationId"] is None:
            content = json.dumps([answer["time"], answer["data"]], sort_keys=True)
            if by_content.setdefault(content, answer["id"]) != answer["id"]:
                yield _breach("a message", f"it cannot be read, but has several answers, {answer['id']} among them")
    if witnessed.events is not None:
        published = {event["id"] for event in witnessed.events}
        for answer in by_id.values():
            if answer["id"] not in published:
                yield _breach(str(answer["data"]["requestId"]), f"answer {answer['id']} has no event")


def _per_operation(evidence: Evidence, witnessed: Witnessed) -> Iterator[Finding[Invariant]]:
    finals, events = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    for answer in witnessed.answers:
        finals[answer["data"]["operationId"]].add(answer["id"])
    for event in witnessed.events or ():
        if event.get("type") != _WARNING:
            events[event["data"]["operationId"]].add(event["id"])
    kept = {message.operation_id for message in evidence.kept}
    for record in evidence.records:
        if _is_own(record) and witnessed.events is None:
            continue
        count = len((events if _is_own(record) else finals).get(record.id, ()))
        expected = record.generation if record.is_settled else record.generation - 1
        if count != expected:
            yield _breach(record.request_id, f"{count} final answers instead of {expected} (operation {record.id})")
        if record.state == "failed" and record.id not in kept and evidence.kept.is_whole:
            yield _breach(record.request_id, f"operation {record.id} failed, but is not on the poison queue")


def _per_request(witnessed: Witnessed, requests: tuple[Event, ...]) -> Iterator[Finding[Invariant]]:
    """Find messages that neither have an answer of their own nor share one, and answers to no message.

    For each key, one body is served by an operation, however often it was sent; or several are, where forms of a ticket
    replaced each other. Every message with another body, or with an unreadable one, has an answer of its own.
    """
    bodies = defaultdict[Key, Counter[str]](Counter)
    for request in requests:
        bodies[_key(request)][json.dumps(request, sort_keys=True)] += 1
    served, refused = defaultdict[Key, set[str]](set), defaultdict[Key, set[str]](set)
    for answer in witnessed.answers:
        data = cast("dict[str, Any]", answer["data"])
        key = (data["source"], data["requestId"])
        if data["operationId"] is None:
            refused[key].add(answer["id"])
        else:
            served[key].add(data["operationId"])
    for key in served.keys() | refused.keys() | bodies.keys():
        sent = bodies.get(key, Counter[str]())
        own = len(refused.get(key, ()))
        forms = combinations(sent.values(), min(len(served.get(key, ())), len(sent)))
        may_be = {sent.total() - sum(counts) for counts in forms}
        if own not in may_be or (key in served and not sent):
            answers = f"{own} refusals{' and an operation' if key in served else ''}"
            yield _breach(str(key[1]), f"{sent.total()} messages with {len(sent)} different contents led to {answers}")


def _key(request: Event) -> Key:
    return _id(request.get("source", "queue")), _id(request.get("requestId"))


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(ID_PATTERN[1:-1], value) else None


def _breach(about: str, what: str) -> Finding[Invariant]:
    advice = "This is a defect: report it with the operation's record and its answers."
    return Finding(Invariant.ANSWERED, about, what, advice)
