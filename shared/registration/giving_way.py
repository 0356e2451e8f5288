"""Of several changes of one app at a time, the newest works and older ones stand back.

Each would take back what the other gives, and wait for that to be seen: together they would never come to an end.
"""

from shared.core.errors import BusyError
from shared.model.operation import State
from shared.operations.attempt import Attempt
from shared.ports import Operations


async def give_way(attempt: Attempt) -> None:
    """Go on, unless a newer change of the app has begun to write and is still at work. Raises BusyError then.

    Once that one is completed, this one is superseded; should it fail, this one goes on.
    """
    record = attempt.application
    if record.begun_by is None or record.begun_sequence <= attempt.operation.sequence:
        return
    if await is_at_work(attempt.ports.operations, record.begun_by):
        raise BusyError(f"a newer change of {attempt.operation.unique_name} is under way")


async def is_at_work(operations: Operations, operation_id: str) -> bool:
    """Return whether an operation still goes on. One that waits for people may do so for days."""
    stored = await operations.read(operation_id)
    if stored is None:
        return False
    state = stored.value.state
    return not state.settled and state is not State.AWAITING_APPROVAL
