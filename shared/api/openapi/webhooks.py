"""The path by which ticketing systems send requests."""

from shared.api.bodies import AcceptedWebhookBody
from shared.api.openapi.parts import (
    ID_EXAMPLE,
    WHERE_ALWAYS,
    Json,
    answer,
    header,
    json_body,
    parameter,
    problem,
    ref,
)
from shared.core.naming import ID_PATTERN

SERVICENOW: Json = {
    "number": ID_EXAMPLE,
    "sys_id": "9f1c7e2b1b2a4410a1b2c3d4e5f60718",
    "opened_by": {"email": "ada@contoso.example"},
    "requested_for": {"email": "ada@contoso.example"},
    "variables": {
        "unique_name": "adt-client-dev",
        "display_name": "Digital Twins client (dev)",
        "owner_email": "ada@contoso.example",
        "public_redirect_uris": "http://localhost",
        "web_redirect_uris": "",
        "spa_redirect_uris": "",
        "api": "Azure Digital Twins",
        "delegated_permissions": "Read.Write",
        "application_permissions": "",
        "admin_consent": "true",
        "lifetime_days": "180",
    },
}
JIRA: Json = {
    "issue": {
        "key": "IAM-42",
        "creator": "ada@contoso.example",
        "reporter": "ada@contoso.example",
        "uniqueName": "adt-client-dev",
        "displayName": "Digital Twins client (dev)",
        "redirectUris": "http://localhost",
        "api": "Azure Digital Twins",
        "delegatedPermissions": "Read.Write",
        "adminConsent": "Yes",
        "lifetimeDays": "180",
    }
}
_TAKEN: AcceptedWebhookBody = {
    "requestId": ID_EXAMPLE,
    "source": "servicenow",
    "state": "received",
    "location": f"/api/requests/{ID_EXAMPLE}?source=servicenow",
}

SECURITY_SCHEMES: dict[str, Json] = {
    "sourceToken": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Registrar-Token",
        "description": "A source with the proof `token`: a shared token, in the header that ticketing.toml names; this "
        "is what the file has as it is shipped.",
    },
    "sourceSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Hub-Signature-256",
        "description": "A source with the proof `hmac`: HMAC-SHA256 of the body, in hex or base64 after a prefix, in "
        "the header that ticketing.toml names; this one for example.",
    },
    "standardWebhooks": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "A source with the proof `standard_webhooks`: signed as standardwebhooks.com says, together "
        "with the headers `webhook-id` and `webhook-timestamp`.",
    },
}
"""How a source is verified: each by the one proof that ticketing.toml configures."""

PATHS: dict[str, Json] = {
    "/api/webhooks/{source}": {
        "post": {
            "operationId": "receive_webhook",
            "tags": ["webhooks"],
            "summary": "A request from a ticketing system.",
            "description": "The same event again is the same request. A source with the proof `entra` sends a token "
            "with the app role that ticketing.toml names.",
            "parameters": [
                parameter(
                    "source",
                    "path",
                    {"type": "string", "pattern": ID_PATTERN},
                    "A source of ticketing.toml, by its exact name.",
                    "servicenow",
                )
            ],
            "security": [*({name: []} for name in SECURITY_SCHEMES), {"entra": []}],
            "requestBody": {
                "required": True,
                "description": "Any JSON object of at most 64 KiB, as `application/json` or `application/*+json`. "
                "ticketing.toml says for each source how it becomes a request (registration-request.v1.json, "
                "rotation-request.v1.json); what does not become one is answered 400 with every fault at its place in "
                "the request.",
                "content": {
                    "application/json": {
                        "schema": {"type": "object"},
                        "examples": {"servicenow": {"value": SERVICENOW}, "jira": {"value": JIRA}},
                    }
                },
            },
            "responses": {
                "202": answer(
                    "The request is accepted.",
                    json_body(ref(AcceptedWebhookBody), _TAKEN),
                    {"Location": header("Where to ask for its status.", {"type": "string"})},
                ),
                "400": {"$ref": "#/components/responses/NotUnderstood"},
                "401": problem(
                    401,
                    "Unauthorized",
                    "The sender did not prove to be this source, or there is no such source. The log says which.",
                ),
                "411": problem(
                    411,
                    "Length Required",
                    "The body came in chunks.",
                    "The header Content-Length is missing. Send the body with it, not in chunks.",
                ),
                "413": problem(
                    413,
                    "Content Too Large",
                    "The body is larger than 64 KiB.",
                    "The body is too large: the limit is 65536 bytes.",
                ),
                "415": problem(
                    415,
                    "Unsupported Media Type",
                    "The body is not JSON.",
                    "Send JSON with the content type application/json.",
                    headers={"Accept": header("What to send instead.", {"type": "string"})},
                ),
                "429": problem(
                    429,
                    "Too Many Requests",
                    "More than the source's `requests_per_minute`.",
                    "There are too many requests. Wait for the time in Retry-After, and send fewer per minute.",
                    headers={"Retry-After": header("Seconds until the next one.", {"type": "integer", "minimum": 1})},
                ),
                **WHERE_ALWAYS,
            },
        }
    }
}
