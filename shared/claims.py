"""Which operation stands for a request: bound by channel, source and requestId, for ever."""

from shared.channel import Channel
from shared.contract.request import Request
from shared.ports import Claim, Operations

_PROVEN_FIRST = (Channel.WEBHOOK, Channel.OWN, None, Channel.QUEUE)
"""What somebody proved goes before what anybody may have said."""


async def find(operations: Operations, source: str, request_id: str, channel: Channel | None = None) -> str | None:
    """Find the operation of a request; where several channels have one, what was proven goes first.

    `channel` asks for one alone; what came in before channels were kept is found by any.
    """
    bound = {claim.channel: claim for claim in await operations.claims(source, request_id)}
    wanted = _PROVEN_FIRST if channel is None else (channel, None)
    return next((bound[each].operation_id for each in wanted if each in bound), None)


async def bind(operations: Operations, channel: Channel, request: Request, new_id: str) -> Claim:
    """Return what a request is bound to: by now to `new_id`, if it was to nothing."""
    bound = {claim.channel: claim for claim in await operations.claims(request.source, request.request_id)}
    claim = bound.get(channel) or bound.get(None)
    if claim is not None:
        return claim
    return await operations.claim(Claim(channel, request.source, request.request_id, new_id, request.body_hash()))
