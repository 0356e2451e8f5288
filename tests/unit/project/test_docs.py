"""The documents name what the code has: every reason and code, every setting and policy key; and no link is dead."""

import json
import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from doctor.audit.codes import Code
from shared.audit.events import Removal
from shared.contract.answer import Answer
from shared.contract.request import parse_request
from shared.core.errors import RegistrarError
from shared.model.audit_entry import Kind
from shared.policy.policy_file import Policy
from shared.settings import Settings
from tests.checkout import ROOT, files

RUNBOOK = (ROOT / "docs/runbook.md").read_text()
CONFIGURATION = (ROOT / "docs/configuration.md").read_text()
DOCUMENTS = [*files("*.md"), *files("docs/**/*.md"), *files("devstack/**/*.md")]
SOURCES = files("shared/**/*.py")

NEVER_A_FINAL_REASON = {"unexpected", "deferred", "rejected"}
"""Bases of the tree in shared/core/errors.py, which nothing raises as themselves."""
CODE_IN_QUOTES = re.compile(r'"([a-z]+(?:_[a-z]+)+)"')


def reasons() -> set[str]:
    pending, found = [RegistrarError], set[str]()
    while pending:
        kind = pending.pop()
        found.add(kind.reason)
        pending += kind.__subclasses__()
    return found - NEVER_A_FINAL_REASON


def policy_keys(model: type[BaseModel] = Policy, prefix: str = "") -> set[str]:
    keys = set[str]()
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            keys |= policy_keys(kind, f"{name}.")
        else:
            keys.add(prefix + name)
    return keys


def test_the_runbook_knows_every_reason() -> None:
    """Codes are test_texts.py's."""
    assert len(reasons()) > 10
    assert sorted(name for name in reasons() if f"`{name}`" not in RUNBOOK) == []


def test_the_runbook_names_no_code_that_is_gone() -> None:
    known = set(CODE_IN_QUOTES.findall("\n".join(path.read_text() for path in SOURCES)))
    listed = [
        name for row in re.findall(r"^\| (`[^|]+) \|", RUNBOOK, re.MULTILINE) for name in re.findall("`(.+?)`", row)
    ]
    ours = {name for name in listed if re.fullmatch(r"[a-z]+(_[a-z]+)+", name)}
    assert len(ours) > 30
    assert ours - known == set()


def test_the_configuration_names_every_setting_and_every_policy_key() -> None:
    storage = Settings.model_fields["storage"].annotation
    assert isinstance(storage, type)
    assert issubclass(storage, BaseModel)
    settings = {field.alias for model in (Settings, storage) for field in model.model_fields.values() if field.alias}
    tables = {"apis", "vaults", "approval.permissions"}
    assert [name for name in settings if f"`{name}`" not in CONFIGURATION] == []
    assert [name for name in policy_keys() - tables if f"`{name}`" not in CONFIGURATION] == []
    assert all(f"`[[{table}]]`" in CONFIGURATION for table in tables)


def test_the_example_in_the_readme_is_the_demos_and_its_answer_is_a_real_one() -> None:
    request, answer = re.findall(r"```json\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert request.strip() == (ROOT / "examples/azure-digital-twins.json").read_text().strip()
    shown = json.loads(answer)
    assert json.loads(Answer.model_validate(shown).to_json()) == shown
    parsed = parse_request(json.loads(request))
    assert (shown["subject"], shown["data"]["requestId"]) == (parsed.application.unique_name, parsed.request_id)


def test_the_audit_documents_name_every_kind_removal_and_finding() -> None:
    audit = (ROOT / "docs/audit.md").read_text()
    names = [*Kind, *Removal, *Code]
    assert [name.value for name in names if f"`{name.value}`" not in audit] == []
    kinds = re.findall(r"^\| `(\w+)` \|", audit, re.MULTILINE)
    assert sorted(kinds) == sorted([*(kind.value for kind in Kind), *(code.value for code in Code)])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_link_is_dead(document: Path) -> None:
    text = re.sub(r"`[^`\n]*`", "", document.read_text())
    links = re.findall(r"\]\(([^)#\s]+)", text)
    local = [link for link in links if not link.startswith("https://")]
    assert [link for link in local if not (document.parent / link).exists()] == []
