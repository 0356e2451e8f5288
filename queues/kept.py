"""What the app keeps for people: parsed, found, and said in one line."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from queues.broker import Broker, Kind, Look, Message, place_of

_MEMBERS = {"schemaVersion", "reason", "operationId", "generation", "attempts", "original"}
"""A message that the app keeps has these members and no others but `truncated`: what a sender makes up to look like one
has been through the intake, which takes none with these."""


@dataclass(frozen=True)
class Kept:
    """A kept failure.

    `operation_id` is None for what never became an operation, `update_id` is set for a note that a ticket did not get.
    `about` is the app's uniqueName, or the ticket, as far as the original says one.
    """

    message: Message
    reason: str
    operation_id: str | None
    generation: int | None
    attempts: int
    about: str
    update_id: str | None

    def as_json(self) -> dict[str, object]:
        """The line of a list, for machines."""
        since = self.message.since
        return {
            "id": self.message.id,
            "since": since.isoformat() if since else None,
            "reason": self.reason,
            "about": self.about,
            "attempts": self.attempts,
            "operationId": self.operation_id,
            "generation": self.generation,
            "updateId": self.update_id,
        }


def is_kept(body: bytes) -> bool:
    """Return whether a message is one that the app keeps; on storage the host puts others onto the same queue."""
    return _members(body) is not None


def parse(message: Message) -> Kept | None:
    """Parse a kept message; None for any other."""
    members = _members(message.body)
    if members is None:
        return None
    original = members["original"]
    asked = cast("dict[str, Any]", original) if isinstance(original, dict) else {}
    application = asked.get("application")
    named = cast("dict[str, Any]", application).get("uniqueName") if isinstance(application, dict) else None
    attempts, generation = members["attempts"], members["generation"]
    return Kept(
        message=message,
        reason=str(members["reason"]),
        operation_id=_text(members["operationId"]),
        generation=generation if isinstance(generation, int) else None,
        attempts=attempts if isinstance(attempts, int) else 0,
        about=_text(named) or _text(asked.get("ticket")) or "",
        update_id=_text(asked.get("updateId")),
    )


async def look(broker: Broker, *, everything: bool) -> tuple[list[Kept], str | None]:
    """Read what is kept, and what a mere look does not show; see `Broker.look`."""
    seen = await broker.look(place_of(broker, Kind.KEPT), everything=everything)
    return _parsed(seen), seen.more


async def find(broker: Broker, wanted: str) -> list[Kept]:
    """Find the kept message of this id, or all of this operation id. Looks at everything only if it has to."""
    found, more = await look(broker, everything=False)
    chosen = _chosen(found, wanted)
    if not chosen and more:
        chosen = _chosen((await look(broker, everything=True))[0], wanted)
    return chosen


def _chosen(found: Sequence[Kept], wanted: str) -> list[Kept]:
    return [each for each in found if wanted in (each.message.id, each.operation_id)]


def _parsed(seen: Look) -> list[Kept]:
    return [kept for message in seen.messages if (kept := parse(message)) is not None]


def _members(body: bytes) -> dict[str, Any] | None:
    try:
        found: object = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    members = cast("dict[str, Any]", found)
    return members if members.keys() >= _MEMBERS and members.keys() <= _MEMBERS | {"truncated"} else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
