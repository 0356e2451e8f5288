"""What a suite of the real-stack proofs looks like: units that run one at a time, in any order, and tell what broke."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field


class Size(StrEnum):
    """How much of a suite is run: all suites together take three minutes (SMALL) or an hour (FULL) on two cores."""

    SMALL = "small"
    FULL = "full"


class Result(BaseModel):
    """What one unit found. `figures` are summed over a suite's units; `maxima` are not summed, the largest counts."""

    model_config = ConfigDict(extra="forbid")

    breaches: list[str] = Field(default_factory=list[str])
    """What is wrong, in which app, and how to see it again; empty when everything holds."""
    figures: dict[str, float] = Field(default_factory=dict[str, float])
    maxima: dict[str, float] = Field(default_factory=dict[str, float])
    notes: list[str] = Field(default_factory=list[str])
    """Lines for the published report: which check caught which sabotage, say."""


class Suite(Protocol):
    """One kind of proof, cut into units that can be run, resumed and repeated alone."""

    @property
    def name(self) -> str:
        """Short name with hyphens: the folder of its results and the word on the command line."""
        ...

    def units(self, size: Size) -> Sequence[str]:
        """Names of all units, always the same for the same code; what a unit tests follows from its name alone."""
        ...

    def run(self, unit: str, folder: Path) -> Result:
        """Run one unit with its own stack in the empty `folder`; nothing it started is left running.

        Raises when the unit could not be run; what it found is in the result.
        """
        ...
