"""The Bicep files fit each other: what is declared is used, and what is used is declared."""

import re

import pytest

from tests.unit.project.bicep import FILES, INFRA, BicepFile, Declaration

MAIN = FILES["main.bicep"]


@pytest.mark.parametrize(
    "file", [*FILES.values(), BicepFile(INFRA / "main.bicepparam")], ids=lambda file: file.path.name
)
def test_a_file_is_balanced_and_what_it_refers_to_is_there(file: BicepFile) -> None:
    assert file.unbalanced is None
    assert all(not re.match(r"(br|ts)[:/]", reference) for reference in file.references)
    assert [reference for reference in file.references if not (file.path.parent / reference).is_file()] == []


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_what_is_declared_is_used_and_what_is_used_is_declared(file: BicepFile) -> None:
    values = re.sub(r"^ *\w+:", "", file.code, flags=re.MULTILINE)
    names = [one.name for one in file.declarations if one.kind in ("param", "var")]
    assert [name for name in names if len(re.findall(rf"\b{name}\b", values)) < 2] == []
    imported = re.findall(r"^import \{ (\w+) \}", file.code, re.MULTILINE)
    loops = re.findall(r"\bfor (\w+) in", file.code)
    known = {one.name for one in file.declarations} | set(imported) | set(loops)
    used: list[str] = re.findall(r"(?<![\w.'@])([a-zA-Z]\w*)\.\w", file.code)
    assert set(used) <= known


def modules() -> list[Declaration]:
    return list(MAIN.all("module").values())


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_a_module_gets_the_params_that_it_declares(module: Declaration) -> None:
    declared = FILES[module.quoted].all("param")
    passed = set(module.entries("params"))
    assert passed <= set(declared)
    assert {name for name, param in declared.items() if not param.has_value} <= passed


def outputs_of(module: str) -> set[str]:
    return set(FILES[MAIN.all("module")[module].quoted].all("output"))


def test_outputs_of_modules_exist() -> None:
    used: list[tuple[str, str]] = re.findall(r"\b(\w+)\.outputs\.(\w+)", MAIN.code)
    missing = [(module, output) for module, output in used if output not in outputs_of(module)]
    assert used
    assert missing == []


def test_the_param_file_decides_what_has_no_default_and_nothing_unknown() -> None:
    decided = set(BicepFile(INFRA / "main.bicepparam").all("param"))
    declared = MAIN.all("param")
    assert {name for name, param in declared.items() if not param.has_value} <= decided <= set(declared)
