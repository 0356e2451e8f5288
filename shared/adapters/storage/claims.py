"""Claims as rows of the operations table: one partition for each (source, requestId), one row for each channel."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from shared.core.naming import CLAIM_ROW
from shared.model.channel import Channel
from shared.model.claim import Claim, EarlierForm


def claim_partition(source: str, request_id: str) -> str:
    """Return the partition of all claims to (source, requestId)."""
    return f"request-{sha256(f'{source}\n{request_id}'.encode()).hexdigest()}"


def claim_row(channel: Channel | None) -> str:
    """Return the row key: version 1 had one row for all channels."""
    return CLAIM_ROW if channel is None else f"{CLAIM_ROW}-{channel}"


def claim_columns(claim: Claim) -> dict[str, Any]:
    """Return a claim's columns."""
    columns = {
        "operationId": claim.operation_id,
        "bodyHash": claim.body_hash,
        "source": claim.source,
        "requestId": claim.request_id,
    }
    if claim.channel is not None:
        columns["channel"] = claim.channel.value
    if claim.earlier:
        columns["earlier"] = json.dumps([[each.operation_id, each.body_hash] for each in claim.earlier])
    return columns


def claim_from(row: Mapping[str, Any]) -> Claim:
    """Read a row. Raises KeyError or ValueError for one that is not a claim."""
    channel = str(row["RowKey"]).removeprefix(CLAIM_ROW).removeprefix("-")
    return Claim(
        channel=Channel(channel) if channel else None,
        source=row["source"],
        request_id=row["requestId"],
        operation_id=row["operationId"],
        body_hash=row["bodyHash"],
        earlier=tuple(EarlierForm(*each) for each in json.loads(row.get("earlier") or "[]")),
    )
