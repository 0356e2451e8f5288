"""Rolls back a request that was refused late: what it gave is taken back, and seen gone, before the answer is sent.

Consents and credentials are removed. The application and its service principal stay: deleted, they would hold their
name for thirty days. The answer names them, and the next request continues with them. What others made stays, and so
does what earlier requests gave. The record keeps the refusal, so that no attempt retries what was refused.
"""

from dataclasses import replace
from typing import Never

from shared.contract.request import RegistrationRequest, RotationRequest
from shared.core.errors import NotYetVisibleError, RejectedError, StillThereError
from shared.core.naming import is_pending, pending_secret_name, vault_secret_name
from shared.credentials.due import list_due
from shared.credentials.life import disabled
from shared.credentials.withdrawing import Withdrawn, forget, withdraw
from shared.model.holdings import Holdings
from shared.model.operation import Operation, Refusal
from shared.model.refusal import has_given, is_unnamed
from shared.operations.attempt import Attempt
from shared.registration.application import find_service_principal
from shared.registration.taking_back import record_intended_removal, take_back_consents

_STEP = "rollBack"


async def refuse(attempt: Attempt, rejected: RejectedError) -> Never:
    """Raise `rejected` once nothing is left that this operation gave, which the record keeps until then.

    Raises StillThereError, or a service's own error, while something may be left.
    """
    if attempt.operation.refusal is None:
        if not has_given(attempt.operation, attempt.application):
            raise rejected
        refusal = Refusal(at=attempt.now(), problems=rejected.problems)
        await attempt.save_operation(attempt.operation.model_copy(update={"refusal": refusal}))
    try:
        await _roll_back(attempt)
    except RejectedError as error:
        # The removal was refused, not the request: nothing may be answered before it is done.
        codes = ", ".join(problem.code for problem in error.problems)
        raise StillThereError(
            f"what the request was given cannot be taken back: the service refuses it ({codes})"
        ) from error
    raise rejected


async def _roll_back(attempt: Attempt) -> None:
    waiting: NotYetVisibleError | None = None
    async with attempt.step(_STEP):
        for part in (_end_credentials, _take_back_consents, _record_created_ids):
            try:
                await part(attempt)
            except NotYetVisibleError as error:
                waiting = waiting or error
        if waiting is not None:
            raise StillThereError(str(waiting)) from waiting


async def _end_credentials(attempt: Attempt) -> None:
    operation = attempt.operation
    begun = [name for name, made in operation.credentials.items() if made.has_begun]
    names = {name: _secret_names(operation, name) for name in begun}
    if not names:
        return
    withdrawn = await withdraw(attempt, names, await _kept(attempt, begun))
    await _update_due_index(attempt, withdrawn)
    await forget(attempt, names)


def _secret_names(operation: Operation, credential: str) -> tuple[str, ...]:
    """Return the vault names whose values are withdrawn; a rotation's promoted value stays: clients read it."""
    pending = pending_secret_name(operation.unique_name, credential)
    if isinstance(operation.request, RotationRequest):
        return (pending,)
    return (vault_secret_name(operation.unique_name, credential), pending)


async def _kept(attempt: Attempt, credentials: list[str]) -> frozenset[str]:
    """Return the keyIds that another change may have answered, and those that a rotation's clients read."""
    operation, record = attempt.operation, attempt.application
    if isinstance(operation.request, RegistrationRequest):
        is_applied = record.applied_sequence == operation.sequence
        return frozenset[str]() if is_applied else record.answered_to_others(operation.id)
    kept = set[str]()
    for name in credentials:
        if attempt.is_recent(operation.credential(name).promoting_at):
            raise NotYetVisibleError(f"the value of {name} may be on its way to where clients read it")
        for entry in await attempt.ports.vault.versions(
            operation.unique_name, vault_secret_name(operation.unique_name, name)
        ):
            kept |= {entry.tags.get("keyId", ""), entry.thumbprint}
    return frozenset(kept - {""})


async def _update_due_index(attempt: Attempt, withdrawn: Withdrawn) -> None:
    """Remove withdrawn credentials from the due index: they are not rotated."""
    for secret_name, versions in withdrawn.versions.items():
        made = [entry for entry in versions if entry in withdrawn.made]
        if made and not is_pending(secret_name):
            before = [replace(entry, enabled=True) if entry in made else entry for entry in versions]
            after = [disabled(entry, attempt.now()) if entry in made else entry for entry in versions]
            await list_due(attempt.ports.due, attempt.operation.unique_name, made[0].tags["credential"], before, after)


async def _take_back_consents(attempt: Attempt) -> None:
    """Remove the consents that this operation gave, and see them gone; those that another change took over stay."""
    given = attempt.application.given_by(attempt.operation.id)
    if not given:
        return
    await record_intended_removal(attempt, Holdings(consents=given))
    client_id = attempt.application.client_id
    principal = await find_service_principal(attempt, client_id) if client_id is not None else None
    principal_id = principal.object_id if principal is not None else None
    await take_back_consents(attempt, principal_id, attempt.application.granted - given)


async def _record_created_ids(attempt: Attempt) -> None:
    """Record the ids of what this operation created, if the answer with them was lost."""
    directory, record = attempt.ports.directory, attempt.application
    if not is_unnamed(attempt.operation, record):
        return
    write = record.application_write
    if record.object_id is None:
        seen = await directory.application(record.unique_name)
        if seen is None and write is not None and attempt.is_recent(write.at):
            raise NotYetVisibleError("the application may have been made, and the directory does not show it yet")
        if seen is not None:
            await attempt.save_application(object_id=seen.object_id, client_id=seen.client_id)
    record = attempt.application
    if record.client_id is None or record.service_principal_id is not None or record.principal_written_at is None:
        return
    principal = await directory.service_principal(record.client_id)
    if principal is None and attempt.is_recent(record.principal_written_at):
        raise NotYetVisibleError("the service principal may have been made, and the directory does not show it yet")
    if principal is not None:
        await attempt.save_application(service_principal_id=principal.object_id)
