"""What Graph takes for an app management policy. Source: Microsoft Learn, passwordCredentialConfiguration et al."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, cast

from devstack.doubles.documents import Document
from devstack.doubles.graph.errors import bad_request, invalid_value

_TYPES = {
    "passwordCredentials": (
        "passwordAddition",
        "passwordLifetime",
        "customPasswordAddition",
        "symmetricKeyAddition",
        "symmetricKeyLifetime",
    ),
    "keyCredentials": ("asymmetricKeyLifetime",),
}
_DURATION = re.compile(r"P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?")
_EXEMPTION = "#microsoft.graph.customSecurityAttributeStringValueExemption"
_MOST_EXEMPTIONS = 5


def check_section(section: object) -> None:
    """Raises GraphError 400 for a list of restrictions that Graph does not take."""
    fields = cast("Document", section) if isinstance(section, dict) else {}
    for kind, types in _TYPES.items():
        entries = cast("list[Document]", fields.get(kind) or [])
        names = [entry.get("restrictionType") for entry in entries]
        if len(set(names)) < len(names):
            raise bad_request("A restriction type is used more than once.", "DuplicateValue", kind)
        for entry in entries:
            _check_restriction(entry, types)


def _check_restriction(restriction: Document, types: tuple[str, ...]) -> None:
    kind = restriction.get("restrictionType")
    if kind not in types or restriction.get("state") not in (None, "enabled", "disabled"):
        raise invalid_value("restrictionType" if kind not in types else "state", "CredentialConfiguration")
    lifetime = restriction.get("maxLifetime")
    if kind.endswith("Lifetime") != (lifetime is not None) or (lifetime and not _DURATION.fullmatch(lifetime)):
        raise invalid_value("maxLifetime", "CredentialConfiguration")


def check_exemptions(body: object) -> None:
    """Raises GraphError 400 for exemptions of callers that Graph does not take, wherever they stand in a body."""
    for exemptions in _exemptions(body):
        if len(exemptions) > _MOST_EXEMPTIONS:
            raise invalid_value("customSecurityAttributes", "AppManagementPolicyActorExemptions")
        for each in exemptions:
            texts = (each.get("id"), each.get("value"))
            is_known = f"#{str(each.get('@odata.type')).removeprefix('#')}" == _EXEMPTION
            if not is_known or each.get("operator") != "equals" or not all(isinstance(text, str) for text in texts):
                raise invalid_value("customSecurityAttributes", "AppManagementPolicyActorExemptions")


def shown(value: Any) -> Any:  # noqa: ANN401  JSON
    """A policy's JSON as Graph shows it: exemptions say of which type they are."""
    if isinstance(value, list):
        return [shown(item) for item in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    fields = {name: shown(item) for name, item in cast("Document", value).items()}
    return {"@odata.type": _EXEMPTION, **fields} if fields.keys() == {"id", "operator", "value"} else fields


def _exemptions(value: object) -> Iterator[list[Document]]:
    if isinstance(value, dict):
        for name, item in cast("Document", value).items():
            if name == "customSecurityAttributes" and isinstance(item, list):
                yield cast("list[Document]", item)
            yield from _exemptions(cast("object", item))
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            yield from _exemptions(item)


def parse_duration(text: str) -> timedelta:
    """An ISO 8601 duration in days, hours, minutes and seconds. Raises ValueError."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"not a duration: {text}")
    return timedelta(**{unit: int(value) for unit, value in found.groupdict(default="0").items()})
