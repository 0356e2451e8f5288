"""What the doubles ever handed out that must be nowhere else: client secrets and tokens.

Kept in the memory of the doubles' process alone, so that a search for them finds every other place that holds one.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Issued:
    """Everything issued since this process began, oldest first."""

    secrets: list[str] = field(default_factory=list[str])
    tokens: list[str] = field(default_factory=list[str])
