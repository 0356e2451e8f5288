"""Carries out repairs: only what two passes agree on, and never more than a breach names."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from azure.core.exceptions import AzureError, ResourceExistsError

from doctor.collect.access import GRAPH, Access, UnreachableError
from doctor.evidence import Password
from doctor.finding import Finding, Invariant, ListUnsettled, PutCleanup, RemovePassword, Repair, SendWork
from shared.core.naming import CLEANUPS_TABLE, UNSETTLED_TABLE, WORK_QUEUE, operation_of, unsettled_row

_SCHEMA_VERSION = "1"


@dataclass(frozen=True)
class Outcome:
    """The outcome of one repair, as a sentence for a person."""

    repair: Repair
    what: str


def confirmed(first: Sequence[Finding[Invariant]], second: Sequence[Finding[Invariant]]) -> list[Repair]:
    """Return the repairs that two passes agree on, without duplicates."""
    again = {breach.repair for breach in second}
    repairs = (breach.repair for breach in first)
    return list(dict.fromkeys(repair for repair in repairs if repair is not None and repair in again))


async def carry_out(access: Access, repairs: Sequence[Repair], now: datetime) -> list[Outcome]:
    """Carry out repairs one by one; a failure does not stop the others."""
    outcomes: list[Outcome] = []
    for repair in repairs:
        try:
            outcomes.append(Outcome(repair, await _repair(access, repair, now)))
        except (UnreachableError, AzureError) as error:
            outcomes.append(
                Outcome(repair, f"{type(repair).__name__} failed with {type(error).__name__}: run it again")
            )
    return outcomes


async def _repair(access: Access, repair: Repair, now: datetime) -> str:
    match repair:
        case RemovePassword():
            return await _remove_password(access, repair)
        case SendWork():
            return await _send_work(access, repair)
        case ListUnsettled():
            columns = {"generation": repair.generation, "due": now}
            row = unsettled_row(repair.operation_id, repair.generation)
            return await _insert(access, UNSETTLED_TABLE, "unsettled", row, columns)
        case PutCleanup():
            columns = {"secretNames": ",".join(repair.secret_names), "since": now}
            return await _insert(access, CLEANUPS_TABLE, repair.unique_name, repair.operation_id, columns)
        case _:
            assert_never(repair)


async def _remove_password(access: Access, repair: RemovePassword) -> str:
    """Remove a credential that is still there and still has our mark; check again afterwards."""
    if not await _is_present(access, repair):
        return f"the secret {repair.key_id} is already gone"
    url = f"{GRAPH}/v1.0/applications/{repair.object_id}/removePassword"
    answer = await access.call("POST", url, GRAPH, {"keyId": repair.key_id})
    if await _is_present(access, repair):
        return (
            f"the secret {repair.key_id} is still there (Graph answered {answer.status_code}): run the doctor again "
            "in a few minutes"
        )
    return f"the secret {repair.key_id} of {repair.unique_name} was removed"


async def _is_present(access: Access, repair: RemovePassword) -> bool:
    url = f"{GRAPH}/v1.0/applications/{repair.object_id}?$select=passwordCredentials"
    found = (await access.get(url))["passwordCredentials"]
    passwords = [Password(each["keyId"], each.get("displayName")) for each in found]
    return any(
        password.key_id == repair.key_id and operation_of(password.display_name) == repair.operation_id
        for password in passwords
    )


async def _send_work(access: Access, repair: SendWork) -> str:
    """Send the message that the app itself would; a duplicate does no harm."""
    message = {
        "schemaVersion": _SCHEMA_VERSION,
        "operationId": repair.operation_id,
        "generation": repair.generation,
    }
    await access.broker.put(WORK_QUEUE, json.dumps(message).encode())
    return f"operation {repair.operation_id} was sent again"


async def _insert(access: Access, table: str, partition: str, row: str, columns: dict[str, Any]) -> str:
    """Insert a row unless it exists; one restored in the meantime is left as it is."""
    entity = {"PartitionKey": partition, "RowKey": row, "schemaVersion": _SCHEMA_VERSION, **columns}
    client: Any = access.tables.get_table_client(table)
    try:
        await client.create_entity(entity)
    except ResourceExistsError:
        return f"the row of operation {row} is already back in table {table}"
    return f"the row of operation {row} was put back into table {table}"
