"""Which operation stands for a request: bound by channel, source and requestId, for ever."""

from collections.abc import Mapping

from shared.contract.request import Request
from shared.model.channel import Channel
from shared.model.claim import Claim
from shared.ports import Operations

_PROVEN_FIRST = (Channel.WEBHOOK, Channel.OWN, None, Channel.QUEUE)
"""What somebody proved goes before what anybody may have said."""


async def bound_to(operations: Operations, source: str, request_id: str) -> dict[Channel | None, Claim]:
    """Read what (source, requestId) is bound to, by channel; None is what version 1 bound, whatever the channel."""
    return {claim.channel: claim for claim in await operations.claims(source, request_id)}


async def find(operations: Operations, source: str, request_id: str, channel: Channel | None = None) -> str | None:
    """Find the operation of a request; where several channels have one, what was proven goes first.

    `channel` asks for one alone; what came in before channels were kept is found by any.
    """
    bound = await bound_to(operations, source, request_id)
    wanted = _PROVEN_FIRST if channel is None else (channel, None)
    return next((bound[each].operation_id for each in wanted if each in bound), None)


def claim_of(bound: Mapping[Channel | None, Claim], channel: Channel) -> Claim | None:
    """Return the claim that a request of this channel finds: the channel's own, else version 1's."""
    return bound.get(channel) or bound.get(None)


async def bind(operations: Operations, channel: Channel, request: Request, new_id: str) -> Claim:
    """Return what a request is bound to: by now to `new_id`, if it was to nothing."""
    bound = await bound_to(operations, request.source, request.request_id)
    return claim_of(bound, channel) or await operations.claim(new_claim(channel, request, new_id))


async def is_repeated(operations: Operations, claim: Claim | None, request: Request) -> bool:
    """Return whether a message repeats a recorded request; not where it says anything new, or nothing came of it."""
    if claim is None or claim.body_hash != request.body_hash():
        return False
    # A claim of version 1 may be anybody's: without its record it is worth nothing.
    return claim.channel is not None or await operations.read(claim.operation_id) is not None


def new_claim(channel: Channel, request: Request, operation_id: str) -> Claim:
    """Make the first claim of a request."""
    return Claim(channel, request.source, request.request_id, operation_id, request.body_hash())
