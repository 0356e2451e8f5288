"""By which way a request came in, which is known here and is not a matter of what the request says."""

from enum import StrEnum


class Channel(StrEnum):
    """The ways in. Only a webhook's sender has proven to be the source that its request names."""

    QUEUE = "queue"
    """The public queue: whoever may send there says what they like."""
    WEBHOOK = "webhook"
    """The internal queue, which the app alone writes: behind a webhook's proof."""
    OWN = "own"
    """The registrar asked itself."""
