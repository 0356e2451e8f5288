"""Table rows as they lie there, read without the product's own types: what is newer than version 1 is ignored."""

import json
from collections.abc import Mapping
from datetime import datetime
from itertools import count, takewhile
from typing import Any, cast

from doctor.evidence import (
    Approved,
    Claim,
    Cleanup,
    Intent,
    Kept,
    Leaving,
    Noted,
    Owned,
    PermissionType,
    Record,
    Unsettled,
    Wants,
    Work,
)

type Row = Mapping[str, Any]
"""A row's columns, and `Timestamp`: when it was last written."""
_NOTHING: Row = {}
_KINDS: tuple[tuple[PermissionType, str], ...] = (("Scope", "delegated"), ("Role", "application"))


def packed_text(row: Row) -> str:
    """Join value0, value1 and so on: a property holds 32 Ki UTF-16 units, a record may be longer."""
    return "".join(takewhile(bool, (str(row.get(f"value{n}") or "") for n in count())))


def record(row: Row) -> Record:
    """Read an operation record. Raises KeyError, TypeError or ValueError for what is none."""
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
            name: Intent(_moment(progress.get("intended_at")), progress.get("key_id"))
            for name, progress in value.get("credentials", {}).items()
        },
        reason=value.get("reason"),
        next_attempt=_moment(value.get("next_attempt")),
        decide_by=_moment((value.get("approval") or _NOTHING).get("expires"))
        if value["state"] == "awaiting_approval"
        else None,
        wants=_wants(request),
        others=frozenset(each["name"] for each in (answer.get("data") or _NOTHING).get("madeByOthers", ())),
        answer_time=_moment(answer.get("time")),
        answered_at=_moment(value.get("answered_at")),
        decided_in_ticket_at=_moment(_decision(value).get("at")) if _decision(value).get("way") == "ticket" else None,
        shown_at=_moment((value.get("approval") or _NOTHING).get("note_seen_at")),
        channel=value.get("channel"),
        ticket=value.get("ticket"),
        replaced_by=(value.get("replaced_by") or _NOTHING).get("operation_id"),
        is_taken_back=value.get("refusal") is not None,
        approved=_approved(value, request),
    )


def _decision(value: Row) -> Row:
    return (value.get("approval") or _NOTHING).get("decision") or _NOTHING


def _approved(value: Row, request: Row) -> Approved | None:
    decision = _decision(value)
    if decision.get("outcome") != "approved":
        return None
    vouched = request.get("requestedByObjectId") if value.get("channel") == "webhook" else None
    parties = (value.get("found_requester_id") or vouched, value.get("found_owner_id"))
    by = decision.get("decided_by_object_id") or decision.get("decided_by")
    return Approved(by and str(by).casefold(), frozenset(str(each).casefold() for each in parties if each))


def _credentials(request: Row) -> tuple[str, ...]:
    if "credential" in request:
        return (request["credential"],)
    return tuple(credential["name"] for credential in request.get("credentials", ()))


def claim(row: Row) -> Claim:
    """Read a claim."""
    return Claim(row["source"], row["requestId"], row["operationId"], row.get("Timestamp"))


def unsettled(row: Row) -> Unsettled:
    """Read a row of the list of unsettled operations."""
    return Unsettled(row["RowKey"].partition("-")[0], int(row["generation"]), row["due"])


def cleanup(row: Row) -> Cleanup:
    """Read a clean-up entry."""
    return Cleanup(row["PartitionKey"], row["RowKey"], row["since"])


def _wants(request: Row) -> Wants | None:
    """Read what a change asks for, with the contract's defaults; rows of before always say whether to consent."""
    application: Row = request["application"]
    if "displayName" not in application:
        return None
    platforms: list[Row] = [application.get(name) or _NOTHING for name in ("publicClient", "web", "spa")]
    return Wants(
        redirect_uris=frozenset(uri for platform in platforms for uri in platform.get("redirectUris") or ()),
        permissions=frozenset(
            (entry["api"], kind, name)
            for entry in application.get("apiPermissions") or ()
            for kind, field in _KINDS
            for name in entry.get(field) or ()
        ),
        admin_consent=application.get("adminConsent"),
    )


def leaving(row: Row) -> Leaving:
    """Read what an app's record says is being taken back, and was never seen gone."""
    value = json.loads(packed_text(row))
    since = [datetime.fromisoformat(each["since"]) for each in value.get("going", ()) if any(each["left"].values())]
    return Leaving(value["unique_name"], tuple(sorted(since)))


def owned(row: Row) -> Owned:
    """Read whom an app's record has for its owner."""
    value = json.loads(packed_text(row))
    is_registered = value.get("applied_sequence", 0) > 0
    return Owned(value["unique_name"], value.get("owner") or None, value.get("owner_id") or None, is_registered)


def noted(text: str) -> Noted | None:
    """Read an entry of the audit record; None for another kind, and for what is no entry."""
    entry = _object(text)
    what, ids = entry.get("what") or _NOTHING, entry.get("ids") or _NOTHING
    if entry.get("kind") not in ("settled", "decided"):
        return None
    return Noted(
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


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def kept(text: str) -> Kept | None:
    """Read a message on a poison queue; None for one that the host put there, which names no reason."""
    message = _object(text)
    if not {"reason", "operationId", "original"} <= message.keys():
        return None
    return Kept(message["operationId"], message.get("generation"), str(message["reason"]))


def work(text: str) -> Work:
    """Read a message on the internal queue."""
    message = _object(text)
    return Work(str(message.get("operationId")), int(message.get("generation") or 0))


def _object(text: str) -> dict[str, Any]:
    try:
        message: object = json.loads(text)
    except ValueError:
        return {}
    return cast("dict[str, Any]", message) if isinstance(message, dict) else {}


def pause(row: Row) -> datetime:
    """Read until when everybody pauses."""
    until: object = row["until"]
    if not isinstance(until, datetime):
        raise TypeError("until is not a time")
    return until
