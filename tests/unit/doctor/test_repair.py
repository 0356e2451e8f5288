"""Repairs look before they write and look again afterwards; one that fails keeps none of the others."""

import json
from typing import Any
from unittest.mock import AsyncMock, MagicMock

import httpx
from azure.core.exceptions import ResourceExistsError, ServiceRequestError

from doctor.collect.access import Access
from doctor.finding import ListUnsettled, PutCleanup, RemovePassword, SendWork
from doctor.repair import carry_out
from shared.core.naming import unsettled_row
from tests.unit.doctor.scene import NOW, OPERATION
from tests.unit.doctor.test_access import SETTINGS

REMOVE = RemovePassword("app", "object-1", "key-1", OPERATION)
LIST = ListUnsettled(OPERATION, 2)
MARK = f"reg:{OPERATION} lost"


class Tenant:
    """One application in Graph, one queue, one table."""

    def __init__(self, *passwords: tuple[str, str]) -> None:
        self.passwords = dict(passwords)
        self.removed: list[str] = []
        self.obeys = True
        self.messages: list[dict[str, Any]] = []
        self.table = AsyncMock()

    def respond(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            credentials = [{"keyId": key, "displayName": name} for key, name in self.passwords.items()]
            return httpx.Response(200, json={"passwordCredentials": credentials})
        key_id = json.loads(request.content)["keyId"]
        self.removed.append(key_id)
        if self.obeys:
            del self.passwords[key_id]
        return httpx.Response(204)

    async def keep(self, queue: str, body: bytes) -> None:
        assert queue == "app-registration-work"
        self.messages.append(json.loads(body))

    async def mend(self, *repairs: RemovePassword | SendWork | ListUnsettled | PutCleanup) -> list[str]:
        tables, broker, credential = MagicMock(), AsyncMock(), AsyncMock()
        tables.get_table_client.return_value = self.table
        broker.put = self.keep
        async with httpx.AsyncClient(transport=httpx.MockTransport(self.respond)) as http:
            outcomes = await carry_out(Access(SETTINGS, credential, http, tables, broker), repairs, NOW)
        assert [outcome.repair for outcome in outcomes] == list(repairs)
        return [outcome.what for outcome in outcomes]


async def test_a_credential_is_removed_while_it_bears_its_mark() -> None:
    tenant = Tenant(("key-1", MARK), ("key-2", "by hand"))
    assert await tenant.mend(REMOVE) == ["the secret key-1 of app was removed"]
    assert tenant.passwords == {"key-2": "by hand"}


async def test_one_that_is_gone_or_renamed_meanwhile_is_left_alone() -> None:
    for tenant in (Tenant(), Tenant(("key-1", "renamed by hand"))):
        assert await tenant.mend(REMOVE) == ["the secret key-1 is already gone"]
        assert tenant.removed == []


async def test_a_removal_that_does_not_show_is_not_called_done() -> None:
    tenant = Tenant(("key-1", MARK))
    tenant.obeys = False
    (outcome,) = await tenant.mend(REMOVE)
    assert "is still there" in outcome


async def test_a_message_and_two_rows_are_put_where_the_app_looks() -> None:
    tenant = Tenant()
    await tenant.mend(SendWork(OPERATION, 2), LIST, PutCleanup("app", OPERATION, ("app--a", "app--b")))
    assert tenant.messages == [{"schemaVersion": "1", "operationId": OPERATION, "generation": 2}]
    rows = [call.args[0] for call in tenant.table.create_entity.await_args_list]
    listed, cleanup = rows
    assert listed.pop("RowKey") == unsettled_row(OPERATION, 2)
    assert listed == {"PartitionKey": "unsettled", "schemaVersion": "1", "generation": 2, "due": NOW}
    columns = {"schemaVersion": "1", "secretNames": "app--a,app--b", "since": NOW}
    assert cleanup == {"PartitionKey": "app", "RowKey": OPERATION, **columns}


async def test_a_row_that_came_back_stays_and_a_failure_keeps_nothing_else() -> None:
    tenant = Tenant()
    tenant.table.create_entity.side_effect = [ServiceRequestError("away"), ResourceExistsError()]
    failed, left = await tenant.mend(LIST, LIST)
    assert failed == "ListUnsettled failed with ServiceRequestError: run it again"
    assert "is already back in table" in left
