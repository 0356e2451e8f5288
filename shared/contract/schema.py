"""The contract as JSON Schema, generated from the models: `python -m shared.contract.schema` writes `schemas/`."""

import json
from pathlib import Path
from typing import Any

from shared.contract.answer import Answer
from shared.contract.request import RegistrationRequest, RotationRequest

FOLDER = Path(__file__).parents[2] / "schemas"


def schemas() -> dict[str, dict[str, Any]]:
    """Return every published schema by file name."""
    return {
        "registration-request.v1.json": _titled(
            RegistrationRequest.model_json_schema(mode="validation"), "A message on the queue app-registrations"
        ),
        "rotation-request.v1.json": _titled(
            RotationRequest.model_json_schema(mode="validation"), "A message on the queue app-registrations"
        ),
        "registration-answer.v1.json": _titled(
            Answer.model_json_schema(mode="serialization"), "A message on the queue app-registration-results"
        ),
    }


def rendered(schema: dict[str, Any]) -> str:
    """Return a schema as the text of its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _titled(schema: dict[str, Any], title: str) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": title}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (FOLDER / name).write_text(rendered(schema), encoding="utf-8")
