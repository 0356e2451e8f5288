"""Is a request's body legal for its type? JSON shapes, property names, value types, read-only properties.

The JSON reader's complaints (wrong shapes and literals) are `BadRequest`, the directory's own (unknown names,
broken rules) are `Request_BadRequest`, as in the service.
"""

import base64
import binascii
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from devstack.doubles.documents import Document
from devstack.doubles.graph.errors import bad_request, malformed, unreadable_payload
from devstack.doubles.graph.schema import TYPES, element_type, is_collection, resource_name

type Fields = dict[str, Any]


def check_payload(body: object, type_name: str, read_only: Collection[str] = ()) -> Fields:
    """The body as a dict without annotations (names with `@`), its names and values fit for `type_name`.

    Raises GraphError 400 for anything else, and for a value of a `read_only` property; null is passed over.
    """
    if not isinstance(body, dict):
        raise unreadable_payload() if body is not None else malformed("Empty Payload. JSON content expected.")
    fields = cast("Fields", _without_annotations(cast("object", body)))
    _check_fields(fields, type_name)
    for name in read_only:
        if fields.get(name) is not None:
            message = f"Property '{name}' is read-only and cannot be set."
            raise bad_request(message, "ReadOnlyProperty", name)
    return {name: value for name, value in fields.items() if name not in read_only}


def fields_of(body: object) -> Fields:
    """A JSON object's fields; none of anything else."""
    return cast("Fields", body) if isinstance(body, dict) else {}


def bind_references(body: object, name: str) -> list[str]:
    """Object ids in an `owners@odata.bind` annotation; an empty list without one."""
    value: object = fields_of(body).get(f"{name}@odata.bind")
    if value is None:
        return []
    if not isinstance(value, list):
        raise malformed(_unexpected("PrimitiveValue", "StartArray"))
    return [referenced_id(item) for item in cast("list[object]", value)]


def reference_of(body: object) -> str:
    """The object id in the body of a `$ref` request. Raises GraphError 400."""
    return referenced_id(fields_of(body).get("@odata.id"))


def referenced_id(reference: object) -> str:
    """The object id at the end of an `@odata.id` URL, as `.../directoryObjects/{id}` or `...('{id}')`."""
    if not isinstance(reference, str) or "/" not in reference:
        raise bad_request("Invalid URL format specified in '@odata.bind' or '@odata.id' payload.")
    last = reference.rstrip("/").rsplit("/", 1)[-1]
    return (last.partition("('")[2].removesuffix("')") if last.endswith("')") else last).casefold()


def _check_fields(fields: Fields, type_name: str) -> None:
    declared = TYPES[type_name]
    for name, value in fields.items():
        if name not in declared:
            raise bad_request(f"Invalid property '{name}'.", "InvalidProperty", name)
        _check_value(value, declared[name], type_name, name)


def _check_value(value: object, declared: str, owner: str, name: str) -> None:
    if is_collection(declared):
        if not isinstance(value, list):
            found = "StartObject" if isinstance(value, dict) else "PrimitiveValue"
            raise malformed(_unexpected(found, "StartArray"))
        for item in cast("list[object]", value):
            if item is None:
                raise bad_request(
                    f"Invalid value specified for property '{name}' of resource '{resource_name(owner)}'.",
                    "InvalidValue",
                    name,
                )
            _check_single(item, element_type(declared))
    elif value is not None:
        _check_single(value, declared)


def _check_single(value: object, declared: str) -> None:
    if declared in TYPES:
        if not isinstance(value, dict):
            found = "StartArray" if isinstance(value, list) else "PrimitiveValue"
            raise malformed(_unexpected(found, "StartObject"))
        _check_fields(cast("Fields", value), declared)
    elif isinstance(value, dict | list):
        found = "StartArray" if isinstance(value, list) else "StartObject"
        raise malformed(_unexpected(found, "PrimitiveValue"))
    elif not _LITERALS[declared](value):
        raise malformed(f"Cannot convert the literal '{_literal(value)}' to the expected type 'Edm.{declared}'.")


def _without_annotations(value: object) -> object:
    """The JSON value without names that hold an `@`, at any depth."""
    if isinstance(value, dict):
        fields = cast("Fields", value)
        return {name: _without_annotations(item) for name, item in fields.items() if "@" not in name}
    if isinstance(value, list):
        return [_without_annotations(item) for item in cast("list[object]", value)]
    return value


def _unexpected(found: str, expected: str) -> str:
    return (
        f"An unexpected '{found}' node was found when reading from the JSON reader. A '{expected}' node was expected."
    )


def _literal(value: object) -> str:
    return str(value).casefold() if isinstance(value, bool) else str(value)


def is_guid(value: object) -> bool:
    """Return whether a JSON value is a GUID in its usual text form."""
    try:
        return isinstance(value, str) and len(value) == 36 and bool(UUID(value))
    except ValueError:
        return False


def parse_moment(text: str) -> datetime:
    """A DateTimeOffset as an aware datetime in UTC. Raises ValueError; a time without a zone is none."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"no zone: {text}")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"out of range: {text}") from error


def _is_moment(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(parse_moment(value))
    except ValueError:
        return False


def _is_binary(value: object) -> bool:
    try:
        base64.b64decode(str(value))
    except (binascii.Error, ValueError):
        return False
    return isinstance(value, str)


_LITERALS: dict[str, Callable[[object], bool]] = {
    "String": lambda value: isinstance(value, str),
    "Boolean": lambda value: isinstance(value, bool),
    "Int32": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "Guid": is_guid,
    "DateTimeOffset": _is_moment,
    "Binary": _is_binary,
}


def merge(current: Document, changes: Fields, type_name: str) -> Document:
    """The document after a PATCH: collections and values replaced, complex properties merged one level down."""
    merged = dict(current)
    for name, value in changes.items():
        before = current.get(name)
        if isinstance(value, dict) and isinstance(before, dict) and TYPES[type_name][name] in TYPES:
            merged[name] = {**cast("Fields", before), **cast("Fields", value)}
        else:
            merged[name] = value
    return merged
