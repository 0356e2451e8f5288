"""The binding of a request id to an operation."""

from dataclasses import dataclass

from shared.model.channel import Channel


@dataclass(frozen=True)
class EarlierForm:
    """What a claim was bound to before a changed form of the same ticket replaced it."""

    operation_id: str
    body_hash: str


@dataclass(frozen=True)
class Claim:
    """The binding of (channel, source, requestId) to an operation, made before its record."""

    channel: Channel | None
    """None in claims of version 1, which had no channels."""
    source: str
    request_id: str
    operation_id: str
    body_hash: str
    earlier: tuple[EarlierForm, ...] = ()
    """Oldest first."""
