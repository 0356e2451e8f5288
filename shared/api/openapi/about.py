"""Paths about the deployment itself: its health, and this document."""

from shared.api.bodies import HealthBody
from shared.api.openapi.parts import Json, answer, header, json_body, ref

_RIGHT: HealthBody = {"status": "ok"}
_WRONG: HealthBody = {"status": "misconfigured", "error": "AZURE_TENANT_ID: missing"}
_ANYBODY: list[Json] = []

PATHS: dict[str, Json] = {
    "/api/health": {
        "get": {
            "operationId": "health",
            "tags": ["about"],
            "summary": "Whether this deployment is able to work.",
            "security": _ANYBODY,
            "responses": {
                "200": answer("Settings, policy and ticketing.toml are right.", json_body(ref(HealthBody), _RIGHT)),
                "503": answer("One of them is not: `error` says why.", json_body(ref(HealthBody), _WRONG)),
            },
        }
    },
    "/api/openapi.json": {
        "get": {
            "operationId": "openapi",
            "tags": ["about"],
            "summary": "This document.",
            "security": _ANYBODY,
            "responses": {
                "200": answer(
                    "An OpenAPI document.",
                    {"application/json": {"schema": {"type": "object", "required": ["openapi", "info", "paths"]}}},
                    {"Cache-Control": header("How long it may be kept.", {"type": "string"})},
                )
            },
        }
    },
}
