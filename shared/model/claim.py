"""What a request id is bound to."""

from dataclasses import dataclass

from shared.model.channel import Channel


@dataclass(frozen=True)
class EarlierForm:
    """What a claim was bound to before a changed form of the same ticket took its place."""

    operation_id: str
    body_hash: str


@dataclass(frozen=True)
class Claim:
    """The binding of (channel, source, requestId) to an operation, made before its record."""

    channel: Channel | None
    """None in those of version 1, which knew no channels."""
    source: str
    request_id: str
    operation_id: str
    body_hash: str
    earlier: tuple[EarlierForm, ...] = ()
    """The oldest first."""
