"""What was found, unit by unit, in files: a run that was cut off goes on where it stopped."""

import hashlib
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tests.chaos.suite import Result

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".chaos"
_NOT_TESTED = (".ci", ".github", "docs", "examples", "infra", "schemas", "scripts", "tests/contract", "tests/devstack")
"""Paths that change no unit's outcome."""


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
    def is_sound(self) -> bool:
        """Say whether it ran and found nothing."""
        return self.error is None and not self.result.breaches


def fingerprint() -> str:
    """Name the code under test: the hash of every tracked or new file that can change an outcome, 12 hex digits."""
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
        if file.suffix == ".md" or name.startswith(_NOT_TESTED) or not file.is_file():
            continue
        digest.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:12]


class Records:
    """The records of one state of the code."""

    def __init__(self, code: str, folder: Path = FOLDER) -> None:
        self.code = code
        self.folder = folder / code

    def read(self, suite: str, unit: str) -> UnitRecord | None:
        """Read what is known of a unit; None when it never came to an end."""
        file = self._file(suite, unit)
        return UnitRecord.model_validate_json(file.read_bytes()) if file.exists() else None

    def write(self, record: UnitRecord) -> None:
        """Keep a record; it is there whole or not at all."""
        file = self._file(record.suite, record.unit)
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(record.model_dump_json(indent=1))
        partial.replace(file)

    def of(self, suite: str) -> Iterator[UnitRecord]:
        """All records of a suite."""
        for file in sorted((self.folder / suite).glob("*.json")):
            yield UnitRecord.model_validate_json(file.read_bytes())

    def _file(self, suite: str, unit: str) -> Path:
        return self.folder / suite / f"{unit.replace('/', '+')}.json"
