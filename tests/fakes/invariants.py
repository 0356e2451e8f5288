"""The in-memory world as the evidence that the one checker judges: never through the product's eyes.

`breaches` is for a world in which all has come to rest; `unusable` holds at every moment.
"""

import json
import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from doctor.collect import rows
from doctor.evidence import (
    Application,
    Approval,
    Consent,
    Evidence,
    Intent,
    KeptMessage,
    Key,
    Leak,
    Password,
    Permission,
    Record,
    RequiredPermission,
    SecretVersion,
    Seen,
    ServicePrincipal,
    VaultSecret,
)
from doctor.invariants.case import Case
from doctor.invariants.credentials import unusable as unusable_secret
from doctor.invariants.owners import disagreeing_owners
from shared.contract.request import RegistrationRequest, Request, RotationRequest
from shared.model.operation import Operation
from tests.fakes.auditing import unrecorded
from tests.fakes.directory_state import FakeApplication, Write
from tests.fakes.vault import FakeVersion
from tests.fakes.world import World
from tests.witness import judgement
from tests.witness.at_rest import AT_REST
from tests.witness.knowledge import Foreign, ForeignUri, Witnessed

_VALUE = re.compile(r"value-\d+|CN=\S+ pair \d+")
"""What the fake directory's secrets and the fake vault's pairs look like."""


def breaches(world: World) -> list[str]:
    """Every breach of an invariant in a settled world; each begins with the number of its invariant."""
    evidence, policy = _evidence(world), world.services.policy
    found = judgement.breaches(evidence, _witnessed(world), policy, AT_REST)
    owners = disagreeing_owners(Case(evidence, policy, AT_REST))
    return [
        *map(str, found),
        *(f"tag: {each}" for each in owners),
        *(f"recorded: {each}" for each in unrecorded(world)),
    ]


def unusable(world: World, secrets: Iterable[str]) -> list[str]:
    """Invariant 3: which of these vault secrets hold a value that does not sign in, if they are there at all."""
    case = Case(Evidence(now=world.clock.now()), world.services.policy, AT_REST)
    there = (name for name in secrets if name in world.vault.secrets)
    return [str(breach) for name in there for breach in unusable_secret(case, _secret(world, name))]


def _evidence(world: World) -> Evidence:
    directory, vault = world.directory, world.vault
    return Evidence(
        now=world.clock.now(),
        applications=Seen(tuple(_application(name, app) for name, app in directory.applications.items())),
        principals=Seen((*_apis(world), *_principals(world))),
        consents=Seen(_consents(world)),
        secrets=Seen(tuple(_secret(world, name) for name in vault.secrets)),
        records=Seen(tuple(_record(operation) for operation in world.operations.all())),
        owners=Seen(tuple(rows.app_owner({"value0": text}) for text, _ in world.applications.rows.values())),
        pending_removals=Seen(
            tuple(rows.pending_removal({"value0": text}) for text, _ in world.applications.rows.values())
        ),
        audit_entries=Seen(tuple(each for text in world.audit.texts() if (each := rows.audit_entry(text)) is not None)),
        kept=Seen(
            tuple(KeptMessage(each["operationId"], each["generation"], each["reason"]) for each in world.queues.poison)
        ),
        leaks=Seen(_leaks(world)),
    )


def _witnessed(world: World) -> Witnessed:
    return Witnessed(
        answers=tuple(world.queues.answers),
        events=tuple(world.queues.events),
        foreign=_foreign(world),
        made=world.directory.made_applications + world.directory.made_principals,
        arrivals_differ=True,
    )


def _application(name: str, app: FakeApplication) -> Application:
    state = app.state
    return Application(
        object_id=app.object_id,
        client_id=app.client_id,
        unique_name=name,
        display_name=state.display_name,
        tags=state.tags,
        passwords=tuple(
            Password(key_id, password.credential.display_name, None, password.credential.end)
            for key_id, password in app.passwords.items()
        ),
        keys=tuple(
            Key(key_id, key.credential.display_name, None, key.credential.end, key.credential.thumbprint)
            for key_id, key in app.keys.items()
        ),
        required=frozenset(
            RequiredPermission(each.resource_app_id, each.id, each.type) for each in state.required_permissions
        ),
        redirect_uris=state.web_redirect_uris | state.spa_redirect_uris | state.public_client_redirect_uris,
        content=state,
    )


def _apis(world: World) -> Iterable[ServicePrincipal]:
    for api in world.directory.apis:
        permissions = tuple(Permission(each.id, each.name, each.type) for each in api.permissions)
        yield ServicePrincipal(api.service_principal_id, api.app_id, api.display_name, permissions)


def _principals(world: World) -> Iterable[ServicePrincipal]:
    for client_id, object_id in world.directory.principals.items():
        yield ServicePrincipal(object_id, client_id, client_id)


def _consents(world: World) -> tuple[Consent, ...]:
    return tuple(
        Consent(principal, consent.resource_id, consent.type, consent.name)
        for principal, consents in world.directory.consented.items()
        for consent in consents
    )


def _secret(world: World, name: str) -> VaultSecret:
    return VaultSecret("", name, tuple(_version(world, version) for version in world.vault.secrets[name]))


def _version(world: World, version: FakeVersion) -> SecretVersion:
    entry = version.entry
    app = world.directory.applications.get(entry.tags.get("uniqueName", ""))
    signs_in = app is not None and world.directory.signs_in(app, version.value)
    return SecretVersion(
        entry.version, entry.enabled, entry.created, entry.expires, entry.tags, signs_in, entry.thumbprint
    )


def _credentials(request: Request) -> tuple[str, ...]:
    if isinstance(request, RotationRequest):
        return (request.credential,)
    return tuple(credential.name for credential in request.credentials)


def _record(operation: Operation) -> Record:
    request, stored = operation.request, rows.record({"value0": operation.model_dump_json()})
    return Record(
        id=operation.id,
        source=operation.request.source,
        request_id=operation.request.request_id,
        unique_name=operation.unique_name,
        display_name=request.application.display_name if isinstance(request, RegistrationRequest) else None,
        state=operation.state.value,
        generation=operation.generation,
        sequence=operation.sequence,
        accepted_at=operation.accepted_at,
        started_at=operation.started_at,
        credentials=_credentials(request),
        intents={name: Intent(made.intended_at, made.key_id) for name, made in operation.credentials.items()},
        reason=operation.reason,
        next_attempt=operation.next_attempt,
        requested=stored.requested,
        made_by_others=stored.made_by_others,
        answer_time=operation.answer.time if operation.answer else None,
        answered_at=operation.answered_at,
        channel=operation.channel,
        is_taken_back=operation.refusal is not None,
        approval=_approval(operation),
    )


def _approval(operation: Operation) -> Approval | None:
    decision = operation.approval.decision if operation.approval is not None else None
    if decision is None or decision.outcome != "approved":
        return None
    parties = (operation.requester_id, operation.found_owner_id)
    by = decision.decided_by_object_id or decision.decided_by
    return Approval(by, frozenset(each for each in parties if each is not None))


def _foreign(world: World) -> Foreign:
    foreign, apps = world.directory.foreign, world.directory.applications
    return Foreign(
        applications=tuple(
            _application(name, FakeApplication(apps[name].object_id, apps[name].client_id, state))
            for name, state in foreign.applications.items()
            if name in apps
        ),
        passwords=frozenset((apps[name].object_id, key_id) for name, key_id in foreign.passwords if name in apps),
        redirect_uris=frozenset(_redirect_uris(world)),
        consents=frozenset(
            Consent(principal, consent.resource_id, consent.type, consent.name)
            for principal, consent in foreign.consents
        ),
    )


def _redirect_uris(world: World) -> Iterable[ForeignUri]:
    directory, window = world.directory, world.services.lag_window
    for name, uri, at in directory.foreign.redirect_uris:
        overtaken = any(write.unique_name == name and _may_undo(write, at, window) for write in directory.writes)
        if not overtaken and name in directory.applications:
            yield ForeignUri(directory.applications[name].object_id, uri)


def _may_undo(write: Write, edited: datetime, window: timedelta) -> bool:
    """Return whether it replaces whole, from a read that could not show the edit: what no client of Graph can avoid.

    That is a write within the lag window after the edit; and one that Graph held for longer than that window (not
    promised), if it was sent when the edit was as young.
    """
    held = write.at - write.sent > window
    return edited <= write.at and (write.sent if held else write.at) <= edited + window


def _leaks(world: World) -> tuple[Leak, ...]:
    queues = json.dumps([world.queues.answers, world.queues.events, world.queues.poison])
    records = (world.operations.rows, world.applications.rows, world.cleanups.rows, world.ticket_updates.rows)
    tables = f"{records}{world.audit.texts()}"
    places = {"a queue": queues, "a table": tables, "the log": "\n".join(world.log)}
    return tuple(Leak(value, place) for place, text in places.items() for value in sorted(set(_VALUE.findall(text))))
