"""Of several concurrent changes of an app, the newest proceeds and older ones yield.

Otherwise each would take back what the other gives, and wait for that to be seen: neither would ever finish.
"""

from shared.core.errors import BusyError
from shared.model.operation import State
from shared.operations.attempt import Attempt
from shared.ports import Operations


async def give_way(attempt: Attempt) -> None:
    """Raise BusyError while a newer change of the app that has begun to write is at work.

    Once that one is completed, this one is superseded; if it fails, this one continues.
    """
    record = attempt.application
    if record.begun_by is None or record.begun_sequence <= attempt.operation.sequence:
        return
    if await is_at_work(attempt.ports.operations, record.begun_by):
        raise BusyError(f"a newer change of {attempt.operation.unique_name} is under way")


async def is_at_work(operations: Operations, operation_id: str) -> bool:
    """Return whether an operation is being worked on. One that awaits approval, possibly for days, is not."""
    stored = await operations.read(operation_id)
    if stored is None:
        return False
    state = stored.value.state
    return not state.settled and state is not State.AWAITING_APPROVAL
