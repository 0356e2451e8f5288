"""The report as CSV (RFC 4180), for spreadsheets: no cell can become a formula."""

import csv
import io

from shared.core.text import visible
from shared.report.rows import Report, Row
from shared.report.text import moment

HEADER = (
    "end",
    "urgency",
    "advice",
    "adviceText",
    "displayName",
    "uniqueName",
    "holder",
    "appId",
    "objectId",
    "type",
    "credentialName",
    "keyId",
    "start",
    "managed",
    "keyVaultSecretName",
    "owners",
)
_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""OWASP, "CSV injection"; some programs treat the full-width forms alike."""


def csv_text(report: Report) -> bytes:
    """Return all rows as UTF-8 CSV with a header line; every cell is quoted."""
    written = io.StringIO(newline="")
    writer = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(HEADER)
    for row in report.rows:
        writer.writerow([defused(cell) for cell in _cells(row)])
    return written.getvalue().encode()


def defused(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: a would-be formula is prefixed with an apostrophe."""
    if cell.startswith(_STARTS_A_FORMULA) or cell.lstrip().startswith(_STARTS_A_FORMULA):
        return f"'{visible(cell)}"
    return visible(cell)


def _cells(row: Row) -> tuple[str, ...]:
    holder, credential = row.holder, row.credential
    return (
        moment(credential.end),
        row.advice.urgency.value,
        row.advice.code,
        row.advice.text,
        holder.display_name,
        holder.unique_name or "",
        holder.kind,
        holder.app_id,
        holder.object_id,
        credential.type,
        credential.display_name or "",
        credential.key_id,
        moment(credential.start),
        "yes" if row.is_managed else "no",
        row.vault_secret or "",
        "; ".join(row.owners) if row.owners is not None else "",
    )
