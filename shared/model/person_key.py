"""Keys that identify a person when requests and apps are counted: by object id if it is vouched for, else by address.

Addresses are as claimed by the sender, and case-insensitive. Keys are hashes, to keep names out of row keys.
"""

from hashlib import sha256

from shared.contract.request import Request
from shared.model.channel import Channel


def requester_key(request: Request, channel: Channel | None) -> str:
    """Return the requester's key: from the object id if a webhook's sender vouches for it, else from the address."""
    object_id = request.requested_by_object_id if channel is Channel.WEBHOOK else None
    return person_key(object_id or request.requested_by)


def person_key(person: str) -> str:
    """Return the key of a person by their object id or address: a SHA-256 in hex."""
    return sha256(person.strip().casefold().encode()).hexdigest()
