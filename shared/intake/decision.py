"""Parses a payload that carries a ticket's decision. Pure."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from shared.approval.messages import FORMS, DecisionMessage
from shared.contract.faults import problem_of
from shared.core.errors import Problem, RejectedError
from shared.core.text import echo
from shared.intake.mapping import find, request_from
from shared.intake.sources import DecisionMapping, Source

_FIELDS = ("request_id", "id", "outcome", "ticket", "binding", "decided_by", "decided_by_object_id", "reason")
_NAMES = {"id": "decision_id"}


def is_decision(source: Source, payload: dict[str, Any]) -> bool:
    """Return whether a payload carries a decision: only if the source is set up to decide."""
    return source.decision is not None and bool(find(source.decision.when, payload, "decision.when"))


def decision_from(source: Source, payload: dict[str, Any], now: datetime) -> DecisionMessage:
    """Read a decision. Raises RejectedError with all its problems."""
    mapping = source.decision
    if mapping is None:
        raise ValueError(f"{source.name} decides nothing")
    found = {name: _value(mapping, name, payload) for name in _FIELDS}
    found["decided_at"] = moment(_value(mapping, "decided_at", payload))
    found["content"] = _content(source, payload)
    outcome = _outcome(mapping, found.pop("outcome"))
    fields = {_NAMES.get(name, name): value for name, value in found.items() if value is not None}
    try:
        return DecisionMessage.model_validate(
            {**fields, "source": source.name, "outcome": outcome, "received_at": now}, strict=False
        )
    except ValidationError as error:
        raise RejectedError(_problem(dict(fault)) for fault in error.errors(include_url=False)) from None


def moment(said: object) -> datetime | None:
    """Read when something happened: ISO 8601, in UTC where it names no zone (ServiceNow); None for anything else."""
    if not isinstance(said, str):
        return None
    try:
        found = datetime.fromisoformat(said.strip())
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _content(source: Source, payload: dict[str, Any]) -> str | None:
    """Return the content hash of the ticket's request as it decides; None if the payload does not hold all of it."""
    try:
        return request_from(source, payload).content_hash()
    except RejectedError:
        return None


def _value(mapping: DecisionMapping, name: str, payload: dict[str, Any]) -> object:
    expression: str | None = getattr(mapping, name)
    found = find(expression, payload, f"decision.{name}") if expression is not None else None
    # Forms send an empty text for no value.
    return None if found == "" else found


def _outcome(mapping: DecisionMapping, said: object) -> str:
    word = said.strip().casefold() if isinstance(said, str) else ""
    if word in {each.casefold() for each in mapping.approved}:
        return "approved"
    if word in {each.casefold() for each in mapping.refused}:
        return "refused"
    words = ", ".join((*mapping.approved, *mapping.refused))
    raise RejectedError([Problem("decision.outcome", "unsupported_value", f"{echo(said)} is none of: {words}.")])


def _problem(fault: dict[str, Any]) -> Problem:
    problem = problem_of(fault, FORMS, within="decision")
    is_missing = problem.code == "missing_field"
    return problem if is_missing else replace(problem, code="invalid_format")
