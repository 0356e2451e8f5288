"""Notes of removals, which come from many places."""

from datetime import datetime

from shared.audit.events import Removal, credential_removed
from shared.model.operation import Operation
from shared.ports import Audit


async def note_removal(
    audit: Audit,
    at: datetime,
    unique_name: str,
    key_id: str,
    why: Removal,
    *,
    object_id: str,
    secret_name: str,
    version: str | None = None,
    operation: Operation | None = None,
) -> None:
    """Note that a credential left, or now leaves, the directory; `operation` is the one that has it done, if any does.

    It goes before whatever keeps an attempt after a crash from coming here again. For what was issued to nobody that is
    the removal itself, of which nothing is left to be seen: there the entry comes first.
    """
    entry = credential_removed(
        unique_name,
        key_id,
        why,
        at,
        object_id=object_id,
        secret_name=secret_name,
        version=version,
        operation=operation,
    )
    await audit.note(entry)
