"""Messages on a poison queue: the reason, the number of attempts, and the original."""

import json
from collections.abc import Mapping

from shared.model.operation import Operation

MAX_POISON_BYTES = 60 * 1024
"""A storage queue message has at most 64 KiB."""


def kept_failure(operation: Operation) -> str:
    """Build the poison message of a failed operation."""
    original = operation.request.model_dump(mode="json")
    known = {"operationId": operation.id, "generation": operation.generation, "attempts": operation.attempts}
    return _kept(operation.reason or "failed", known, original)


def kept_message(reason: str, original: str | Mapping[str, object]) -> str:
    """Build the poison message of a message that never became an operation, or of other failed work."""
    return _kept(reason, {"operationId": None, "generation": None, "attempts": 0}, original)


def _kept(reason: str, known: Mapping[str, object], original: object) -> str:
    """Build a poison message; an original too large for a queue is truncated and marked as such."""
    message = {"schemaVersion": "1", "reason": reason, **known}
    text = json.dumps(message | {"original": original}, ensure_ascii=False)
    if len(text.encode()) <= MAX_POISON_BYTES:
        return text
    # A character beyond the Basic Multilingual Plane is escaped as a surrogate pair, twelve bytes in all.
    return json.dumps(message | {"original": str(original)[: MAX_POISON_BYTES // 12], "truncated": True})
