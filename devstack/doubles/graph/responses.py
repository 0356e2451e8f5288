"""HTTP answers with the bodies and header sets of Graph (recorded in 2022 to 2025)."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from starlette.responses import Response

from devstack.doubles.graph.errors import GraphError
from devstack.doubles.graph.exchange import Answer

_DIAGNOSTIC = json.dumps(
    {
        "ServerInfo": {
            "DataCenter": "West Europe",
            "Slice": "E",
            "Ring": "5",
            "ScaleUnit": "001",
            "RoleInstance": "AM1PEPF0002A1B3",
        }
    },
    separators=(",", ":"),
)
_JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


class Replies:
    """Builds the answer to one call; it has one request id, whatever the outcome. `now` is the stack clock's."""

    def __init__(self, request_headers: Mapping[str, str], now: datetime) -> None:
        self._now = now
        self._request_id = str(uuid4())
        self._client_request_id = request_headers.get("client-request-id") or self._request_id
        self.headers: dict[str, str] = {
            "cache-control": "no-cache",
            "request-id": self._request_id,
            "strict-transport-security": "max-age=31536000",
            "x-ms-ags-diagnostic": _DIAGNOSTIC,
        }
        if request_headers.get("return-client-request-id", "").casefold() == "true":
            self.headers["client-request-id"] = self._client_request_id

    def success(self, answer: Answer) -> Response:
        """A 2xx; an empty one has neither content type nor OData version."""
        headers = {**self.headers, **answer.headers}
        if answer.body is None:
            return Response(status_code=answer.status, headers=headers)
        headers |= {"odata-version": "4.0", "vary": "Accept-Encoding"}
        if isinstance(answer.body, str):
            return Response(answer.body, answer.status, headers, media_type="text/plain")
        return Response(_dumped(answer.body), answer.status, headers, media_type=_JSON)

    def failure(self, error: GraphError) -> Response:
        """An error body: code, message, details where there are some, and the ids support would ask for."""
        body: dict[str, Any] = {"code": error.code, "message": error.message}
        if error.details:
            body["details"] = error.details
        body["innerError"] = {
            "date": self._now.strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": self._request_id,
            "client-request-id": self._client_request_id,
        }
        headers = {**self.headers, **error.headers}
        return Response(_dumped({"error": body}), error.status, headers, media_type="application/json")


def _dumped(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
