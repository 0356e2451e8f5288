"""Assembles the document: paths by subject, shapes from the models, and security schemes."""

import json
from typing import Any

from pydantic import TypeAdapter

from shared.api.approvals import ApprovalBody
from shared.api.bodies import AcceptedWebhookBody, HealthBody, ProblemBody
from shared.api.credentials import CredentialPage
from shared.api.openapi import about, credentials, operations, requests, webhooks
from shared.api.openapi.parts import PROBLEMS, SCHEMAS, Json
from shared.api.replays import ReplayBody
from shared.api.requests import RequestPage, RequestStatus
from shared.contract.answer import Answer
from shared.contract.schema import FOLDER
from shared.report.json_text import ReportBody

FILE = FOLDER / "openapi.json"

_SHAPES: tuple[Any, ...] = (
    Answer,
    RequestStatus,
    RequestPage,
    CredentialPage,
    ReportBody,
    AcceptedWebhookBody,
    ReplayBody,
    operations.ReplaysBody,
    operations.TicketUpdateBody,
    HealthBody,
    ProblemBody,
)
"""The models of bodies; nested models are included with them."""

_ENTRA: Json = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token of Microsoft Entra ID for the registrar's own API (`API_AUDIENCE`), whose holder "
    "has the app role that the route names.",
}


def document() -> Json:
    """Build the OpenAPI document."""
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "entra-registrar",
            "version": "1.0.0",
            "summary": "Hands out Microsoft Entra ID app registrations.",
            "description": "Requests come by queue, or by webhook from a ticketing system. Whatever is not served is a "
            "problem as RFC 9457 has it. Fields may be added to answers at any time. A path or method that is not "
            "listed is answered 404, without a body. A query parameter without a value counts as none.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "The function app that serves this document."}],
        "tags": [
            {"name": "webhooks", "description": "For ticketing systems."},
            {"name": "requests", "description": "How far requests came."},
            {"name": "credentials", "description": "Which credentials there are, and when they expire."},
            {"name": "operations", "description": "For operators."},
            {"name": "about", "description": "The deployment itself."},
        ],
        "paths": {**webhooks.PATHS, **requests.PATHS, **credentials.PATHS, **operations.PATHS, **about.PATHS},
        "components": {
            "schemas": _schemas(),
            "responses": PROBLEMS,
            "securitySchemes": {"entra": _ENTRA, **webhooks.SECURITY_SCHEMES, **operations.SECURITY_SCHEMES},
        },
    }


def _schemas() -> Json:
    adapters = [
        *((shape.__name__, "serialization", TypeAdapter[Any](shape)) for shape in _SHAPES),
        (ApprovalBody.__name__, "validation", TypeAdapter[Any](ApprovalBody)),
    ]
    _, made = TypeAdapter.json_schemas(adapters, ref_template=f"{SCHEMAS}{{model}}")  # pyright: ignore[reportArgumentType]
    shapes: Json = made["$defs"]
    names = {name: shape.get("title", name) for name, shape in shapes.items()}
    text = json.dumps({names[name]: shape for name, shape in shapes.items()})
    for name, published in names.items():
        text = text.replace(f'"{SCHEMAS}{name}"', f'"{SCHEMAS}{published}"')
    return dict(sorted(json.loads(text).items()))
