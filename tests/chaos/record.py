"""What was found, unit by unit, in files: a run that was cut off goes on where it stopped."""

import hashlib
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tests.brokers import Broker, split
from tests.chaos.suite import Result
from tests.chaos.suites import NAMES
from tests.checkout import ROOT, SCRATCH

_NOT_TESTED = (".ci/", ".github/", "docs/", "scripts/", "Makefile")
"""Paths that change no unit's outcome."""
_TESTED_BY_SABOTAGE = (
    "tests/unit/",
    "tests/component/",
    "tests/commands/",
    "tests/contract/",
    "tests/devstack/",
    "tests/e2e/test_",
)
"""Tests that a sabotage is caught by, and that no other suite runs."""
_OF_FEW = {
    "tests/simulation/": ("simulation",),
    "tests/fakes/": ("simulation", "bad-input"),
}
"""What only these suites load, and the sabotages."""


class UnitRecord(BaseModel):
    """One unit that ran: its result, or the error that kept it from running."""

    model_config = ConfigDict(extra="forbid")

    suite: str
    unit: str
    seconds: float
    finished: datetime = Field(default_factory=lambda: datetime.now(UTC))
    result: Result = Field(default_factory=Result)
    error: str | None = None

    @property
    def broker(self) -> Broker:
        """The broker that it ran on, as its unit's name says."""
        return split(self.unit)[1]

    @property
    def is_sound(self) -> bool:
        """Return whether it ran and found nothing."""
        return self.error is None and not self.result.breaches


def fingerprint(suite: str) -> str:
    """Name the code under test: the hash of every file that can change the suite's outcome, 12 hex digits.

    New files count as well, those that git ignores do not.
    """
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    digest = hashlib.sha256()
    for name in sorted(set(listing)):
        file = ROOT / name
        if not _can_matter(name, suite) or not file.is_file():
            continue
        digest.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:12]


def _can_matter(name: str, suite: str) -> bool:
    if name.endswith((".md", ".jinja")) or name.startswith(_NOT_TESTED):
        return False
    if suite == "sabotage":
        return True
    if any(name.startswith(folder) and suite not in suites for folder, suites in _OF_FEW.items()):
        return False
    others = [f"tests/chaos/{other.replace('-', '_')}/" for other in NAMES if other not in (suite, "leaks")]
    if suite not in ("crash-matrix", "lost-answers", "outage"):
        others.append("tests/chaos/on_the_wire/")
    return not name.startswith((*_TESTED_BY_SABOTAGE, *others))


class Records:
    """What units found, kept by the code they ran on. `code` names the code of a suite."""

    def __init__(self, code: Callable[[str], str] = fingerprint, folder: Path = SCRATCH) -> None:
        self.code = cache(code)
        self._folder = folder

    def read(self, suite: str, unit: str) -> UnitRecord | None:
        """Read what is known of a unit on today's code; None when it never came to an end."""
        file = self._file(suite, unit)
        return UnitRecord.model_validate_json(file.read_bytes()) if file.exists() else None

    def write(self, record: UnitRecord) -> None:
        """Keep a record; it is there whole or not at all."""
        file = self._file(record.suite, record.unit)
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(record.model_dump_json(indent=1))
        partial.replace(file)

    def _file(self, suite: str, unit: str) -> Path:
        return self._folder / suite / self.code(suite) / f"{unit.replace('/', '+')}.json"
