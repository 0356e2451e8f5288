"""What the host loads: which functions there are, and how little it costs to index them."""

import json
import subprocess
import sys
import time
from pathlib import Path

import function_app

ROOT = Path(__file__).parents[2]
FORBIDDEN = ("msgraph", "kiota_abstractions", "azure.identity", "azure.keyvault", "azure.storage", "pydantic", "httpx")


def test_the_inventory_of_functions() -> None:
    found = {function.get_function_name() for function in function_app.app.get_functions()}
    assert found == {
        "process_registration",
        "continue_registration",
        "resume_registrations",
        "clean_up_credentials",
        "health",
    }


def test_indexing_is_fast_and_imports_nothing_heavy() -> None:
    program = "import json, sys, function_app; print(json.dumps(sorted(sys.modules)))"
    seconds: list[float] = []
    for _ in range(3):
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
        )
        seconds.append(time.perf_counter() - started)
        imported: list[str] = json.loads(done.stdout)
        assert [name for name in imported if name.startswith(FORBIDDEN)] == []
    # The fastest of three whole interpreter runs: the machine may be busy, the import is not slower for it.
    assert min(seconds) < 0.5
