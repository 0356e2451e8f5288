"""Records credential removals, which happen in many places."""

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
    """Note that a credential was, or is about to be, removed from the directory, for `operation` if there is one.

    Call it before whatever keeps an attempt after a crash from getting here again. For a credential that was never
    handed out, that is the removal itself, which leaves no trace: there, note it first.
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
