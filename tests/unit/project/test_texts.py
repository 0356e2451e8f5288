"""Every code that somebody may be told has a text and a line of the documents, and every text stands in one place."""

import ast
import importlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from shared.approval.counting import SENTENCES, Void
from shared.contract.faults import CODES, OWN_CODES
from shared.tickets.text import FIRST
from tests.checkout import ROOT, files

RUNBOOK = (ROOT / "docs/runbook.md").read_text()
APPROVAL = (ROOT / "docs/approval.md").read_text()
SOURCES = [
    path
    for folder in ("functions", "shared")
    for path in files(f"{folder}/**/*.py")
    if "openapi" not in path.parts  # examples, which nobody is told
]
TOLD = {"Problem": 1, "Advice": 0, "PydanticCustomError": 0, "kept_message": 0}
"""Who tells of a code that the runbook explains, and the place of the code among the arguments."""
DECISIONS = {"NotAllowedToDecideError": 1, "NotWaitingError": 1, "note_refused": 3}
"""The same of codes that docs/approval.md explains."""
OF_CONFIGURATION = {"shared/intake/sources.py", "shared/policy/policy_file.py"}
"""Their codes are read by nobody: the health check has the sentences."""
PASSED_ON = re.compile(r"(\w+\.)+(code|reason|value)( or (\w+\.)+(code|reason))?")
"""A code that somebody else has named: a problem's, an error's, Graph's."""
AT_RUN_TIME = {
    ("shared/contract/faults.py", "code"): "of pydantic's types, by CODES and OWN_CODES",
    (
        "shared/operations/retry.py",
        "SignInUnclearError.reason if isinstance(error, SignInUnclearError) else reason",
    ): "of an error, or the type of one that nobody foresaw",
    ("shared/tickets/delivery.py", "f'{REASON}: {reason}'"): "ticket_update_failed and an error's reason",
}
"""Codes that are worked out: where they come from."""


@dataclass(frozen=True)
class Told:
    """A place in the source where a code is given to somebody."""

    file: str
    line: int
    code: ast.expr
    documents: str
    by: str

    def told_as(self, code: str) -> str:
        """Which code the requester gets: what a field's own check says has a code of its own only for some."""
        return "invalid_value" if self.by == "PydanticCustomError" and code not in OWN_CODES else code

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {ast.unparse(self.code)}"


def told() -> Iterator[Told]:
    for path in SOURCES:
        file = str(path.relative_to(ROOT))
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or file in OF_CONFIGURATION:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            for names, documents in ((TOLD, RUNBOOK), (DECISIONS, RUNBOOK + APPROVAL)):
                if name in names and len(node.args) > names[name]:
                    yield Told(file, node.lineno, node.args[names[name]], documents, name)


def codes_of(expression: ast.expr, module: ModuleType) -> set[str] | None:
    """What an expression may be; None when that shows only when it runs."""
    match expression:
        case ast.Constant(value=str() as code):
            return {code}
        case ast.IfExp(body=body, orelse=orelse):
            both = [codes_of(each, module) for each in (body, orelse)]
            return None if None in both else set[str]().union(*(each for each in both if each is not None))
        case ast.Name(id=name) if isinstance(getattr(module, name, None), str):
            return {getattr(module, name)}
        case ast.Subscript(value=ast.Name(id=name)) if isinstance(getattr(module, name, None), dict):
            return set(getattr(module, name).values())
        case _:
            return None


EVERY_PLACE = list(told())


def test_there_is_something_to_hold() -> None:
    assert len(EVERY_PLACE) > 100
    assert {each.documents for each in EVERY_PLACE} == {RUNBOOK, RUNBOOK + APPROVAL}


def test_every_code_stands_in_the_documents() -> None:
    unknown, unexplained = list[str](), list[str]()
    for each in EVERY_PLACE:
        module = importlib.import_module(each.file.removesuffix(".py").replace("/", "."))
        codes = codes_of(each.code, module)
        expression = ast.unparse(each.code)
        if codes is None and not PASSED_ON.fullmatch(expression) and (each.file, expression) not in AT_RUN_TIME:
            unknown.append(str(each))
        unexplained += [f"{each}: {code}" for code in codes or () if f"`{each.told_as(code)}`" not in each.documents]
    assert unknown == [], "say in AT_RUN_TIME which codes these are"
    assert unexplained == []


def test_every_code_of_a_field_stands_in_the_runbook() -> None:
    assert {"missing_field", "unknown_field"} <= set(CODES.values())
    assert [code for code in {*CODES.values(), *OWN_CODES, "invalid_value"} if f"`{code}`" not in RUNBOOK] == []


def test_every_reason_for_a_decision_that_does_not_count_has_its_sentence_and_its_line() -> None:
    assert set(SENTENCES) == set(Void)
    assert [each.value for each in Void if f"`{each.value}`" not in APPROVAL] == []


def test_a_ticket_has_a_first_sentence_for_every_kind_of_news() -> None:
    kinds = re.findall(
        r'"registrar\.(?:registration|credential)\.(\w+)\.v1"', "\n".join(path.read_text() for path in SOURCES)
    )
    assert len(set(kinds)) >= 6
    assert set(kinds) - set(FIRST) == set()


@cache
def sentences(path: Path) -> Sequence[tuple[int, str]]:
    """Whole sentences in a source that are no docstrings; what is filled in stands as {}. Read once for all tests."""
    return tuple(_sentences(path))


def _sentences(path: Path) -> Iterator[tuple[int, str]]:
    tree = ast.parse(path.read_text())
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in ast.walk(node) if part is not node}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value
        elif isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield node.lineno, "".join(map(str, parts))


def is_sentence(text: str) -> bool:
    return len(text.split()) >= 4 and text.rstrip().endswith(".") and "\n" not in text


def test_no_sentence_stands_in_two_places() -> None:
    places = defaultdict[str, list[str]](list)
    for path in SOURCES:
        for line, text in sentences(path):
            if is_sentence(text):
                places[text].append(f"{path.relative_to(ROOT)}:{line}")
    assert len(places) > 100
    assert {text: where for text, where in places.items() if len(where) > 1} == {}


NOBODYS_WORDS = (
    r"stands? more than once",
    r"is refused since",
    r"not to be tried",
    r"rests on",
    r"(?<![Tt]here )\b(is|are) no\b",
    r"begin anew",
    r"valid tuple",
    r"match pattern",
    r"[Ii]nput should be",
    r"regular expression",
    r"themself",
    r"without a word",
)


@pytest.mark.parametrize("kind", NOBODYS_WORDS)
def test_nobody_is_told_in_words_that_nobody_uses(kind: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in SOURCES
        for line, text in sentences(path)
        if is_sentence(text) and re.search(kind, text)
    ]
    assert found == []


@pytest.mark.parametrize("kind", [*NOBODYS_WORDS, r"\bsurely\b", r"\banew\b", r"\bin vain\b"])
def test_neither_are_operators_by_the_doctor(kind: str) -> None:
    """Its findings are parts of sentences, put together with what they are about."""
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text}"
        for path in files("doctor/**/*.py")
        for line, text in sentences(path)
        if len(text.split()) >= 4 and re.search(kind, text)
    ]
    assert found == []
