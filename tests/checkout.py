"""The files of this checkout as git knows them, so that no test depends on stray files."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCRATCH = ROOT / ".chaos"
"""For files that outlive a run or have to lie in the checkout; git ignores it, and `make clean` removes it."""


def files(pattern: str) -> list[Path]:
    """Return the files whose path within the checkout matches a pattern of `Path.full_match`, in order."""
    return [ROOT / name for name in _names() if Path(name).full_match(pattern)]


def top_level() -> set[str]:
    """Return the names of the files and folders at the checkout's root."""
    return {name.partition("/")[0] for name in _names()}


@cache
def _names() -> tuple[str, ...]:
    # A copy of the checkout, as an archive of it, has no history: there all that it holds belongs to it.
    if not (ROOT / ".git").exists():
        found = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
        return tuple(sorted(path.as_posix() for path in found if not _is_set_up(path)))
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(sorted(name for name in listing.split("\0") if name and (ROOT / name).is_file()))


def _is_set_up(path: Path) -> bool:
    """Return whether a file was installed, compiled or left behind by a run."""
    return any(part.startswith(".") or part in ("node_modules", "__pycache__", "htmlcov") for part in path.parts[:-1])
