"""Has the registrar replay what failed, over its HTTP API."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from queues.settings import RegistrarSettings


class NotReplayedError(Exception):
    """The registrar refused, or was not reached; says why."""


@dataclass(frozen=True)
class Registrar:
    """The registrar's routes for operators."""

    settings: RegistrarSettings

    def replay_operation(self, operation_id: str) -> dict[str, Any]:
        """Replay one failed operation; the registrar then removes what it keeps of it. Raises NotReplayedError."""
        return self._post(f"/api/operations/{quote(operation_id, safe='')}/replay")

    def replay_reason(self, reason: str) -> dict[str, Any]:
        """Replay all operations that failed for a reason. Raises NotReplayedError."""
        return self._post("/api/operations/replay", {"reason": reason})

    def replay_ticket_update(self, update_id: str) -> dict[str, Any]:
        """Have a ticket told for another day; what is kept of it stays. Raises NotReplayedError."""
        return self._post(f"/api/ticket-updates/{quote(update_id, safe='')}/replay")

    def _post(self, path: str, query: dict[str, str] | None = None) -> dict[str, Any]:
        headers = {"x-functions-key": self.settings.key} if self.settings.key else {}
        try:
            answer = httpx.post(f"{self.settings.url}{path}", params=query, headers=headers, timeout=60)
        except httpx.HTTPError as error:
            raise NotReplayedError(f"{self.settings.url} does not respond: {type(error).__name__}") from error
        if answer.is_error:
            raise NotReplayedError(_problem(answer))
        return answer.json() if answer.content else {}


def _problem(answer: httpx.Response) -> str:
    """What a refusal says, in one line: the functions answer with problem details (RFC 9457)."""
    if answer.headers.get("Content-Type") != "application/problem+json":
        return f"the registrar answered {answer.status_code}; its log says why, unless the function key is wrong"
    problem = answer.json()
    return " ".join([problem.get("detail", problem["title"]), *(each["message"] for each in problem.get("errors", []))])
