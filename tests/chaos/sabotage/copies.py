"""A copy of the repository in which one protection is off, and one test run in it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from devstack.forked import SETTING
from tests.chaos.sabotage.replacement import Replacement

ROOT = Path(__file__).resolve().parents[3]
_SHARED = (".venv", "node_modules")
"""Linked, not copied."""
_LEFT_OUT = shutil.ignore_patterns(".git", ".chaos", ".devstack*", ".*_cache", "htmlcov", *_SHARED)
_LONGEST_SECONDS = 300
_FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - (.*))?$", re.MULTILINE)


def copy_repository(to: Path) -> None:
    """Copy what is tested and its tests, and what is compiled of them.

    The copies keep their times, so that compiled files hold for them; a replaced text is compiled anew in every run.
    """
    shutil.copytree(ROOT, to, ignore=_LEFT_OUT, symlinks=True)
    for name in _SHARED:
        if (ROOT / name).exists():
            (to / name).symlink_to(ROOT / name)


def replace_once(copy: Path, replacement: Replacement) -> str:
    """Replace a text; returns the file's former content. Raises ValueError unless the text stands there just once."""
    file = copy / replacement.file
    content = file.read_text(encoding="utf-8")
    if (found := content.count(replacement.old)) != 1:
        raise ValueError(f"{replacement.file} holds {replacement.old!r} {found} times, not once")
    file.write_text(content.replace(replacement.old, replacement.new), encoding="utf-8")
    return content


def first_failure(copy: Path, tests: list[str]) -> str | None:
    """Run tests in the copy until one fails; how it failed, or None. Raises RuntimeError when they cannot be run."""
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--no-header", *tests]
    # Hosts of the copy are not to be forked from what has imported the original.
    environment = {name: value for name, value in os.environ.items() if name != SETTING} | {"COLUMNS": "400"}
    run = subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, timeout=_LONGEST_SECONDS, check=False
    )
    if run.returncode == 0:
        return None
    failed = _FAILED.search(run.stdout)
    if run.returncode != 1 or failed is None:
        raise RuntimeError(f"pytest ended with {run.returncode}: {(run.stdout + run.stderr)[-2000:]}")
    return (failed[2] or failed[1]).strip()
