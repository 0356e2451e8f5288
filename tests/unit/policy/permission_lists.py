"""Every permission of Microsoft Graph that is known by name, and those of writing that were judged ordinary.

`data/graph_permissions.csv` is names, ids and kinds as Microsoft publishes them (the permissions reference with its
provisioning ids, and the permission descriptions, as of August 2026), and which application permissions a public
tiering of them calls tier 0. A kind that has no id yet holds "?", one that does not exist is empty.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_DATA = Path(__file__).parents[1] / "data"


@dataclass(frozen=True)
class Listed:
    """A permission by name; ids by kind, of which there may be two while one is replaced."""

    name: str
    role: tuple[str, ...]
    scope: tuple[str, ...]
    tier0: bool

    @property
    def ids(self) -> tuple[str, ...]:
        """Every id, of both kinds."""
        return tuple(each for each in (*self.role, *self.scope) if each != "?")


def listed() -> Iterator[Listed]:
    """Read the list."""
    with (_DATA / "graph_permissions.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield Listed(row["name"], tuple(row["role"].split()), tuple(row["scope"].split()), row["tier0"] == "0")


def ordinary_writing() -> frozenset[str]:
    """Read the names that write, manage or impersonate and lead to no control of the tenant."""
    return frozenset((_DATA / "ordinary_writing.txt").read_text(encoding="utf-8").split())
