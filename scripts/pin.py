"""Writes the hashes of every file of each pinned release into requirements.txt and requirements-dev.txt.

Change a version, or add a line `name==version`, and run `python scripts/pin.py`. It needs uv, which uses the
package index of your own configuration; the files name none. Comments and order are kept. `--check` makes no
request and writes nothing: it lists the lines that are not pinned, and exits with 1 if there are any.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FILES = ("requirements.txt", "requirements-dev.txt")
_PIN = re.compile(r"([A-Za-z0-9._-]+)(\[[A-Za-z0-9,._-]+\])?==([A-Za-z0-9.+!]+)")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def logical_lines(text: str) -> list[str]:
    """Return a file's logical lines: each requirement on one line with its hashes."""
    return re.sub(r"\s*\\\n\s*", " ", text).splitlines()


def not_pinned(text: str) -> list[str]:
    """Return the lines that allow more than one release, or a file without a known hash."""
    wanted = [line for line in logical_lines(text) if line and not line.startswith(("#", "-r "))]
    return [line for line in wanted if not (_PIN.match(line) and HASH.search(line) and not _rest(line))]


def pinned(text: str, hashes: dict[str, list[str]]) -> str:
    """Return a file's text with these hashes, by name. Raises KeyError for an unknown release."""
    lines: list[str] = []
    for line in logical_lines(text):
        found = _PIN.match(line)
        lines.append(" \\\n    ".join([found[0], *hashes[normal(found[1])]]) if found else line)
    return "".join(f"{line}\n" for line in lines)


def _rest(line: str) -> str:
    """Return the rest of a requirement's line after pin and hashes: an address, a marker, an option."""
    return HASH.sub("", _PIN.sub("", line, count=1)).strip()


def _hashes(text: str) -> dict[str, list[str]]:
    """Fetch the hashes of the pinned releases' files, for all platforms."""
    pins = [found[0] for line in logical_lines(text) if (found := _PIN.match(line))]
    command = ["uv", "pip", "compile", "--no-deps", "--universal", "--python-version", "3.13", "--generate-hashes"]
    command += ["--no-header", "--no-annotate", "--quiet", "-"]
    done = subprocess.run(command, input="\n".join(pins), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"error: {done.stderr.strip()}")
    lines = [(found, line) for line in logical_lines(done.stdout) if (found := _PIN.match(line))]
    return {normal(found[1]): sorted(HASH.findall(line)) for found, line in lines}


def normal(name: str) -> str:
    """Return a package's normalised name: lower case, with `.` and `_` as `-`."""
    return re.sub(r"[-_.]+", "-", name).lower()


def main(arguments: list[str]) -> int:
    """Pin, or check that everything is pinned; return the exit code."""
    texts = {name: (ROOT / name).read_text() for name in FILES}
    if arguments == ["--check"]:
        loose = [f"{name}: {line[:80]}" for name, text in texts.items() for line in not_pinned(text)]
        print("\n".join(loose) or "every requirement is pinned to hashes")
        return 1 if loose else 0
    for name, text in texts.items():
        (ROOT / name).write_text(pinned(text, _hashes(text)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
