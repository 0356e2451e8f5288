"""Messages of the queue `credential-rotations`: only hints that something may be due.

Ours name a credential, or continue a sweep or a check. Key Vault's events come through Event Grid in either of
its schemas, Event Grid's own or CloudEvents 1.0 (Microsoft Learn, "Azure Key Vault as Event Grid source"), and are
read tolerantly: the documented example itself has a blank in a member's name, and numbers as text. Event Grid may put
them on the queue in base64.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Self, cast

from shared.contract.recognising import unwrap
from shared.contract.request import valid_unique_name
from shared.core.naming import CREDENTIAL_NAME_LENGTH, PENDING, UNIQUE_NAME_PATTERN, secret_of
from shared.core.text import utc_text
from shared.ports import VaultPlace

KEY_VAULT_EVENTS = ("Microsoft.KeyVault.SecretNearExpiry", "Microsoft.KeyVault.SecretExpired")
_OURS = "1"
_DEEPEST = 100


@dataclass(frozen=True)
class Hint:
    """Names a credential that may be due."""

    unique_name: str
    credential: str
    listed_on: str = ""
    """Day of the index under which it was found, as `YYYYMMDD`; empty when it was not found there."""
    since: datetime | None = None
    """When it was first sent, if it had to be sent again."""
    pauses: int = 0
    ask_directory: bool = False
    """Whether the directory has to be read, too: its times alone are not enough."""

    def to_json(self) -> str:
        """Return the message."""
        return json.dumps(
            {
                "schemaVersion": _OURS,
                "uniqueName": self.unique_name,
                "credential": self.credential,
                "listedOn": self.listed_on,
                "since": utc_text(self.since) if self.since is not None else None,
                "pauses": self.pauses,
                "askDirectory": self.ask_directory,
            }
        )


@dataclass(frozen=True)
class SweepOn:
    """Continues a sweep that reached its limit."""

    def to_json(self) -> str:
        """Return the message."""
        return json.dumps({"schemaVersion": _OURS, "sweep": True})


class _CheckNumbers(NamedTuple):
    """The numbers of `checkIndex` on the wire, in this order."""

    part: int
    parts: int
    checked: int
    different: int

    @classmethod
    def read(cls, value: object) -> Self | None:
        """Read them; None if they are invalid."""
        match value:
            case [int() as part, int() as parts, int() as checked, int() as different] if 0 <= part < parts:
                return cls(part, parts, checked, different)
            case _:
                return None


@dataclass(frozen=True)
class CheckOn:
    """Continues a check of the index: its slice, its place in the vaults, and its counts so far."""

    part: int
    parts: int
    place: VaultPlace | None = None
    checked: int = 0
    different: int = 0
    link: str | None = None
    """The link for the directory's next changes, stored once all changes read at the start are handled."""

    def to_json(self) -> str:
        """Return the message."""
        place = [self.place.url, self.place.token] if self.place is not None else None
        numbers = _CheckNumbers(self.part, self.parts, self.checked, self.different)
        message = {"schemaVersion": _OURS, "checkIndex": numbers, "from": place, "directoryLink": self.link}
        return json.dumps(message)


type RotationMessage = Hint | SweepOn | CheckOn


def parse_message(body: bytes) -> tuple[RotationMessage, ...] | None:
    """Read a message; None if it is unreadable. Event Grid may deliver several events at once, or none of interest."""
    try:
        parsed: object = json.loads(unwrap(body))
    except (ValueError, RecursionError):
        return None
    own = _own(cast("dict[str, Any]", parsed)) if isinstance(parsed, dict) else None
    if own is not None:
        return (own,)
    events: list[object] = cast("list[object]", parsed) if isinstance(parsed, list) else [cast("object", parsed)]
    if not events or not all(_is_event(event) for event in events):
        return None
    hints = [_hint(cast("dict[str, Any]", event)) for event in events]
    return tuple(hint for hint in hints if hint is not None)


def _own(fields: dict[str, Any]) -> RotationMessage | None:
    if fields.get("schemaVersion") != _OURS:
        return None
    if fields.get("sweep") is True:
        return SweepOn()
    if "checkIndex" in fields:
        return _check(fields)
    names = _names(fields.get("uniqueName"), fields.get("credential"))
    if names is None:
        return None
    listed_on, pauses = fields.get("listedOn"), fields.get("pauses")
    return Hint(
        *names,
        listed_on=listed_on if isinstance(listed_on, str) and re.fullmatch(r"\d{8}", listed_on) else "",
        since=_moment(fields.get("since")),
        pauses=pauses if isinstance(pauses, int) and 0 <= pauses < _DEEPEST else 0,
        ask_directory=fields.get("askDirectory") is True,
    )


def _check(fields: dict[str, Any]) -> CheckOn | None:
    match fields.get("from"):
        case None:
            place = None
        case [str() as url, str() | None as token]:
            place = VaultPlace(url, token)
        case _:
            return None
    numbers, link = _CheckNumbers.read(fields["checkIndex"]), fields.get("directoryLink")
    if numbers is None:
        return None
    return CheckOn(**numbers._asdict(), place=place, link=link if isinstance(link, str) else None)


def _is_event(event: object) -> bool:
    """Return whether this is an event of either schema, of any type."""
    if not isinstance(event, dict):
        return False
    fields = _trimmed(cast("dict[str, Any]", event))
    return isinstance(fields.get("eventType", fields.get("type")), str) and "data" in fields


def _hint(event: dict[str, Any]) -> Hint | None:
    fields = _trimmed(event)
    data: object = fields.get("data")
    if fields.get("eventType", fields.get("type")) not in KEY_VAULT_EVENTS or not isinstance(data, dict):
        return None
    name: object = _trimmed(cast("dict[str, Any]", data)).get("ObjectName", fields.get("subject"))
    names = secret_of(name) if isinstance(name, str) else None
    return Hint(*names) if names is not None else None


def _trimmed(fields: dict[str, Any]) -> dict[str, Any]:
    return {name.strip(): value for name, value in fields.items()}


def _names(unique_name: object, credential: object) -> tuple[str, str] | None:
    name = valid_unique_name(unique_name)
    is_credential = (
        isinstance(credential, str)
        and len(credential) <= CREDENTIAL_NAME_LENGTH
        and credential != PENDING
        and re.fullmatch(UNIQUE_NAME_PATTERN[1:-1], credential) is not None
    )
    return (name, str(credential)) if name is not None and is_credential else None


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
