"""Key Vault's service limits: calls and creations per vault in any ten seconds of the stack clock.

Source: Microsoft Learn, "Key Vault service limits"; refused calls do not count.
"""

from collections import defaultdict, deque

from devstack.doubles.keyvault import errors
from devstack.doubles.world import World

_WINDOW_SECONDS = 10.0
_LIMITS = {"requests": 4000, "creations": 300}


class Quota:
    """Counts what each vault served in the last ten seconds."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._served: dict[tuple[str, str], deque[float]] = defaultdict(deque)

    def spend(self, vault: str, *, creates: bool) -> None:
        """Count one call. Raises KeyVaultError 429 when the vault has had its share."""
        now = self._world.clock.time()
        kinds = ("requests", "creations") if creates else ("requests",)
        windows = [(self._window(vault, kind, now), _LIMITS[kind]) for kind in kinds]
        if self._world.weather.quotas and any(len(window) >= limit for window, limit in windows):
            raise errors.throttled()
        for window, _ in windows:
            window.append(now)

    def _window(self, vault: str, kind: str, now: float) -> deque[float]:
        window = self._served[vault, kind]
        while window and window[0] <= now - _WINDOW_SECONDS:
            window.popleft()
        return window
