"""What `make` says of itself."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_make_lists_every_target_that_says_what_it_does() -> None:
    told = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert re.findall(r"^  make ([a-z-]+)", listed, re.MULTILINE) == told
    assert {"doctor", "audit-verify", "audit-export"} <= set(told)
