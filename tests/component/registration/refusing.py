"""What the tests of late refusals share: requests, a Graph that refuses in the middle, and what must not be left."""

from collections.abc import Callable, Container
from dataclasses import replace
from typing import Any

from shared.core.errors import Problem, RejectedError, UnavailableError
from tests.fakes.apis import DIGITAL_TWINS
from tests.fakes.faults import Faults
from tests.fakes.invariants import breaches
from tests.fakes.world import World, example

APP = "adt-client-dev"
SECRET = "adt-client-dev--client-secret"
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


def assert_nothing_is_left(world: World, what: str = "") -> None:
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


def offer_nothing(world: World) -> None:
    offered = [replace(each, enabled=False) for each in DIGITAL_TWINS.permissions]
    world.directory.apis[0] = replace(DIGITAL_TWINS, permissions=tuple(offered))


class Refusing(Faults):
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
