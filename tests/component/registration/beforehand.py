"""What the tests of Entra's own limits share: a registrar open to everybody, requests, and apps that others changed."""

from datetime import timedelta
from typing import Any

from shared.model.directory import RequiredPermission
from shared.policy.policy_file import Audiences, Names, RedirectUriRules
from tests.fakes.apis import MICROSOFT_GRAPH
from tests.fakes.world import World, example
from tests.policies import opened_policy

APP = "adt-client-dev"
PERSONAL = "AzureADandPersonalMicrosoftAccount"
CALLBACK = "https://app.contoso.example/signed-in"


def world_for_everybody() -> World:
    """A registrar whose policy opens all audiences, protects no name, and allows URNs as a scheme."""
    audiences = Audiences(allowed=("AzureADMyOrg", "AzureADMultipleOrgs", PERSONAL, "PersonalMicrosoftAccount"))
    rules = RedirectUriRules(https_hosts=("*.contoso.example",), custom_schemes=("urn",))
    opened = {"audiences": audiences, "redirect_uris": rules, "names": Names(protected_words=())}
    return World(policy=opened_policy().model_copy(update=opened))


def asking(request_id: str = "R1", *, credentials: list[dict[str, Any]] | None = None, **fields: Any) -> dict[str, Any]:
    request = example(requestId=request_id)
    request["application"] |= fields
    return request if credentials is None else request | {"credentials": credentials}


def errors(answer: dict[str, Any]) -> list[tuple[str, str]]:
    assert answer["data"]["status"] == "rejected", answer["data"]
    return [(each["field"], each["code"]) for each in answer["data"]["errors"]]


def nothing_exists(world: World) -> bool:
    directory = world.directory
    return (directory.applications, directory.principals, directory.consented, world.vault.secrets) == ({}, {}, {}, {})


def secret(name: str) -> dict[str, Any]:
    return {"name": name, "type": "secret", "lifetimeDays": 90}


def uris(count: int, host: str = "app") -> list[str]:
    return [f"https://{host}.contoso.example/{number}" for number in range(count)]


async def seasoned(world: World, **changes: Any) -> None:
    """Register the example, and let somebody change it in the portal some days later."""
    answer = await world.run(asking("first"))
    assert answer["data"]["status"] == "completed"
    world.clock.advance(timedelta(days=2))
    world.directory.change(APP, **changes)
    world.clock.advance(timedelta(hours=1))


async def rotated(world: World) -> None:
    """Let the time come when a credential of 180 days is replaced, and some hours more."""
    world.clock.advance(timedelta(days=150))
    await world.go_on(timedelta(hours=6))


def others(count: int, app_id: str = MICROSOFT_GRAPH.app_id) -> frozenset[RequiredPermission]:
    return frozenset(
        RequiredPermission(resource_app_id=app_id, id=f"00000000-0000-4000-9000-{n:012}", type="Scope")
        for n in range(count)
    )
