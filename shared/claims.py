"""Which operation stands for a request: bound by channel, source and requestId, for ever."""

from shared.channel import Channel
from shared.contract.request import Request
from shared.ports import Claim, Operations

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


async def bind(operations: Operations, channel: Channel, request: Request, new_id: str) -> Claim:
    """Return what a request is bound to: by now to `new_id`, if it was to nothing."""
    bound = await bound_to(operations, request.source, request.request_id)
    claim = bound.get(channel) or bound.get(None)
    return claim or await operations.claim(new_claim(channel, request, new_id))


async def repeated(operations: Operations, channel: Channel, request: Request) -> Claim | None:
    """Return the claim of a request that a message repeats; None where it says anything new, or nothing came of it."""
    bound = await bound_to(operations, request.source, request.request_id)
    claim = bound.get(channel) or bound.get(None)
    if claim is None or claim.body_hash != request.body_hash():
        return None
    # A claim of version 1 may be anybody's: without its record it is worth nothing.
    is_recorded = claim.channel is not None or await operations.read(claim.operation_id) is not None
    return claim if is_recorded else None


def new_claim(channel: Channel, request: Request, operation_id: str) -> Claim:
    """Make the first claim of a request."""
    return Claim(channel, request.source, request.request_id, operation_id, request.body_hash())
