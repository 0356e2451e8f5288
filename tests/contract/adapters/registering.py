"""Shorthand for what most exams begin with."""

from dataclasses import dataclass
from datetime import timedelta

from shared.model.directory import ApplicationState
from shared.ports import CreatedApplication, IssuedPassword
from tests.contract.adapters.sides import Side

TWINS = "0b07f429-9f4b-4714-9392-cc5e8e80c8b0"
MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
TWINS_URI = "https://digitaltwins.azure.net"


@dataclass(frozen=True)
class Principal:
    """An application with its service principal."""

    object_id: str
    client_id: str
    id: str


def plain_state(name: str = "Exam") -> ApplicationState:
    """The least an application can be."""
    return ApplicationState(display_name=name, sign_in_audience="AzureADMyOrg", tags=frozenset({"registrar"}))


async def make_application(side: Side, unique_name: str) -> CreatedApplication:
    """A new application."""
    made = await side.directory.upsert_application(unique_name, plain_state())
    assert made is not None
    return made


async def make_principal(side: Side, unique_name: str) -> Principal:
    """A new application with its service principal."""
    made = await make_application(side, unique_name)
    principal_id = await side.directory.upsert_service_principal(made.client_id, "Exam")
    assert principal_id is not None
    return Principal(made.object_id, made.client_id, principal_id)


async def add_password(side: Side, object_id: str, name: str = "reg:1 exam", days: float = 180) -> IssuedPassword:
    """A new client secret."""
    end = (side.now() + timedelta(days=days)).replace(microsecond=0)
    return await side.directory.add_password(object_id, name, end)


async def key_ids(side: Side, unique_name: str) -> list[str]:
    """The client secrets that a read shows."""
    seen = await side.directory.application(unique_name)
    assert seen is not None
    return [password.key_id for password in seen.passwords]
