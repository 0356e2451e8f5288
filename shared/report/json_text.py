"""The report as JSON: everything, names exactly as the directory has them, for programs."""

import json
from collections.abc import Iterator
from typing import Any

from shared.report.model import Report, Row
from shared.report.text import moment

SCHEMA_VERSION = "1"


def json_text(report: Report) -> bytes:
    """Write the report as JSON in ASCII; times are RFC 3339 in UTC, `owners` null where nobody looked."""
    return b"".join(_parts(report))


def _parts(report: Report) -> Iterator[bytes]:
    # Row by row: the same as one document, without holding all of it as dictionaries as well.
    head = {
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


def _row(row: Row) -> dict[str, Any]:
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
        "urgency": row.advice.urgency.value,
        "advice": row.advice.code,
        "adviceText": row.advice.text,
    }
