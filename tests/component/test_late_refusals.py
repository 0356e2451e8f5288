"""What ends `rejected` leaves no right and no live credential behind, however late the refusal came."""

from typing import Any

from shared.errors import Problem, Rejected
from tests.fakes.invariants import breaches
from tests.fakes.world import World, example

APP = "adt-client-dev"
FORBIDDEN = "CredentialTypeNotAllowedAsPerAppPolicy"


def forbidden() -> Rejected:
    """What Graph's refusal by the tenant's app management policy becomes."""
    return Rejected([Problem("credentials", FORBIDDEN, "Credential type not allowed as per assigned policy.")])


def asking(request_id: str, *credentials: str, **changes: Any) -> dict[str, Any]:
    """A request for these client secrets."""
    request = example(requestId=request_id, **changes)
    (known,) = request["credentials"]
    request["credentials"] = [known | {"name": name} for name in credentials or ("client-secret",)]
    return request


def consents(world: World) -> set[object]:
    """What is consented to the one app in truth."""
    return set[object]().union(*world.directory.consented.values())


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
