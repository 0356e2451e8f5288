"""Protections of the product, switched off one at a time, each with the invariant that is then broken."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count

import pytest

from shared.core import log
from shared.core.errors import Problem, RegistrarError, UnavailableError
from shared.core.naming import SECRET_CONTENT_TYPE
from shared.credentials import issuing
from shared.credentials.issuing import CredentialPlan
from shared.model.application import ApplicationRecord
from shared.model.audit_entry import Entry, Kind
from shared.model.claim import Claim
from shared.model.directory import ApplicationState, Consent, PasswordCredential
from shared.model.operation import Operation
from shared.model.vault import VaultEntry
from shared.operations import answers as answering
from shared.operations import parties
from shared.operations.attempt import AppPorts, Attempt
from shared.policy import ownership
from shared.ports import Cleanup, CreatedApplication, IssuedPassword, Lease, Versioned
from shared.registration import application, cleanup, credentials, permissions, register, taking_back
from shared.rotation import rotate
from tests.fakes.leases import FakeLease
from tests.fakes.world import World
from tests.simulation import hosts


@dataclass(frozen=True)
class Sabotage:
    """One protection off: `switch_off` patches the code, `spoil` each world; `caught_by` starts the breach."""

    name: str
    caught_by: str
    switch_off: Callable[[pytest.MonkeyPatch], None] = lambda _: None
    spoil: Callable[[World], None] = lambda _: None
    first_seed: int = 0
    """The schedule to begin with: one that shows it, as far as is known, so that none is played for nothing."""


def _nothing(*_: object, **__: object) -> None:
    """Stands in for a check that finds nothing, and for an answer that means no."""


def _always(*_: object, **__: object) -> bool:
    """Stands in for a check that finds nothing wrong."""
    return True


async def _left_undone(*_: object, **__: object) -> None:
    """Stands in for a call that has no effect."""


def _blind_retry(world: World) -> None:
    issue = world.directory.add_password

    async def add_password(object_id: str, display_name: str, end: datetime) -> IssuedPassword:
        try:
            return await issue(object_id, display_name, end)
        except UnavailableError:
            return await issue(object_id, display_name, end)

    world.directory.add_password = add_password


def _no_vault_write(world: World) -> None:
    put = world.vault.put

    def forget(
        name: str,
        value: str,
        expires: datetime,
        tags: Mapping[str, str],
        content_type: str = SECRET_CONTENT_TYPE,
        thumbprint: str = "",
    ) -> VaultEntry:
        return put(name, "", expires, tags, content_type, thumbprint)

    world.vault.put = forget


def _no_lease(world: World) -> None:
    leases = world.leases

    @asynccontextmanager
    async def hold(unique_name: str) -> AsyncGenerator[Lease]:
        lease = FakeLease(leases, unique_name)
        lease.renewed += timedelta(days=999)
        yield lease

    leases.hold = hold


def _no_etags(world: World) -> None:
    save_operation, save_application = world.operations.save, world.applications.save

    async def save(operation: Operation, etag: str) -> str:
        return await save_operation(operation, world.operations.rows[operation.id][1])

    async def save_app(record: ApplicationRecord, etag: str) -> str:
        return await save_application(record, world.applications.rows.get(record.unique_name, ("", ""))[1])

    world.operations.save = save
    world.applications.save = save_app


def _no_locks(world: World) -> None:
    _no_lease(world)
    _no_etags(world)


def _reads_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Attempt, "is_recent", _nothing)


def _no_intent(patch: pytest.MonkeyPatch) -> None:
    with_credential = Operation.with_credential

    def forget(operation: Operation, name: str, **changes: object) -> Operation:
        changes.pop("intended_at", None)
        return with_credential(operation, name, **changes)

    patch.setattr(Operation, "with_credential", forget)


def _no_clean_up_entry(world: World) -> None:
    world.cleanups.put = _left_undone


def _lost_secrets_stay(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(issuing, "_remove_lost", _left_undone)


def _undo_in_words_only(patch: pytest.MonkeyPatch) -> None:
    async def undo(
        attempt: Attempt, wanted: CredentialPlan, object_id: str, issued: IssuedPassword, error: RegistrarError
    ) -> None:
        await attempt.save_operation(attempt.operation.with_credential(wanted.credential, intended_at=None))

    patch.setattr(issuing, "_undo", undo)


def _no_proof(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(register, "verify_sign_in", _left_undone)


def _no_proof_of_a_rotation(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(rotate, "verify_sign_in", _left_undone)


def _mark_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(register, "_not_managed", _nothing)
    patch.setattr(parties, "is_theirs", _always)


def _anybody_names_the_owner(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ownership.Standing, "names_count", property(lambda standing: standing.named is not None))


def _nobody_is_asked_who_owns_it(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(parties, "is_theirs", _always)


def _anybodys_secret_is_ours(patch: pytest.MonkeyPatch) -> None:
    def taken(*_: object) -> list[Problem]:
        return []

    patch.setattr(credentials, "_taken", taken)


def _failures_not_kept(world: World) -> None:
    world.queues.send_poison = _left_undone


def _no_clean_up_timer(patch: pytest.MonkeyPatch) -> None:
    async def clean_up(ports: AppPorts) -> int:
        async for entry in ports.cleanups.all():
            await ports.cleanups.remove(entry.unique_name, entry.operation_id)
        return 0

    patch.setattr(hosts, "clean_up", clean_up)


def _nothing_is_taken_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(register, "_narrow", _left_undone)


def _taken_back_once_it_was_sent(patch: pytest.MonkeyPatch) -> None:
    """A removal is believed whatever comes of it, and nobody looks at it again."""
    take_back = taking_back.take_back_consents

    async def believe(attempt: Attempt, principal_id: str | None, wanted: frozenset[Consent]) -> None:
        last = attempt.application.consent_write
        if last is None or not last.removed:
            await take_back(attempt, principal_id, wanted)

    async def forget(ports: AppPorts, entry: Cleanup) -> int:
        await ports.cleanups.remove(entry.unique_name, entry.operation_id)
        return 0

    patch.setattr(register, "take_back_consents", believe)
    patch.setattr(cleanup, "finish_taking_back", forget)


def _no_sequence_check(world: World) -> None:
    read = world.applications.read

    async def without_applied(unique_name: str) -> Versioned[ApplicationRecord]:
        stored = await read(unique_name)
        return Versioned(stored.value.model_copy(update={"applied_sequence": 0}), stored.etag)

    world.applications.read = without_applied


def _random_answer_id(patch: pytest.MonkeyPatch) -> None:
    numbers = count()

    def answer_id(*_: str) -> str:
        return f"{next(numbers)}"

    patch.setattr(answering, "answer_id", answer_id)


def _no_resume_timer(patch: pytest.MonkeyPatch) -> None:
    async def resume(*_: object) -> int:
        return 0

    patch.setattr(hosts, "resume_unsettled", resume)


def _no_reasons(*_: object) -> tuple[Problem, ...]:
    return ()


def _no_policy(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(permissions, "permission_breach", _nothing)
    # What policy does not give by itself would wait for somebody's approval all the same.
    patch.setattr(register, "approval_reasons", _no_reasons)


def _overwritten_collections(patch: pytest.MonkeyPatch) -> None:
    def replace(seen: object, wanted: ApplicationState, previous: object) -> ApplicationState:
        return wanted

    patch.setattr(application, "merge", replace)


def _create_instead_of_upsert(world: World) -> None:
    directory = world.directory
    upsert = directory.upsert_application

    async def create(unique_name: str, state: ApplicationState) -> CreatedApplication | None:
        if await directory.application(unique_name) is None:
            directory.applications.pop(unique_name, None)
        return await upsert(unique_name, state)

    directory.upsert_application = create


def _claims_not_kept(world: World) -> None:
    async def claim(claim: Claim) -> Claim:
        return claim

    async def claims(source: str, request_id: str) -> tuple[Claim, ...]:
        return ()

    world.operations.claim = claim
    world.operations.claims = claims


def _value_in_the_log(world: World) -> None:
    issue = world.directory.add_password

    async def add_password(object_id: str, display_name: str, end: datetime) -> IssuedPassword:
        issued = await issue(object_id, display_name, end)
        log.event("credential.issued", value=issued.value.reveal())
        return issued

    world.directory.add_password = add_password


def _no_note_of_the_end(world: World) -> None:
    note = world.audit.note

    async def skip(entry: Entry) -> None:
        if entry.kind != Kind.SETTLED:
            await note(entry)

    world.audit.note = skip


def _every_secret_is_ours(patch: pytest.MonkeyPatch) -> None:
    def is_lost(password: PasswordCredential, _: str, stored: set[str | None]) -> bool:
        return password.key_id not in stored

    patch.setattr(issuing, "_is_lost", is_lost)


SABOTAGES = (
    Sabotage("the application is created, not upserted", "1", spoil=_create_instead_of_upsert, first_seed=101),
    Sabotage("addPassword is repeated blindly", "2", spoil=_blind_retry),
    Sabotage("no intent is recorded before addPassword", "2", _no_intent),
    Sabotage("no clean-up entry is left", "2", spoil=_no_clean_up_entry, first_seed=154),
    Sabotage("clean-up entries are dropped, not worked off", "2", _no_clean_up_timer, first_seed=144),
    Sabotage("secrets whose value was lost stay", "2", _lost_secrets_stay),
    Sabotage("a secret that the vault refused is undone in words only", "2", _undo_in_words_only),
    Sabotage("a read is believed however old", "gone", _reads_believed, first_seed=34),
    Sabotage("no ETag on records", "5", spoil=_no_etags, first_seed=19),
    Sabotage("neither lease nor ETag", "gone", spoil=_no_locks, first_seed=22),
    Sabotage("the value does not reach the vault", "3", spoil=_no_vault_write),
    Sabotage("nobody signs in before the answer", "3", _no_proof),
    Sabotage("a rotation promotes what nobody has proven", "3", _no_proof_of_a_rotation),
    Sabotage("another's application is taken for ours", "4", _mark_ignored),
    Sabotage("another's vault secret is taken for ours", "4", _anybodys_secret_is_ours),
    Sabotage("nobody is asked who owns an app", "owner", _nobody_is_asked_who_owns_it),
    Sabotage("any owner may give an app away", "owner", _anybody_names_the_owner, first_seed=31),
    Sabotage("collections are overwritten, not merged", "4", _overwritten_collections),
    Sabotage("every unknown secret is taken for ours", "4", _every_secret_is_ours, first_seed=20),
    Sabotage("nothing is taken back", "gone", _nothing_is_taken_back, first_seed=44),
    Sabotage("what was taken back is not looked at again", "gone", _taken_back_once_it_was_sent),
    Sabotage("an older change comes after a newer one", "order", spoil=_no_sequence_check),
    Sabotage("answers have ids by chance", "5", _random_answer_id),
    Sabotage("nobody resumes what was left behind", "5", _no_resume_timer),
    Sabotage("a request is claimed as often as it is delivered", "5", spoil=_claims_not_kept),
    Sabotage("what failed is not kept", "5", spoil=_failures_not_kept, first_seed=23),
    Sabotage("a value is logged", "6", spoil=_value_in_the_log),
    Sabotage("policy is not asked", "7", _no_policy),
    Sabotage("the audit note of an end is skipped", "recorded", spoil=_no_note_of_the_end),
)

BACKED = {
    "no lease": "the ETags of the records make all but one attempt give way; both off is a sabotage of its own",
    "a lost lease goes unnoticed": "whoever took over has written the record, so its ETag stops the loser at the next "
    "save; that it stores no secret before that is a component test's",
    "a repeated write is taken for the only one": "it takes a write that arrives minutes late and another change just "
    "then, one schedule in thousands; it is a component test's",
    "the never-list": "policy gives nothing by default, and no policy here lists what the never-list refuses; with a "
    "policy that does, it is a unit test's",
}
"""Protections whose absence alone no, or hardly any, schedule shows, and why."""
