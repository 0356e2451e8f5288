"""The channel a request came in by, as observed by the registrar, not as claimed by the request."""

from enum import StrEnum


class Channel(StrEnum):
    """The ways in. Only a webhook's sender has proven to be the source that its request names."""

    QUEUE = "queue"
    """The public queue: its senders' claims are unverified."""
    WEBHOOK = "webhook"
    """The internal queue, written only by the app after a webhook's sender was verified."""
    OWN = "own"
    """The registrar's own requests."""
