"""The report as JSON, for programs: everything, with names exactly as in the directory."""

import json
from collections.abc import Iterator
from typing import Annotated, TypedDict

from pydantic import ConfigDict, Field, with_config

from shared.model.directory import CredentialType, HolderKind
from shared.report.rows import Report, Row, Urgency
from shared.report.text import moment

SCHEMA_VERSION = "1"

type Time = Annotated[str, Field(json_schema_extra={"format": "date-time"})]


@with_config(ConfigDict(title="ToldCredential"))
class CredentialBody(TypedDict):
    """One credential on an application or a service principal. `owners` is null where nobody looked them up."""

    holder: HolderKind
    displayName: str
    uniqueName: str | None
    appId: str
    objectId: str
    type: CredentialType
    keyId: str
    credentialName: str | None
    start: Time | None
    end: Time | None
    managed: bool
    keyVaultSecretName: str | None
    owners: list[str] | None
    urgency: Urgency
    advice: str
    adviceText: str


class ReportHead(TypedDict):
    """What a report says before its rows. `ownersNotLookedUp` counts holders whose owners nobody looked up in time."""

    schemaVersion: str
    asOf: Time
    tenantId: str
    count: int
    ownersNotLookedUp: int


@with_config(ConfigDict(title="ToldReport"))
class ReportBody(ReportHead):
    """Every secret and certificate in the tenant, by expiry, whoever made it."""

    credentials: list[CredentialBody]


def json_text(report: Report) -> bytes:
    """Return the report as ASCII JSON; times are RFC 3339 in UTC, `owners` is null if not looked up."""
    return b"".join(_parts(report))


def _parts(report: Report) -> Iterator[bytes]:
    # Row by row: the same document, without holding all rows as dictionaries, too.
    head: ReportHead = {
        "schemaVersion": SCHEMA_VERSION,
        "asOf": moment(report.as_of),
        "tenantId": report.tenant_id,
        "count": len(report.rows),
        "ownersNotLookedUp": report.owners_not_looked_up,
    }
    yield f'{json.dumps(head)[:-1]}, "credentials": ['.encode()
    for number, row in enumerate(report.rows):
        yield (",\n" if number else "\n").encode() + json.dumps(_row(row)).encode()
    yield b"\n]}\n"


def _row(row: Row) -> CredentialBody:
    holder, credential = row.holder, row.credential
    return {
        "holder": holder.kind,
        "displayName": holder.display_name,
        "uniqueName": holder.unique_name,
        "appId": holder.app_id,
        "objectId": holder.object_id,
        "type": credential.type,
        "keyId": credential.key_id,
        "credentialName": credential.display_name,
        "start": moment(credential.start) or None,
        "end": moment(credential.end) or None,
        "managed": row.is_managed,
        "keyVaultSecretName": row.vault_secret,
        "owners": list(row.owners) if row.owners is not None else None,
        "urgency": row.advice.urgency,
        "advice": row.advice.code,
        "adviceText": row.advice.text,
    }
