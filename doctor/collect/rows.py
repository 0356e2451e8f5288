"""Parses table rows and messages as they are stored, without the product's own types; newer fields are ignored."""

import json
from collections.abc import Mapping
from datetime import datetime
from itertools import count, takewhile
from typing import Any, cast

from doctor.evidence import (
    AppOwner,
    Approval,
    AuditEntry,
    Claim,
    Cleanup,
    Intent,
    KeptMessage,
    PendingRemoval,
    PermissionType,
    Record,
    RequestedState,
    Unsettled,
    WorkMessage,
)
from doctor.times import parse_time

type Row = Mapping[str, Any]
"""A row's columns, and `Timestamp`: when it was last written."""
NOT_PARSED = (KeyError, TypeError, ValueError, RecursionError)
"""What parsing a row raises that is not as the product writes it."""
_NOTHING: Row = {}
_KINDS: tuple[tuple[PermissionType, str], ...] = (("Scope", "delegated"), ("Role", "application"))


def packed_text(row: Row) -> str:
    """Join value0, value1 and so on: a property holds 32 Ki UTF-16 code units, and a record may be longer."""
    return "".join(takewhile(bool, (str(row.get(f"value{n}") or "") for n in count())))


def record(row: Row) -> Record:
    """Parse an operation record. Like every parser here, raises KeyError, TypeError or ValueError for anything else."""
    value = json.loads(packed_text(row))
    request: Row = value["request"]
    answer: Row = value.get("answer") or _NOTHING
    return Record(
        id=value["id"],
        source=request.get("source", "queue"),
        request_id=request["requestId"],
        unique_name=request["application"]["uniqueName"],
        display_name=request["application"].get("displayName"),
        state=value["state"],
        generation=value["generation"],
        sequence=value["sequence"],
        accepted_at=datetime.fromisoformat(value["accepted_at"]),
        started_at=datetime.fromisoformat(value["started_at"]),
        credentials=_credentials(request),
        intents={
            name: Intent(parse_time(progress.get("intended_at")), progress.get("key_id"))
            for name, progress in value.get("credentials", {}).items()
        },
        reason=value.get("reason"),
        next_attempt=parse_time(value.get("next_attempt")),
        decide_by=parse_time((value.get("approval") or _NOTHING).get("expires"))
        if value["state"] == "awaiting_approval"
        else None,
        requested=_requested(request),
        made_by_others=frozenset(each["name"] for each in (answer.get("data") or _NOTHING).get("madeByOthers", ())),
        answer_time=parse_time(answer.get("time")),
        answered_at=parse_time(value.get("answered_at")),
        decided_in_ticket_at=parse_time(_decision(value).get("at"))
        if _decision(value).get("way") == "ticket"
        else None,
        shown_at=parse_time((value.get("approval") or _NOTHING).get("note_seen_at")),
        channel=value.get("channel"),
        ticket=value.get("ticket"),
        replaced_by=(value.get("replaced_by") or _NOTHING).get("operation_id"),
        is_taken_back=value.get("refusal") is not None,
        approval=_approval(value, request),
    )


def _decision(value: Row) -> Row:
    return (value.get("approval") or _NOTHING).get("decision") or _NOTHING


def _approval(value: Row, request: Row) -> Approval | None:
    decision = _decision(value)
    if decision.get("outcome") != "approved":
        return None
    vouched = request.get("requestedByObjectId") if value.get("channel") == "webhook" else None
    parties = (value.get("found_requester_id") or vouched, value.get("found_owner_id"))
    by = decision.get("decided_by_object_id") or decision.get("decided_by")
    return Approval(by and str(by).casefold(), frozenset(str(each).casefold() for each in parties if each))


def _credentials(request: Row) -> tuple[str, ...]:
    if "credential" in request:
        return (request["credential"],)
    return tuple(credential["name"] for credential in request.get("credentials", ()))


def claim(row: Row) -> Claim:
    """Parse a claim."""
    return Claim(row["source"], row["requestId"], row["operationId"], row.get("Timestamp"))


def unsettled(row: Row) -> Unsettled:
    """Parse a row of the list of unsettled operations."""
    return Unsettled(row["RowKey"].partition("-")[0], int(row["generation"]), row["due"])


def cleanup(row: Row) -> Cleanup:
    """Parse a clean-up entry."""
    return Cleanup(row["PartitionKey"], row["RowKey"], row["since"])


def _requested(request: Row) -> RequestedState | None:
    """Parse what a change asks for, with the contract's defaults; older rows always say whether to consent."""
    application: Row = request["application"]
    if "displayName" not in application:
        return None
    platforms: list[Row] = [application.get(name) or _NOTHING for name in ("publicClient", "web", "spa")]
    return RequestedState(
        redirect_uris=frozenset(uri for platform in platforms for uri in platform.get("redirectUris") or ()),
        permissions=frozenset(
            (entry["api"], kind, name)
            for entry in application.get("apiPermissions") or ()
            for kind, field in _KINDS
            for name in entry.get(field) or ()
        ),
        admin_consent=application.get("adminConsent"),
    )


def pending_removal(row: Row) -> PendingRemoval:
    """Parse an app record's pending removals: taken back, and not yet seen gone."""
    value = json.loads(packed_text(row))
    since = [datetime.fromisoformat(each["since"]) for each in value.get("going", ()) if any(each["left"].values())]
    return PendingRemoval(value["unique_name"], tuple(sorted(since)))


def app_owner(row: Row) -> AppOwner:
    """Parse the owner that an app's record names."""
    value = json.loads(packed_text(row))
    is_registered = value.get("applied_sequence", 0) > 0
    return AppOwner(value["unique_name"], value.get("owner") or None, value.get("owner_id") or None, is_registered)


def audit_entry(text: str) -> AuditEntry | None:
    """Parse an entry of the audit record; None for another kind, and for what is not an entry."""
    entry = _object(text)
    what, ids = entry.get("what") or _NOTHING, entry.get("ids") or _NOTHING
    if entry.get("kind") not in ("settled", "decided"):
        return None
    return AuditEntry(
        kind=str(entry["kind"]),
        operation_id=str(what.get("operationId")),
        unique_name=str(what.get("uniqueName")),
        outcome=str(what.get("status") or what.get("outcome")),
        consented=frozenset(
            (str(each.get("resourceAppId")), str(each.get("id")), "Role" if each.get("type") == "Role" else "Scope")
            for each in ids.get("consented") or ()
            if not each.get("byOthers")
        ),
    )


def kept_message(text: str) -> KeptMessage | None:
    """Parse a message on a poison queue; None for one that the host put there, which names no reason."""
    message = _object(text)
    if not {"reason", "operationId", "original"} <= message.keys():
        return None
    return KeptMessage(message["operationId"], message.get("generation"), str(message["reason"]))


def work_message(text: str) -> WorkMessage:
    """Parse a message on the internal queue."""
    message = _object(text)
    return WorkMessage(str(message.get("operationId")), int(message.get("generation") or 0))


def _object(text: str) -> dict[str, Any]:
    try:
        message: object = json.loads(text)
    except ValueError:
        return {}
    return cast("dict[str, Any]", message) if isinstance(message, dict) else {}


def pause(row: Row) -> datetime:
    """Parse the time until which every worker pauses."""
    until: object = row["until"]
    if not isinstance(until, datetime):
        raise TypeError("until is not a time")
    return until
