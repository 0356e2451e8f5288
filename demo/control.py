"""What the demo asks of the stack itself: its clock, whether anything moves, and its ticketing system."""

from datetime import datetime
from typing import Any

import httpx


class ControlPlane:
    """The stack's control plane."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, trust_env=False, timeout=30)

    def now(self) -> datetime:
        """The stack clock."""
        return datetime.fromisoformat(self._client.get("/clock").raise_for_status().json()["now"])

    def advance(self, seconds: int) -> None:
        """Move the stack clock."""
        self.post("/clock", {"advanceSeconds": seconds})

    def calls(self) -> str:
        """The counters of calls, to be compared with an earlier look."""
        return self._client.get("/calls").raise_for_status().text

    def get(self, path: str) -> Any:  # noqa: ANN401  whatever is there
        """What is at a path, as JSON."""
        return self._client.get(path).raise_for_status().json()

    def post(self, path: str, body: object) -> Any:  # noqa: ANN401  whatever is there
        """Have something done."""
        return self._client.post(path, json=body).raise_for_status().json()
