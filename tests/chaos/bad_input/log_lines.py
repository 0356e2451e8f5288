"""What a log may hold: one event per line, nothing that a terminal or a reader of lines takes for something else."""

import json
import re

_NO_TEXT = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Control characters but tab, line separators, and what turns the direction of writing."""
_HOST_LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00 [A-Z]+ \S+ ")


def faults_of_record(record: str) -> list[str]:
    """Say what is wrong with one record of the worker, before the host makes a line of it."""
    if _NO_TEXT.search(record):
        return [f"a log record with control characters: {record[:300]!r}"]
    prefix, brace, _ = record.partition('{"event":')
    if not brace:
        return []
    try:
        json.loads(record[len(prefix) :])
    except ValueError:
        return [f"an event that is not JSON: {record[:300]!r}"]
    return []


def faults_of_log(log: bytes) -> list[str]:
    """Say what is wrong with a whole log of the host: lines that are no records, and characters that are no text."""
    found: list[str] = []
    for line in log.decode(errors="replace").split("\n"):
        if not line:
            continue
        if not _HOST_LINE.match(line):
            found.append(f"a line in the host's log that is no record: {line[:300]!r}")
        elif _NO_TEXT.search(line):
            found.append(f"a line in the host's log with control characters: {line[:300]!r}")
    return found
