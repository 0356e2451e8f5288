"""Who counts as one person where requests and apps are counted: an object id where somebody vouches for it.

An address is what a sender says; its case is not looked at, and it is kept as a hash: no names in the keys of rows.
"""

from hashlib import sha256

from shared.contract.request import Request
from shared.model.channel import Channel


def requester_key(request: Request, channel: Channel | None) -> str:
    """Return the key of whoever asks: their object id where a webhook's sender vouches for it, else their address."""
    object_id = request.requested_by_object_id if channel is Channel.WEBHOOK else None
    return person_key(object_id or request.requested_by)


def person_key(person: str) -> str:
    """Return the key of a person by their object id or address: a SHA-256 in hex."""
    return sha256(person.strip().casefold().encode()).hexdigest()
