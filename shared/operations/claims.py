"""Permanent binding of requests to operations, by channel, source and requestId."""

from collections.abc import Mapping

from shared.contract.request import Request
from shared.model.channel import Channel
from shared.model.claim import Claim
from shared.ports import Operations

_PROVEN_FIRST = (Channel.WEBHOOK, Channel.OWN, None, Channel.QUEUE)
"""Order of precedence: verified channels before the public queue."""


async def bound_to(operations: Operations, source: str, request_id: str) -> dict[Channel | None, Claim]:
    """Read the claims of (source, requestId), by channel; None is the key of version 1's, which had no channel."""
    return {claim.channel: claim for claim in await operations.claims(source, request_id)}


async def find(operations: Operations, source: str, request_id: str, channel: Channel | None = None) -> str | None:
    """Find the operation of a request; if several channels have one, verified channels take precedence.

    `channel` restricts the search to one; claims from before channels existed match any.
    """
    bound = await bound_to(operations, source, request_id)
    wanted = _PROVEN_FIRST if channel is None else (channel, None)
    return next((bound[each].operation_id for each in wanted if each in bound), None)


def claim_of(bound: Mapping[Channel | None, Claim], channel: Channel) -> Claim | None:
    """Return the claim that a request of this channel finds: the channel's own, else version 1's."""
    return bound.get(channel) or bound.get(None)


async def bind(operations: Operations, channel: Channel, request: Request, new_id: str) -> Claim:
    """Return a request's claim, after binding it to `new_id` if it had none."""
    bound = await bound_to(operations, request.source, request.request_id)
    return claim_of(bound, channel) or await operations.claim(new_claim(channel, request, new_id))


async def is_repeated(operations: Operations, claim: Claim | None, request: Request) -> bool:
    """Return whether a message repeats a recorded request; false if its content differs, or nothing was recorded."""
    if claim is None or claim.body_hash != request.body_hash():
        return False
    # A claim of version 1 may be from any sender: without its record it does not count.
    return claim.channel is not None or await operations.read(claim.operation_id) is not None


def new_claim(channel: Channel, request: Request, operation_id: str) -> Claim:
    """Make the first claim of a request."""
    return Claim(channel, request.source, request.request_id, operation_id, request.body_hash())
