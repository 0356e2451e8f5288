"""What an answer to a bad message must look like, and what it may say."""

import json
import re
from typing import Any

MAX_BYTES = 24 * 1024
MAX_ERRORS = 50
MAX_NAME = 64
MAX_TEXT = 1000
"""Characters of an error's field or message: 80 of each value that is echoed, escaped, and a sentence."""

CONTRACT_CODES = frozenset({
    "missing_field", "unknown_field", "invalid_format", "unsupported_value", "invalid_value", "not_printable",
    "reserved_prefix", "reserved_name", "duplicate_name", "too_many_permissions", "invalid_json", "too_large",
    "duplicate_field", "enveloped",
})  # fmt: skip
"""Codes of docs/runbook.md that say: this is no valid request."""

_TYPES = {f"registrar.registration.{status}.v1": status for status in ("completed", "rejected", "failed")} | {
    "registrar.credential.rotated.v1": "completed",
    "registrar.credential.rotation_rejected.v1": "rejected",
    "registrar.credential.rotation_failed.v1": "failed",
}
_CODE = re.compile(r"[a-z_]+|[A-Z][A-Za-z_]+")
_UNIQUE_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

type Answer = dict[str, Any]


def faults_of_form(answer: Answer) -> list[str]:
    """Say what is wrong with an answer, whatever it answers."""
    data, found = answer["data"], list[str]()
    size = len(json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MAX_BYTES:
        found.append(f"it has {size} bytes")
    if _TYPES.get(answer["type"]) != data["status"]:
        found.append(f"type {answer['type']!r} with status {data['status']!r}")
    if not _is(_UNIQUE_NAME, answer.get("subject")) or len(answer.get("subject") or "") > MAX_NAME:
        found.append(f"subject {answer['subject']!r}")
    if not (_is(_ID, data["requestId"]) and _is(_ID, data["source"])):
        found.append(f"request {data['requestId']!r} of {data['source']!r}")
    return found + _faults_of_errors(data)


def codes(answer: Answer) -> set[str]:
    """Return the codes of an answer's errors."""
    return {error["code"] for error in answer["data"]["errors"]}


def _is(pattern: re.Pattern[str], value: object) -> bool:
    return value is None or (isinstance(value, str) and pattern.fullmatch(value) is not None)


def _faults_of_errors(data: dict[str, Any]) -> list[str]:
    errors: list[dict[str, Any]] = data["errors"]
    found: list[str] = []
    if len(errors) > MAX_ERRORS or data["errorCount"] < len(errors):
        found.append(f"{len(errors)} errors, and errorCount {data['errorCount']}")
    if (data["status"] == "completed") == bool(errors):
        found.append(f"status {data['status']} with {len(errors)} errors")
    for error in errors:
        if not _CODE.fullmatch(error["code"]):
            found.append(f"code {error['code']!r}")
        for text in (error["field"], error["message"]):
            if len(text) > MAX_TEXT:
                found.append(f"an error's text has {len(text)} characters")
            if not text.isprintable():
                found.append(f"an error's text does not print: {text!r}")
    return found
