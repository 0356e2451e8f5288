"""What ends `rejected` leaves no right and no live credential behind, however late the refusal came."""

import json
from collections.abc import Callable, Container
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.core.errors import Problem, RejectedError, UnavailableError
from shared.model.application import ApplicationRecord
from shared.model.operation import Operation, State
from tests.component.rotating import rotation_of, signing_in_with
from tests.component.test_narrowing import READ_WRITE, USER_READ, policy
from tests.component.test_tenant_rules import NO_SECRETS
from tests.fakes.directory import DIGITAL_TWINS
from tests.fakes.faults import Faults, Moment, WorkerDied
from tests.fakes.invariants import breaches
from tests.fakes.world import World, example

APP = "adt-client-dev"
SECRET = "adt-client-dev--client-secret"
ALWAYS = range(1, 1_000)
FORBIDDEN = "CredentialTypeNotAllowedAsPerAppPolicy"


def forbidden() -> RejectedError:
    """What Graph's refusal by the tenant's app management policy becomes."""
    return RejectedError([Problem("credentials", FORBIDDEN, "Credential type not allowed as per assigned policy.")])


def asking(request_id: str, *credentials: str, **changes: Any) -> dict[str, Any]:
    """A request for these client secrets."""
    request = example(requestId=request_id, **changes)
    (known,) = request["credentials"]
    request["credentials"] = [known | {"name": name} for name in credentials or ("client-secret",)]
    return request


def consents(world: World) -> set[object]:
    """What is consented to the one app in truth."""
    return set[object]().union(*world.directory.consented.values())


def enabled(world: World) -> list[str]:
    """Names of the vault's secrets of which somebody can read a version."""
    return [name for name, versions in world.vault.secrets.items() for each in versions if each.entry.enabled]


def _assert_nothing_is_left(world: World, what: str = "") -> None:
    """Rejected, told once with the ids of what stays, and no right and no live credential is there."""
    assert {each["data"]["status"] for each in world.queues.answers} == {"rejected"}, what
    (app,), (principal,) = world.directory.applications.values(), world.directory.principals.values()
    data = world.queues.answers[-1]["data"]
    ids = (data["clientId"], data["objectId"], data["servicePrincipalId"])
    assert ids == (app.client_id, app.object_id, principal), what
    assert consents(world) == set(), what
    assert (app.passwords, app.keys, enabled(world)) == ({}, {}, []), what
    assert breaches(world) == [], what
    assert (world.cleanups.rows, world.operations.unsettled, world.due.rows) == ({}, {}, {}), what


async def test_a_tenant_that_forbids_secrets_never_sees_a_consent() -> None:
    """The application, its principal, the credentials, the consent: so nothing has to be taken back, at once."""
    world = World()
    world.faults.next("graph add_password", "before", forbidden())
    await world.send(asking("R1"))
    (answer,) = world.queues.answers
    assert answer["data"]["status"] == "rejected"
    assert [each["code"] for each in answer["data"]["errors"]] == [FORBIDDEN]
    assert world.directory.consented == {}
    assert world.directory.applications[APP].passwords == {}
    assert world.vault.secrets == {}
    assert breaches(world) == []


async def test_of_two_secrets_the_first_goes_when_the_second_is_refused() -> None:
    """It was live, and its value in the vault: out of the directory, out of reach, and seen gone before the answer."""
    faults = _Refusing("graph add_password", times=(2,))
    world = World(faults=faults)
    await world.send(asking("R1", "first", "second"))
    (app,) = world.directory.applications.values()
    assert (app.passwords, world.directory.passwords_ever_issued) == ({}, 1)
    assert enabled(world) == []
    assert world.queues.answers == []
    assert world.operations.all()[0].reason == "taking_back"
    await world.settle()
    _assert_nothing_is_left(world)
    assert faults.refused == 1
    assert [each["code"] for each in world.queues.answers[0]["data"]["errors"]] == [FORBIDDEN]


async def test_the_answer_names_what_stays_and_the_next_request_goes_on_with_it() -> None:
    world = World()
    world.faults.next("graph add_password", "before", forbidden())
    data = (await world.run(asking("R1", owner="grace@contoso.example")))["data"]
    (app,), (principal,) = world.directory.applications.values(), world.directory.principals.values()
    ids = (data["clientId"], data["objectId"], data["servicePrincipalId"])
    assert ids == (app.client_id, app.object_id, principal)
    (note,) = data["notes"]
    assert note["code"] == "application_stays"
    assert "no admin consent and no credential" in note["message"]
    again = (await world.run(asking("R2", owner="grace@contoso.example")))["data"]
    assert again["status"] == "completed"
    assert (again["clientId"], again["servicePrincipalId"]) == (app.client_id, principal)
    assert "notes" not in again, "the founder names the owner, as with the request that was rejected"
    assert ApplicationRecord.model_validate_json(world.applications.rows[APP][0]).owner == "grace@contoso.example"
    assert consents(world) == {READ_WRITE}
    assert breaches(world) == []


async def test_what_was_taken_back_is_new_again_to_the_tenants_rules() -> None:
    """Its version lies disabled in the vault by the registrar itself: the next request asks for a new one."""
    world = World(faults=_Refusing("graph add_password", times=(2,)))
    await world.run(asking("R1", "first", "second"))
    world.policies.restrict(NO_SECRETS)
    await world.go_on(timedelta(hours=1))
    answer = await world.run(asking("R2", "first"))
    assert [(each["field"], each["code"]) for each in answer["data"]["errors"]] == [
        ("credentials[0].type", "tenant_forbids_secrets")
    ]
    assert world.directory.passwords_ever_issued == 1


async def test_somebody_elses_request_does_not_take_up_what_was_rejected() -> None:
    world = World()
    world.faults.next("graph add_password", "before", forbidden())
    await world.run(asking("R1"))
    data = (await world.run(asking("R2", requestedBy="mallory@contoso.example")))["data"]
    assert [each["code"] for each in data["errors"]] == ["not_owner"]
    assert (data["clientId"], "notes" in data) == (None, False)


async def test_a_rotation_waits_until_it_is_sure_that_its_credential_stays() -> None:
    """Its request is refused in the end: what had replaced the credential would stay, and the answer deny it."""
    world = World(faults=_Refusing("graph write_consents", times=(1,)))
    world.faults.next("graph write_consents", "before", UnavailableError("no answer"))
    await world.send(asking("R1"))
    assert enabled(world) == [SECRET]
    await world.send(rotation_of("client-secret"))
    assert (world.queues.answers, world.directory.passwords_ever_issued) == ([], 1)
    await world.settle()
    told = {each["data"]["requestId"]: each["data"]["errors"][0]["code"] for each in world.queues.answers}
    assert told == {"R1": FORBIDDEN, "ROT1": "unknown_credential"}
    (app,) = world.directory.applications.values()
    assert (consents(world), app.passwords, enabled(world), world.due.rows) == (set(), {}, [], {})
    assert breaches(world) == []


async def test_what_was_taken_back_is_not_replaced() -> None:
    """It lies disabled in the vault; an application that nobody was given gets no credential by way of a rotation."""
    world = World(faults=_Refusing("graph add_password", times=(2,)))
    await world.run(asking("R1", "first", "second"))
    answer = await world.run(rotation_of("first"))
    assert [(each["field"], each["code"]) for each in answer["data"]["errors"]] == [
        ("credential", "unknown_credential")
    ]
    assert world.directory.applications[APP].passwords == {}
    assert breaches(world) == []


async def test_a_rotation_that_waited_is_made_once_the_request_is_completed() -> None:
    world = World()
    world.faults.next("graph write_consents", "before", UnavailableError("no answer"))
    await world.send(asking("R1"))
    await world.send(rotation_of("client-secret"))
    assert world.directory.passwords_ever_issued == 1
    await world.settle()
    assert [each["data"]["status"] for each in world.queues.answers] == ["completed", "completed"]
    assert world.directory.passwords_ever_issued == 2
    assert breaches(world) == []


async def test_a_leaked_value_does_not_wait_for_the_request_that_gave_it() -> None:
    world = World()
    world.faults.next("graph write_consents", "before", UnavailableError("no answer"))
    await world.send(asking("R1"))
    (leaked,) = world.directory.applications[APP].passwords
    await world.send(rotation_of("client-secret", revokePrevious={"within": "PT10M"}))
    assert leaked not in world.directory.applications[APP].passwords
    assert [each["data"]["status"] for each in world.queues.answers] == ["completed"]


@pytest.mark.parametrize("leaked", [False, True])
async def test_a_rotation_does_not_end_with_what_a_request_issued_that_may_take_it_back(leaked: bool) -> None:
    """Its own waits for its proof; then a request replaces the old one, which somebody removed, and is refused once
    its certificate is proven."""
    world = World(policy(), faults=_Refusing("graph write_consents", times=(2,)))
    await world.run(asking("R1"))
    await world.go_on(timedelta(hours=1))
    world.directory.secret_delay = timedelta(minutes=10)
    await world.send(rotation_of("client-secret", **({"revokePrevious": {"within": "PT1H"}} if leaked else {})))
    (app,) = world.directory.applications.values()
    world.directory.remove_by_hand(APP, next(iter(app.passwords)))
    request = asking("R2")
    request["application"]["apiPermissions"] += [{"api": "Microsoft Graph", "delegated": ["User.Read"]}]
    request["credentials"] += [{"name": "pair", "type": "certificate", "lifetimeDays": 90}]
    world.directory.secret_delay = timedelta(hours=2)
    await world.send(request)
    for password in app.passwords.values():
        password.active_from = world.clock.now()
    assert (len(app.passwords), len(world.vault.secrets[SECRET])) == (2, 2)
    await world.go_on(timedelta(minutes=30))
    assert [each["data"]["requestId"] for each in world.queues.answers] == ["R1"]
    await world.settle()
    told = {each["data"]["requestId"]: each["data"] for each in world.queues.answers}
    assert [each["code"] for each in told["R2"]["errors"]] == [FORBIDDEN]
    assert list(app.passwords) == [told["ROT1"]["credentials"][0]["keyId"]]
    assert signing_in_with(world, SECRET)[-1]
    assert consents(world) == {READ_WRITE}
    assert breaches(world) == []


async def test_a_refusal_of_the_taking_back_ends_nothing() -> None:
    """Graph refuses to remove the first secret, by a rule of the tenant's: while it is there, nothing is answered."""
    world = World(faults=_Refusing("graph add_password", times=(2,)))
    world.faults.next("graph remove_password", "before", forbidden())
    await world.send(asking("R1", "first", "second"))
    assert len(world.directory.applications[APP].passwords) == 1
    assert (world.queues.answers, world.operations.all()[0].reason) == ([], "taking_back")
    await world.settle()
    _assert_nothing_is_left(world)


async def test_a_certificate_goes_whose_removal_got_no_answer() -> None:
    """Nobody was told its keyId when it was added, and the app's last write of certificates is its removal by then."""
    world = World(policy())
    world.directory.lag = timedelta(seconds=40)
    request = asking("R1")
    request["credentials"] = [{"name": "pair", "type": "certificate", "lifetimeDays": 90}]
    await world.send(request)
    while not world.directory.applications[APP].keys:
        await world.go_on(timedelta(seconds=5))
    await world.send(asking("R2"))
    world.faults.next("graph write_keys", "before", UnavailableError("no answer"))
    await world.settle()
    assert [each["data"]["status"] for each in world.queues.answers] == ["completed", "rejected"]
    assert world.directory.applications[APP].keys == {}
    assert breaches(world) == []


async def test_a_certificate_that_a_failed_request_had_taken_up_goes_with_the_request_that_issued_it() -> None:
    """Nobody was told of it, and clients do not read a value that signs nobody in: its version is out of reach."""
    faults = _Refusing("graph write_consents", times=())
    world = World(policy(), faults=faults)
    pair = [{"name": "pair", "type": "certificate", "lifetimeDays": 90}]
    world.directory.secret_delay = timedelta(minutes=30)
    await world.send(asking("R1") | {"credentials": pair})
    world.clock.advance(timedelta(minutes=31))
    faults.down = True
    await world.send(asking("R2") | {"credentials": pair})
    (newest,) = world.vault.secrets["adt-client-dev--pair"]
    first, second = (each for each in world.operations.all() if each.state is State.WAITING)
    assert newest.entry.tags["operationId"] == second.id
    await world.settle()
    assert {each["data"]["status"] for each in world.queues.answers} == {"failed"}
    faults.down, world.directory.secret_delay = False, timedelta(0)
    await world.run(asking("R3"))
    (app,) = world.directory.applications.values()
    assert len(app.keys) == 1
    await world.registrar.replays.replay(first.id)
    await world.settle()
    assert [each["code"] for each in world.queues.answers[-1]["data"]["errors"]] == ["superseded"]
    assert (app.keys, enabled(world)) == ({}, [SECRET])
    assert breaches(world) == []


async def test_what_the_app_had_before_stays() -> None:
    """A change that is refused late: its own consent and credential go, the first request's stay as they were."""
    faults = _Refusing("graph write_consents", times=(2,))
    world = World(policy(), faults=faults)
    before = await world.run(asking("R1"))
    world.clock.advance(timedelta(hours=1))
    change = asking("R2", "client-secret", "another")
    change["application"]["apiPermissions"] += [{"api": "Microsoft Graph", "delegated": ["User.Read"]}]
    data = (await world.run(change))["data"]
    assert data["status"] == "rejected"
    assert data["clientId"] == before["data"]["clientId"]
    assert consents(world) == {READ_WRITE}
    (app,) = world.directory.applications.values()
    assert list(app.passwords) == [before["data"]["credentials"][0]["keyId"]]
    assert enabled(world) == [SECRET]
    assert breaches(world) == []
    data = (await world.run(change | {"requestId": "R3"}))["data"]
    assert data["status"] == "completed"
    assert consents(world) == {READ_WRITE, USER_READ}
    assert sorted(set(enabled(world))) == [f"{APP}--another", SECRET]
    assert breaches(world) == []


async def test_a_consent_that_was_given_before_the_refusal_goes() -> None:
    """Two consents are two writes: the first one took effect."""
    world = World(policy(), faults=_Refusing("graph write_consents", times=(2,)))
    request = asking("R1")
    request["application"]["apiPermissions"] += [{"api": "Microsoft Graph", "delegated": ["User.Read"]}]
    await world.run(request)
    _assert_nothing_is_left(world)


async def test_a_request_that_is_overtaken_by_what_it_finds_leaves_nothing() -> None:
    """It had given all of it, and waited: its API then offers the permission no more."""
    world = World()
    world.directory.secret_delay = timedelta(hours=2)
    await world.send(asking("R1"))
    assert consents(world) == {READ_WRITE}
    _offer_nothing(world)
    await world.settle()
    _assert_nothing_is_left(world)


@pytest.mark.parametrize("lag", [timedelta(0), timedelta(seconds=45), timedelta(minutes=4)])
async def test_nothing_is_answered_before_it_is_seen_gone(lag: timedelta) -> None:
    world = World(faults=_Refusing("graph add_password", times=(2,)))
    world.directory.lag = lag
    await world.send(asking("R1", "first", "second"))
    while not world.queues.answers:
        await world.go_on(timedelta(minutes=1))
    (app,) = world.directory.applications.values()
    assert app.passwords == {}
    assert enabled(world) == []
    await world.settle()
    _assert_nothing_is_left(world)


async def test_a_consent_is_seen_gone_before_its_request_is_told() -> None:
    """Nothing but consents was given: reads show the grant for some minutes more."""
    world = World(policy(), faults=_Refusing("graph write_consents", times=(2,)))
    world.directory.lag = timedelta(minutes=4)
    request = asking("R1")
    request["credentials"] = []
    request["application"]["apiPermissions"] += [{"api": "Microsoft Graph", "delegated": ["User.Read"]}]
    await world.send(request)
    while not world.queues.answers:
        await world.go_on(timedelta(minutes=1))
    assert consents(world) == set()
    (record,) = (ApplicationRecord.model_validate_json(text) for text, _ in world.applications.rows.values())
    assert record.granted == frozenset()
    await world.settle()
    _assert_nothing_is_left(world)


async def test_what_was_refused_is_not_tried_again() -> None:
    """The rule is gone by the next attempt: the refusal stands all the same, and is what is told."""
    world = World(faults=_Refusing("graph add_password", times=(2,)))
    await world.send(asking("R1", "first", "second"))
    assert world.directory.passwords_ever_issued == 1
    await world.settle()
    assert world.directory.passwords_ever_issued == 1
    _assert_nothing_is_left(world)
    data = (await world.run(asking("R2", "first", "second")))["data"]
    assert (data["status"], len(data["credentials"])) == ("completed", 2)
    assert breaches(world) == []


async def test_what_a_newer_request_has_made_its_own_stays() -> None:
    """The older one had issued a secret and waited; the newer one answered with it, and overtook it."""
    world = World()
    world.directory.secret_delay = timedelta(minutes=30)
    await world.send(asking("R1"))
    assert world.directory.passwords_ever_issued == 1
    world.clock.advance(timedelta(minutes=31))
    await world.send(asking("R2"))
    answered = {each["data"]["requestId"]: each["data"] for each in world.queues.answers}
    assert answered["R2"]["status"] == "completed"
    await world.settle()
    answered = {each["data"]["requestId"]: each["data"] for each in world.queues.answers}
    assert [each["code"] for each in answered["R1"]["errors"]] == ["superseded"]
    (app,) = world.directory.applications.values()
    assert list(app.passwords) == [answered["R2"]["credentials"][0]["keyId"]]
    assert (enabled(world), consents(world)) == ([SECRET], {READ_WRITE})
    assert breaches(world) == []


async def test_a_worker_that_dies_before_it_records_what_was_applied_leaves_nothing_of_a_refusal() -> None:
    """All of it was given and noted as applied; then the directory offers the permission no more."""
    faults = _DyingAt(await _calls_until_settled())
    world = World(faults=faults)
    faults.last_act = lambda: (_offer_nothing(world), world.clock.advance(timedelta(hours=1)))
    await world.send(asking("R1"))
    (record,) = (ApplicationRecord.model_validate_json(text) for text, _ in world.applications.rows.values())
    assert record.applied_sequence == 1
    await world.settle()
    _assert_nothing_is_left(world)


async def test_a_request_overtaken_after_it_was_noted_as_applied_keeps_only_what_the_newer_one_answered() -> None:
    """Its requester was told of nothing: what it noted as its own answer is no reason for a credential to stay."""
    undisturbed, world = World(), World()
    await undisturbed.run(asking("R1", "first", "second"))
    noted = [index for index, call in enumerate(undisturbed.faults.calls) if call == "table save app"][-1]
    world.faults.at(noted, "after", UnavailableError("503"))
    await world.send(asking("R1", "first", "second"))
    (app,) = world.directory.applications.values()
    assert (len(app.passwords), world.queues.answers) == (2, [])
    await world.send(asking("R2", "first"))
    await world.settle()
    answered = {each["data"]["requestId"]: each["data"] for each in world.queues.answers}
    assert [each["code"] for each in answered["R1"]["errors"]] == ["superseded"]
    assert answered["R2"]["status"] == "completed"
    assert list(app.passwords) == [answered["R2"]["credentials"][0]["keyId"]]
    assert (enabled(world), consents(world)) == (["adt-client-dev--first"], {READ_WRITE})
    assert breaches(world) == []


async def _calls_until_settled() -> int:
    """Number of the call by which the operation of an undisturbed request is saved as completed."""
    world = World()
    await world.run(asking("R1"))
    saves = [index for index, call in enumerate(world.faults.calls) if call == "table save"]
    last = [index for index in saves if index < world.faults.calls.index("queue answer")]
    return last[-1]


def _offer_nothing(world: World) -> None:
    offered = [replace(each, enabled=False) for each in DIGITAL_TWINS.permissions]
    world.directory.apis[0] = replace(DIGITAL_TWINS, permissions=tuple(offered))


async def test_rows_of_before_know_no_refusal_and_no_giver() -> None:
    world = World()
    await world.run(asking("R1"))
    ((text, _),), (row, _) = world.operations.rows.values(), world.applications.rows[APP]
    operation, record = json.loads(text), json.loads(row)
    del operation["refusal"]
    for name in ("given", "answered", "withdrawn"):
        del record[name]
    assert Operation.model_validate(operation).refusal is None
    read = ApplicationRecord.model_validate(record)
    assert (read.given_by("a" * 32), read.answered, read.withdrawn) == (frozenset(), {}, {})


@pytest.mark.parametrize(
    ("kind", "moment", "trouble"),
    [
        ("secret", "before", WorkerDied),
        ("secret", "after", WorkerDied),
        ("secret", "after", lambda: UnavailableError("connection lost")),
        ("certificate", "after", WorkerDied),
    ],
    ids=["secret-before", "secret-after", "secret-answer-lost", "certificate-after"],
)
async def test_whatever_happens_at_any_call_nothing_is_left(
    moment: Moment, trouble: Callable[[], BaseException], kind: str
) -> None:
    request = asking("R1", "first")
    request["credentials"][0]["type"] = kind
    for index in range(await _calls_of_a_refusal(request)):
        faults = _Refusing("graph write_consents", times=ALWAYS)
        faults.at(index, moment, trouble())
        world = World(faults=faults)
        await world.send(request)
        await world.settle()
        assert faults.refused, f"{moment} call {index}, {faults.calls[index]}"
        _assert_nothing_is_left(world, f"{moment} call {index}, {faults.calls[index]}")


async def _calls_of_a_refusal(request: dict[str, Any]) -> int:
    world = World(faults=_Refusing("graph write_consents", times=ALWAYS))
    await world.send(request)
    await world.settle()
    return len(world.faults.calls)


class _DyingAt(Faults):
    """The worker dies before the call with this number, and something happens while it is away."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self._index = index
        self.last_act: Callable[[], object] = lambda: None

    async def call[R](self, name: str, effect: Callable[[], R]) -> R:
        if len(self.calls) == self._index:
            self.calls.append(name)
            self.last_act()
            raise WorkerDied
        return await super().call(name, effect)


class _Refusing(Faults):
    """Graph refuses calls of this name by the tenant's rules: of those that it could carry out, these, from 1."""

    def __init__(self, name: str, times: Container[int]) -> None:
        super().__init__()
        self._name, self._times, self._asked = name, times, 0
        self.refused = 0
        self.down = False
        """Whether none of these calls gets through at all."""

    async def call[R](self, name: str, effect: Callable[[], R]) -> R:
        def refused() -> R:
            if name == self._name and self.down:
                raise UnavailableError("503")
            if name == self._name and self._asked + 1 in self._times:
                self._asked, self.refused = self._asked + 1, self.refused + 1
                raise forbidden()
            answer = effect()
            self._asked += name == self._name
            return answer

        return await super().call(name, refused)
