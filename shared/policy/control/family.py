"""A family of permissions that lead to control: its reason, the names it matches, and the members known by id."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from shared.policy.reading import READS

MICROSOFT_GRAPH = "00000003-0000-0000-c000-000000000000"
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
SHAREPOINT = "00000003-0000-0ff1-ce00-000000000000"


@dataclass(frozen=True)
class Known:
    """A permission as published by its API, the same in every tenant."""

    kind: Literal["Role", "Scope"]
    id: str
    name: str


@dataclass(frozen=True)
class Family:
    """Permissions of one API that lead to control in the same way.

    `reason` completes the sentence "Whoever holds it …". `names` covers new members immediately; the ids of `known`
    count even if a directory names them differently.
    """

    reason: str
    names: re.Pattern[str]
    known: tuple[Known, ...]
    api: str = MICROSOFT_GRAPH

    def takes_in(self, api: str, name: str) -> bool:
        """Return whether an API's permission of this name belongs to the family."""
        return self.api == api.casefold() and self.names.fullmatch(name) is not None


def known(table: str) -> tuple[Known, ...]:
    """Parse a table of known members: kind, id and name, one permission per line."""
    return tuple(_row(*line.split()) for line in table.strip().splitlines())


def writes(resources: str) -> re.Pattern[str]:
    """Match every name of these resources except those that only read."""
    return re.compile(rf"(?:{resources})\.(?!{READS}(?:\.|$)).+", re.IGNORECASE)


def named(names: str) -> re.Pattern[str]:
    """Match names by a regular expression for the whole name."""
    return re.compile(names, re.IGNORECASE)


def either(*patterns: re.Pattern[str]) -> re.Pattern[str]:
    """Match what any of the patterns matches."""
    return re.compile("|".join(f"(?:{each.pattern})" for each in patterns), re.IGNORECASE)


def by_id(families: Iterable[Family]) -> dict[str, Family]:
    """Return the families by the ids of their known members."""
    return {each.id: family for family in families for each in family.known}


def of_name(families: Iterable[Family], api: str, name: str) -> Iterator[Family]:
    """Yield the families that match a name."""
    return (family for family in families if family.takes_in(api, name))


def _row(kind: str, permission_id: str, name: str) -> Known:
    if kind not in ("Role", "Scope"):
        raise ValueError(f"{kind!r} is no kind of permission")
    return Known(kind, permission_id, name)
