"""What docs/configuration.md says of each key is what the code does: every key, every default, every bound."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAliasType, get_args

import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from shared.contract.request import MAX_APIS, MAX_PERMISSIONS
from shared.intake.sources import Constant, Ticketing
from shared.policy.policy_file import Policy
from shared.settings import Settings
from tests.checkout import ROOT, files

CONFIGURATION = (ROOT / "docs/configuration.md").read_text()
DOCUMENTS = [*files("*.md"), *files("docs/**/*.md")]
ROW = re.compile(r"^\| `([^`]+)` \| ?([^|]*?) ?\|", re.MULTILINE)
REQUIRED, NONE = "required", "none"
IN_WORDS = {"names.protected_words": "names of Microsoft's products"}
"""Defaults too long for a column; the document says what they are."""


def rows(begin: str, end: str) -> dict[str, str]:
    """The rows of the table between two lines: what stands in their second column, by their first."""
    return dict(ROW.findall(CONFIGURATION.partition(begin)[2].partition(end)[0]))


def models(kind: Any) -> Iterator[type[BaseModel]]:
    """The models in a type, whatever is around them."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    elif isinstance(kind, TypeAliasType):
        yield from models(kind.__value__)
    else:
        for inner in get_args(kind):
            yield from models(inner)


def reachable(model: type[BaseModel]) -> set[type[BaseModel]]:
    """A model and all that its fields lead to."""
    found, pending = {model}, [model]
    while pending:
        for field in pending.pop().model_fields.values():
            new = set(models(field.annotation)) - found
            found |= new
            pending += new
    return found


def policy_defaults(model: type[BaseModel] = Policy, prefix: str = "") -> dict[str, Any]:
    """Every key of policy.toml that is not a list of tables, with its default."""
    found = dict[str, Any]()
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= policy_defaults(kind, f"{prefix}{name}.")
        elif not set(models(kind)):
            found[prefix + name] = field.default
    return found


def told(default: Any) -> str:
    """A default as the table has it: a TOML value, or a word."""
    if default is PydanticUndefined:
        return REQUIRED
    return NONE if default is None else f"`{json.dumps(default)}`"


def test_every_policy_key_is_in_the_table_with_the_default_that_it_has() -> None:
    table = rows("| key | default | meaning |", "\n\n")
    assert table == {key: told(default) for key, default in policy_defaults().items()} | IN_WORDS


def test_every_key_of_a_list_of_tables_of_the_policy_is_in_the_document() -> None:
    lists = reachable(Policy) - {Policy, *(each for each in reachable(Policy) if each.__name__ in _TABLES)}
    assert len(lists) >= 3
    assert [
        (each.__name__, key) for each in lists for key in each.model_fields if f"`{key}`" not in CONFIGURATION
    ] == []


_TABLES = {field.annotation.__name__ for field in Policy.model_fields.values() if isinstance(field.annotation, type)}


def test_every_setting_is_in_the_table_with_the_default_that_it_has() -> None:
    table = rows("| setting | | meaning |", "\n\n")
    fields = {field.alias or name: field for name, field in Settings.model_fields.items() if name != "storage"}
    assert set(fields) <= set(table)
    documented = {name: table[name].strip() for name in fields}
    expected = dict[str, str]()
    for name, field in fields.items():
        text = REQUIRED if field.is_required() else str(field.default or "")
        expected[name] = text if text in (REQUIRED, "") else f"`{text}`"
    # An empty cell is a setting without a default that says what it is without it.
    assert documented == {name: "" if text in ("`()`", "`None`") else text for name, text in expected.items()}


def ticketing_defaults(model: type[BaseModel] = Ticketing, prefix: str = "") -> dict[str, Any]:
    """Every key of ticketing.toml with its default; kinds of a table that differ are taken together."""
    found = dict[str, Any]()
    for name, field in model.model_fields.items():
        tables = sorted(set(models(field.annotation)) - {Constant}, key=lambda table: table.__name__)
        for table in tables:
            found |= ticketing_defaults(table, f"{prefix}{name}.")
        if not tables:
            found[prefix + name] = field.get_default(call_default_factory=True)
    return found


def test_every_key_of_ticketing_toml_is_in_the_table_with_the_default_that_it_has() -> None:
    table = rows("| ticketing key | default | meaning |", "\n\n")
    assert table == {key: told(default) for key, default in ticketing_defaults().items()}


def test_the_bounds_of_a_request_are_those_of_the_contract() -> None:
    assert f"{MAX_APIS} APIs and {MAX_PERMISSIONS} permissions in all" in CONFIGURATION


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_table_is_whole(document: Path) -> None:
    """A row that no head or row stands before is shown as text."""
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    lines = ["", *text.splitlines(), ""]
    torn = [
        line
        for before, line, after in zip(lines, lines[1:], lines[2:], strict=False)
        if line.startswith("|") and not before.startswith("|") and not re.match(r"\|[ :|-]+\|$", after)
    ]
    assert torn == []
