"""HTTP answers as JSON."""

import json
from typing import Any

from azure.functions import HttpResponse


def json_response(status: int, body: dict[str, Any]) -> HttpResponse:
    """Return a JSON answer."""
    return HttpResponse(json.dumps(body), status_code=status, mimetype="application/json")
