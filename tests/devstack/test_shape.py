"""The emulator could be published by itself: it names nothing of the product, and every service has the same parts."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.checkout import ROOT, files

DEVSTACK = ROOT / "devstack"
CONFIGURATION = {DEVSTACK / "ticketing.toml"}
KINDS = {".py", ".md", ".cjs", ".json", ".toml"}
FILES = [file for file in files("devstack/**/*") if file.suffix in KINDS and file not in CONFIGURATION]
WORDS = re.compile(r"registrar|app-registration|contoso", re.IGNORECASE)
OF_MICROSOFT = {DEVSTACK / "doubles/seed/well_known.json"}
"""Microsoft's own resources, as a hybrid tenant shows them."""
MODULES = re.compile(r"(shared|functions|doctor|demo)(\.\w+)+")
SERVICES = [file.parent for file in files("devstack/doubles/**/app.py") if file.parent.name != "ticketing"]
"""Ticketing alone holds several services."""
LONGEST = 300


def texts(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_no_word_of_the_product_is_in_it() -> None:
    assert len(FILES) > 150
    found = [str(file) for file in FILES if file not in OF_MICROSOFT and WORDS.search(file.read_text())]
    assert found == []


def test_no_module_of_the_product_is_named_not_even_as_a_text() -> None:
    sources = [file for file in FILES if file.suffix == ".py"]
    assert [(str(file), text) for file in sources for text in texts(file) if MODULES.fullmatch(text)] == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda folder: folder.name)
def test_every_service_has_the_same_parts(service: Path) -> None:
    parts = {path.stem for path in service.iterdir()}
    assert parts >= {"app", "routes", "operations", "errors"}


def test_all_services_are_found() -> None:
    names = {"control", "entra", "graph", "identity", "jira", "keyvault", "servicebus", "servicenow", "webhooks"}
    assert {service.name for service in SERVICES} == names


def test_a_reader_can_hold_each_module_in_the_head() -> None:
    lengths = {str(file): len(file.read_text().splitlines()) for file in FILES if file.suffix == ".py"}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}
