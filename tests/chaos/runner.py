"""Runs units, a few at a time, each in a process and a folder of its own, and keeps what they found."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from tests.chaos.processes import Processes
from tests.chaos.record import Records, UnitRecord
from tests.chaos.suite import Result
from tests.chaos.suites import load_suite

AT_ONCE = 5
"""Units at a time, for two cores: those on a stack wait for something a third of their time. With more, the clock of a
unit is moved before its app has come to do what was due."""
LONGEST_SECONDS = 1800
"""A unit that takes longer hangs."""


def run_here(suite: str, unit: str) -> Result:
    """Run one unit in this process, in a new folder that is removed when nothing was found."""
    loaded, folder = load_suite(suite), Path(tempfile.mkdtemp(prefix=f"{suite}-"))
    result = loaded.run(unit, folder)
    if result.breaches:
        result.breaches.append(f"the stack's folder is kept: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return result


def run_apart(suite: str, unit: str, processes: Processes) -> UnitRecord:
    """Run one unit in a process of its own, so that nothing of it outlives it and nothing of another is seen."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        answer, log = Path(folder) / "result.json", Path(folder) / "log"
        process = processes.start(["unit", suite, unit, "--result", str(answer)], log)
        ended = process.wait(LONGEST_SECONDS)
        process.stop()
        if answer.exists():
            result, error = Result.model_validate_json(answer.read_bytes()), None
        else:
            hung = "" if ended else f"not finished within {LONGEST_SECONDS} s: "
            result, error = Result(), f"{hung}{_tail(log)}"
    return UnitRecord(suite=suite, unit=unit, seconds=time.monotonic() - begun, result=result, error=error)


def run_all(
    units: Iterable[tuple[str, str]], records: Records, report: Callable[[UnitRecord], None], at_once: int
) -> list[UnitRecord]:
    """Run every unit that has no sound record yet; returns the records of all, those of earlier runs included."""
    found: list[UnitRecord] = []
    with Processes() as processes, ThreadPoolExecutor(at_once) as pool:
        pending = list[tuple[str, str]]()
        for suite, unit in units:
            known = records.read(suite, unit)
            if known is not None and known.is_sound:
                found.append(known)
            else:
                pending.append((suite, unit))
        for future in as_completed(pool.submit(run_apart, suite, unit, processes) for suite, unit in pending):
            record = future.result()
            records.write(record)
            report(record)
            found.append(record)
    return found


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-4000:].strip()
