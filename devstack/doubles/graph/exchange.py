"""One call as the nouns see it: what was asked, and what is answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from devstack.doubles.graph.odata.path import Key
from devstack.doubles.tokens import Caller

SERVICE_ROOT = "https://graph.microsoft.com/v1.0"


@dataclass(frozen=True)
class Request:
    """A call that found its route. `keys` are the path's keys from left to right.

    `options` holds the query's parameters as sent, `headers` has lower-case names, `body` is the parsed JSON or
    None, `path` is what follows the service root (for links to further pages).
    """

    method: str
    path: str
    keys: tuple[Key, ...]
    options: Mapping[str, str]
    headers: Mapping[str, str]
    body: object
    caller: Caller

    def prefers(self, preference: str) -> bool:
        """Return whether the Prefer header holds the preference."""
        wanted = [item.strip().casefold() for item in self.headers.get("prefer", "").split(",")]
        return preference.casefold() in wanted

    @property
    def is_eventual(self) -> bool:
        """Return whether the caller asked for the index that serves advanced queries."""
        return self.headers.get("consistencylevel", "").casefold() == "eventual"


@dataclass(frozen=True)
class Answer:
    """A successful reply. `body` is JSON, plain text (a count), or None for an empty reply."""

    status: int
    body: dict[str, Any] | str | None = None
    headers: dict[str, str] = field(default_factory=dict[str, str])


NO_CONTENT = Answer(204)


def context(fragment: str) -> str:
    """An `@odata.context` URL."""
    return f"{SERVICE_ROOT}/$metadata#{fragment}"


def object_url(tenant_id: str, object_id: str, class_name: str) -> str:
    """The `Location` of a new directory object, in the service's own, internal form."""
    return f"https://graph.microsoft.com/v2/{tenant_id}/directoryObjects/{object_id}/Microsoft.DirectoryServices.{class_name}"
