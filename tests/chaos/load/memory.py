"""Memory of running processes, sampled, and whether it grows with the work."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import linear_regression, mean

_WARM_UP = 1 / 4
"""The share of the work after which caches, pools and the SDKs' lazy imports have been seen."""


@dataclass(frozen=True)
class Growth:
    """A straight line through the samples after warm-up: mean size in MiB, and MiB more per 1,000 requests."""

    warmed_up: float
    per_thousand: float

    @property
    def share(self) -> float:
        """Growth per 1,000 requests as a share of the warmed-up size."""
        return self.per_thousand / self.warmed_up

    def __str__(self) -> str:
        return f"{self.warmed_up:.0f} MiB, {self.per_thousand:+.1f} MiB per 1,000 requests"


@dataclass
class Memory:
    """Resident set sizes (MiB) of processes, by the number of requests answered when each was sampled."""

    processes: Mapping[str, int]
    """Process ids by name."""
    _samples: list[tuple[int, dict[str, float]]] = field(default_factory=list[tuple[int, dict[str, float]]])

    def sample(self, answered: int) -> None:
        """Measure all processes now. Raises CalledProcessError when one of them is gone."""
        self._samples.append((answered, {name: _resident(pid) for name, pid in self.processes.items()}))

    def growth(self, name: str, requests: int) -> Growth:
        """Fit a line to what one process had after the first quarter of `requests`."""
        late = [(answered, sizes[name]) for answered, sizes in self._samples if answered >= requests * _WARM_UP]
        slope, _ = linear_regression([float(answered) for answered, _ in late], [size for _, size in late])
        return Growth(mean(size for _, size in late), slope * 1000)


def _resident(process_id: int) -> float:
    """Resident set size in MiB; `ps` gives KiB on Linux and macOS alike."""
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(process_id)], capture_output=True, text=True, check=True)
    return int(told.stdout) / 1024
