"""The search for dead code allows no name that it would not find: a stale one would hide something new."""

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
    none_allowed = tmp_path / "pyproject.toml"
    none_allowed.write_text("[tool.vulture]\n")
    options = ["--config", none_allowed, "--min-confidence", str(settings["min_confidence"])]
    options += ["--ignore-decorators", ",".join(settings["ignore_decorators"])]
    command = [sys.executable, "-m", "vulture", *options, *settings["paths"]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = re.findall(r"unused \w+ '(\w+)'", done.stdout)
    assert found, done.stderr
    assert [name for name in settings["ignore_names"] if not any(fnmatchcase(one, name) for one in found)] == []
