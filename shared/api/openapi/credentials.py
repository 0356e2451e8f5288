"""Paths about credentials: what expires, and the report of all of them."""

from datetime import UTC, datetime, timedelta

from shared.api.credentials import (
    MOST_DAYS,
    MOST_ITEMS,
    USUAL_DAYS,
    USUAL_ITEMS,
    CredentialPage,
    ListedCredential,
)
from shared.api.openapi.parts import (
    WHERE_A_TOKEN_COUNTS,
    Json,
    answer,
    for_role,
    header,
    json_body,
    parameter,
    problem,
    ref,
)
from shared.core.callers import READER
from shared.ports.reports import FORMATS
from shared.report.json_text import SCHEMA_VERSION, ReportBody
from shared.report.rows import Urgency

DAYS_PATTERN = r"^([1-9][0-9]?|[1-6][0-9]{2}|7[0-2][0-9]|730)d$"
"""1d to 730d: what `shared.api.credentials` takes."""

_NOW = datetime(2026, 11, 23, 14, 10, 21, tzinfo=UTC)
_PAGE = CredentialPage(
    as_of=_NOW,
    expiring_until=_NOW + timedelta(days=USUAL_DAYS),
    items=(
        ListedCredential(
            unique_name="adt-client-dev",
            credential="client-secret",
            key_vault_secret_name="adt-client-dev--client-secret",  # noqa: S106  a name
            due=_NOW + timedelta(days=2),
            expires=_NOW + timedelta(days=16),
        ),
    ),
)
_REPORT: ReportBody = {
    "schemaVersion": SCHEMA_VERSION,
    "asOf": "2026-11-23T04:20:00Z",
    "tenantId": "11111111-1111-4111-8111-111111111111",
    "count": 1,
    "ownersNotLookedUp": 0,
    "credentials": [
        {
            "holder": "application",
            "displayName": "Payroll export",
            "uniqueName": None,
            "appId": "7743422c-46da-4bca-8dc7-632c7f0b761f",
            "objectId": "0c9c7d1e-6a51-4f5a-9d8a-2f1f3d6f7b10",
            "type": "secret",
            "keyId": "5f0f4d55-8a53-4f3a-9f0b-6a0b7f3a7c21",
            "credentialName": "by hand",
            "start": "2025-11-26T09:00:00Z",
            "end": "2026-11-26T09:00:00Z",
            "managed": False,
            "keyVaultSecretName": None,
            "owners": ["grace@contoso.example"],
            "urgency": Urgency.ACT,
            "advice": "expires_soon",
            "adviceText": "Expires within days: replace it, or remove it if nobody uses it.",
        }
    ],
}
_TEXT: Json = {"type": "string"}

PATHS: dict[str, Json] = {
    "/api/credentials": {
        "get": {
            "operationId": "list_credentials",
            "tags": ["credentials"],
            "summary": "The managed credentials that expire within some days, page by page.",
            "description": "A page may have fewer items than asked for, even none, and still have a next page.",
            "parameters": [
                parameter(
                    "expiringWithin",
                    "query",
                    {"type": "string", "pattern": DAYS_PATTERN, "default": f"{USUAL_DAYS}d"},
                    f"How many days, 1d to {MOST_DAYS}d.",
                    "30d",
                ),
                parameter(
                    "limit",
                    "query",
                    {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS, "default": USUAL_ITEMS},
                    "How many items a page may have.",
                ),
                parameter(
                    "after",
                    "query",
                    {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,512}$"},
                    "Where the page begins. Take it unchanged from `nextLink`, and use it within a day, with the same "
                    "`expiringWithin`. Anything else is answered 400.",
                ),
            ],
            "security": for_role(READER),
            "responses": {
                "200": answer("One page.", json_body(ref(CredentialPage), _PAGE.model_dump(mode="json"))),
                **WHERE_A_TOKEN_COUNTS,
            },
        }
    },
    "/api/reports/credentials": {
        "get": {
            "operationId": "credentials_report",
            "tags": ["credentials"],
            "summary": "The newest nightly report of every credential in the tenant.",
            "description": "Without `format`, the header `Accept` decides; without both, the answer is the page.",
            "parameters": [
                parameter("format", "query", {"type": "string", "enum": list(FORMATS)}, "As what.", "json"),
            ],
            "security": for_role(READER),
            "responses": {
                "200": answer(
                    "The report.",
                    {
                        "text/html": {"schema": _TEXT},
                        "text/csv": {"schema": _TEXT},
                        **json_body(ref(ReportBody), _REPORT),
                    },
                    {
                        "Last-Modified": header("When its listings began (RFC 9110).", _TEXT),
                        "Age": header("How old it is, in seconds.", {"type": "integer", "minimum": 0}),
                        "Content-Security-Policy": header("Nothing in it may run.", _TEXT),
                        "Content-Disposition": header("Of CSV: a name for the file.", _TEXT, required=False),
                    },
                ),
                "404": problem(
                    404,
                    "Not Found",
                    "There is no report yet.",
                    "There is no report yet. It is made every night, starting at 4:20 UTC. If it is still missing the "
                    "next morning, the event report.failed in the registrar's log says why.",
                ),
                **WHERE_A_TOKEN_COUNTS,
            },
        }
    },
}
