"""The one checker of the seven invariants, over the in-memory world as it stands: never through the product's eyes.

Every breach begins with the number of its invariant. `breaches` is for a world in which all has come to
rest; `unusable` holds at every moment.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from shared.naming import APPLICATION_TAG, operation_of, vault_secret_name
from shared.operation import Operation, State
from shared.policy.never import is_never_allowed
from tests.fakes.directory import FakeApplication
from tests.fakes.world import World

_VALUE = re.compile(r"value-\d+")
"""What the fake directory's secrets look like."""


def breaches(world: World) -> list[str]:
    """Every breach of an invariant in a settled world."""
    return [
        *_more_than_one(world),
        *_lost_values(world),
        *unusable(world, _stored_by_us(world)),
        *_touched(world),
        *_answers(world),
        *_order(world),
        *_leaks(world),
        *_excess(world),
    ]


def unusable(world: World, secrets: Iterable[str]) -> list[str]:
    """Invariant 3: which of these vault secrets hold a value that does not sign in."""
    found = list[str]()
    for name in secrets:
        newest = world.vault.secrets[name][-1]
        app = world.directory.applications.get(newest.entry.tags["uniqueName"])
        if app is None or not world.directory.signs_in(app, newest.value):
            found.append(f"3: {name}: its value does not sign in")
    return found


def _stored_by_us(world: World) -> list[str]:
    return [n for n, versions in world.vault.secrets.items() if versions[-1].entry.tags.get("managedBy") == "registrar"]


def _ours(world: World) -> Iterator[tuple[str, FakeApplication]]:
    for name, app in world.directory.applications.items():
        if APPLICATION_TAG in app.state.tags:
            yield name, app


def _more_than_one(world: World) -> Iterator[str]:
    directory = world.directory
    for name, made in (directory.made_applications + directory.made_principals).items():
        if made > 1:
            yield f"1: {name} was made {made} times"


def _lost_values(world: World) -> Iterator[str]:
    kept = [version for versions in world.vault.secrets.values() for version in versions]
    stored = {version.entry.tags.get("keyId"): version.value for version in kept}
    for name, app in _ours(world):
        for key_id, password in app.passwords.items():
            mine = operation_of(password.credential.display_name) is not None
            if mine and stored.get(key_id) != password.value:
                yield f"2: {name}: the live secret {key_id} is not in the vault"


def _touched(world: World) -> Iterator[str]:
    directory, foreign = world.directory, world.directory.foreign
    for name, state in foreign.applications.items():
        if name not in directory.applications or directory.applications[name].state != state:
            yield f"4: the foreign application {name} was touched"
    for name, uri, at in foreign.redirect_uris:
        window = at + world.services.lag_window
        # The exception that no client of Graph can avoid: a collection is replaced whole, from a read that lags.
        overtaken = any(written == name and at <= moment <= window for written, moment in directory.writes)
        if not overtaken and uri not in directory.applications[name].state.web_redirect_uris:
            yield f"4: {name}: the redirect URI {uri} that somebody added is gone"
    for name, key_id in foreign.passwords:
        if key_id not in directory.applications[name].passwords:
            yield f"4: {name}: the secret {key_id} that somebody made is gone"
    for principal, consent in foreign.consents:
        if consent not in directory.consented[principal]:
            yield f"4: {principal}: the consent {consent.name} that somebody gave is gone"
    for name, versions in world.vault.secrets.items():
        if {version.entry.tags.get("managedBy") for version in versions} == {"registrar", None}:
            yield f"4: the foreign vault secret {name} was written"


def _answers(world: World) -> Iterator[str]:
    by_id: dict[str, dict[str, Any]] = {}
    by_operation: dict[str, set[str]] = {}
    one_id: dict[str, str] = {}
    for answer in world.queues.answers:
        if by_id.setdefault(answer["id"], answer) != answer:
            yield f"5: two different answers with the id {answer['id']}"
        by_operation.setdefault(answer["data"]["operationId"], set()).add(answer["id"])
        # Without an operation, the answer is derived from its message: the arrival tells messages apart.
        if answer["data"]["operationId"] is None and one_id.setdefault(_content(answer), answer["id"]) != answer["id"]:
            yield f"5: one unreadable message has several answers, {answer['id']} among them"
    keys = set[tuple[str, str]]()
    for operation in world.operations.all():
        key = (operation.request.source, operation.request.request_id)
        if key in keys:
            yield f"5: {key} has two operations"
        keys.add(key)
        finals = by_operation.get(operation.id, set[str]())
        if len(finals) != operation.generation:
            yield f"5: {operation.request.request_id}: {len(finals)} final answers"
        if not operation.state.settled or operation.answered_at is None:
            yield f"5: {operation.request.request_id}: {operation.state}, answered at {operation.answered_at}"
        if operation.state is State.FAILED and all(p["operationId"] != operation.id for p in world.queues.poison):
            yield f"5: {operation.request.request_id} failed and was not kept"


def _content(answer: dict[str, Any]) -> str:
    return json.dumps([answer["time"], answer["data"]], sort_keys=True)


def _order(world: World) -> Iterator[str]:
    """What stands is never older than the newest completed change; what that one answered is in the vault."""
    newest: dict[str, Operation] = {}
    sequences: dict[tuple[str, str], int] = {}
    for operation in world.operations.all():
        name, sequence = operation.unique_name, operation.sequence
        sequences[(name, operation.request.application.display_name)] = sequence
        if operation.state is State.COMPLETED and (name not in newest or newest[name].sequence < sequence):
            newest[name] = operation
    for name, operation in newest.items():
        app = world.directory.applications.get(name)
        if app is not None and sequences.get((name, app.state.display_name), 0) < operation.sequence:
            yield f"order: {name} is older than change {operation.sequence} left it"
        for credential in operation.request.credentials:
            if vault_secret_name(name, credential.name) not in world.vault.secrets:
                yield f"3: {name}: the answered secret {credential.name} is not in the vault"


def _leaks(world: World) -> Iterator[str]:
    queues = json.dumps([world.queues.answers, world.queues.events, world.queues.poison])
    tables = f"{world.operations.rows}{world.applications.rows}{world.cleanups.rows}"
    for value in sorted({*_VALUE.findall(queues), *_VALUE.findall(tables), *_VALUE.findall("\n".join(world.log))}):
        yield f"6: {value} leaked"


def _excess(world: World) -> Iterator[str]:
    """Permissions and consents of our apps beyond policy, decided by ids as the directory has them."""
    allowed, consents = set[tuple[str, str]](), set[tuple[str, str]]()
    for api in world.directory.apis:
        rules = world.services.policy.api(api.app_id)
        if rules is None:
            continue
        for permission in api.permissions:
            names = rules.delegated if permission.type == "Scope" else rules.application
            if permission.name in names and not is_never_allowed(api.app_id, permission.id, permission.name):
                allowed.add((api.app_id, permission.id))
                consents.add(
                    (api.service_principal_id, permission.name if permission.type == "Scope" else permission.id)
                )
    foreign = {consent for _, consent in world.directory.foreign.consents}
    for name, app in _ours(world):
        asked = {(required.resource_app_id, required.id) for required in app.state.required_permissions}
        given = world.directory.consented.get(world.directory.principals.get(app.client_id, ""), set()) - foreign
        if asked - allowed or {(consent.resource_id, consent.name) for consent in given} - consents:
            yield f"7: {name} has permissions that policy does not give"
