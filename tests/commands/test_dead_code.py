"""Every exception from the search for dead code is still needed: a stale one would hide something new."""

import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tests.checkout import ROOT


def test_every_name_that_is_allowed_would_be_found(tmp_path: Path) -> None:
    settings: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["vulture"]
    product = re.findall(r"^PRODUCT := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split()
    found = searched(settings, settings["paths"], tmp_path) + searched(settings, product, tmp_path)
    assert [name for name in settings["ignore_names"] if not any(fnmatchcase(one, name) for one in found)] == []


def searched(settings: dict[str, Any], paths: list[str], folder: Path) -> list[str]:
    """What is found where no name is allowed."""
    none_allowed = folder / "pyproject.toml"
    none_allowed.write_text("[tool.vulture]\n")
    options = ["--config", str(none_allowed), "--min-confidence", str(settings["min_confidence"])]
    options += ["--ignore-decorators", ",".join(settings["ignore_decorators"])]
    options += ["--exclude", ",".join(settings["exclude"])]
    command = [sys.executable, "-m", "vulture", *options, *paths]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    names = re.findall(r"unused \w+ '(\w+)'", done.stdout)
    assert names, done.stderr
    return names
