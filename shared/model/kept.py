"""What lies on a poison queue: why, after how many attempts, and the original."""

import json
from collections.abc import Mapping

from shared.model.operation import Operation

MAX_POISON_BYTES = 60 * 1024
"""A storage queue takes 64 KiB."""


def kept_failure(operation: Operation) -> str:
    """Build what is kept of a failed operation."""
    original = operation.request.model_dump(mode="json")
    known = {"operationId": operation.id, "generation": operation.generation, "attempts": operation.attempts}
    return _kept(operation.reason or "failed", known, original)


def kept_message(reason: str, original: str | Mapping[str, object]) -> str:
    """Build what is kept of a message that never became an operation, or of something else that could not be done."""
    return _kept(reason, {"operationId": None, "generation": None, "attempts": 0}, original)


def _kept(reason: str, known: Mapping[str, object], original: object) -> str:
    """Say why, after how many attempts, and give the original: cut, and saying so, if it is too large for a queue."""
    message = {"schemaVersion": "1", "reason": reason, **known}
    text = json.dumps(message | {"original": original}, ensure_ascii=False)
    if len(text.encode()) <= MAX_POISON_BYTES:
        return text
    # A character beyond the Basic Multilingual Plane is escaped as two, twelve bytes together.
    return json.dumps(message | {"original": str(original)[: MAX_POISON_BYTES // 12], "truncated": True})
