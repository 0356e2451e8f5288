"""How a protection is switched off in a copy of the repository."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Replacement:
    """One source text, which must stand in the file exactly once, and what stands there instead."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class RealSabotage:
    """One protection off in a copy of the repository; `check` is the test, by pytest's id, that must fail then."""

    protection: str
    check: str
    replacements: tuple[Replacement, ...]


def off(protection: str, check: str, file: str, old: str, new: str) -> RealSabotage:
    """Make a sabotage of one replacement."""
    return RealSabotage(protection, check, (Replacement(file, old, new),))
