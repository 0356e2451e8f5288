"""A refusal of Microsoft Graph as received, and the purpose of the call."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from shared.core.text import visible

_MOST_SHOWN = 250
"""Characters of Graph's own text that an answer repeats."""


class Doing(StrEnum):
    """The purpose of a call; the values go into messages."""

    READ = "read the directory"
    WRITE_APPLICATION = "write the application"
    CREATE_PRINCIPAL = "create the service principal"
    GIVE_CONSENT = "give the consent"
    TAKE_BACK_CONSENT = "take the consent back"
    ISSUE_CREDENTIAL = "issue a client secret"
    REMOVE_CREDENTIAL = "remove a client secret"
    WRITE_CERTIFICATES = "write the application's certificates"


@dataclass(frozen=True)
class Detail:
    """One of `error.details`: a code, and the property it is about."""

    code: str
    target: str = ""


@dataclass(frozen=True)
class Refusal:
    """An error answer of Graph, also of one call in a batch (Microsoft Learn, "Microsoft Graph error responses")."""

    status: int
    code: str
    text: str = ""
    """Graph's own sentence: shown to people, never parsed."""
    details: tuple[Detail, ...] = ()
    after: timedelta | None = None
    """The pause that Graph asks for."""

    def said(self) -> str:
        """Return Graph's reason for display: status, code, sentence."""
        text = visible(self.text.strip())
        cut = text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "…"
        return f"{self.status} {self.code}".rstrip() + (f": {cut}" if cut else "")
