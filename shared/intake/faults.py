"""Malformed payloads: what they still say of their ticket, and the event that the ticket gets. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, cast

from shared.contract.answer import (
    DECISION_MALFORMED_TYPE,
    MALFORMED_TYPE,
    Answer,
    AnswerData,
    Status,
    answer_id,
    answered_errors,
)
from shared.contract.request import valid_id
from shared.contract.strict_json import parse_object
from shared.core.errors import Problem, RejectedError
from shared.intake.decision import is_decision
from shared.intake.mapping import find
from shared.intake.sources import Constant, Source

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Fault:
    """A payload of a verified sender that is neither a request nor a decision, and its problems."""

    source: Source
    payload: dict[str, Any]
    body: bytes
    problems: Sequence[Problem]

    @property
    def is_of_decision(self) -> bool:
        """Return whether it is, or may be, a malformed decision: if in doubt, the ticket keeps its state."""
        decision = self.source.decision
        if decision is None:
            return False
        try:
            return self._is_ambiguous(decision.when) or is_decision(self.source, self.payload)
        except RejectedError:
            return True

    @property
    def ticket(self) -> str | None:
        """The ticket's address; None unless the payload gives it unambiguously."""
        decision = self.source.decision
        if decision is not None and self.is_of_decision:
            return valid_id(self._found(decision.ticket)) or self._mapped("ticket")
        return self._mapped("ticket")

    @property
    def request_id(self) -> str | None:
        """The request's id; None unless the payload gives it unambiguously."""
        decision = self.source.decision
        if decision is not None and self.is_of_decision:
            return valid_id(self._found(decision.request_id))
        return self._mapped("requestId")

    def event(self, now: datetime, tenant: str) -> Answer:
        """Build the ticket's event: the same bytes about the same ticket give the same event at any time."""
        kind = DECISION_MALFORMED_TYPE if self.is_of_decision else MALFORMED_TYPE
        return Answer(
            id=answer_id(self.source.name, self.ticket or "", sha256(self.body).hexdigest(), kind),
            type=kind,
            time=now,
            data=AnswerData(
                request_id=self.request_id,
                source=self.source.name,
                status=Status.REJECTED,
                tenant_id=tenant,
                errors=answered_errors(self.problems),
                error_count=len(self.problems),
            ),
        )

    def _mapped(self, path: str) -> str | None:
        """Return an id at the top level of a request, as the source's mapping finds it."""
        rule, whole = self.source.mapping.fields.get(path), self.source.mapping.whole
        found = rule.constant if isinstance(rule, Constant) else self._found(rule)
        if found is None and whole is not None:
            found = _fields(self._found(whole)).get(path)
        return valid_id(found)

    def _found(self, expression: str | None) -> object:
        if expression is None or self._is_ambiguous(expression):
            return None
        try:
            return find(expression, self.payload, "")
        except RejectedError:
            return None

    def _is_ambiguous(self, expression: str) -> bool:
        """Return whether an expression uses a field that the payload has more than once."""
        doubled = {each.field for each in self.problems if each.code == "duplicate_field"}
        return not doubled.isdisjoint(_WORD.findall(expression))


def _fields(whole: object) -> dict[str, Any]:
    """Return the fields of a request that a payload holds as an object, or as unambiguous JSON in a string."""
    if isinstance(whole, str):
        try:
            fields, problems = parse_object(whole.encode("utf-8", "surrogatepass"))
        except RejectedError:
            return {}
        return {} if any(each.code == "duplicate_field" for each in problems) else fields
    return cast("dict[str, Any]", whole) if isinstance(whole, dict) else {}
