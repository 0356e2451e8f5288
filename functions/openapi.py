"""The description of the HTTP API for authors of clients: the document as it is checked in."""

from functools import cache
from pathlib import Path

import azure.functions as func

blueprint = func.Blueprint()

_FILE = Path(__file__).parents[1] / "schemas/openapi.json"
_HEADERS = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}


@blueprint.function_name("openapi")
@blueprint.route("openapi.json", trigger_arg_name="request", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def openapi(request: func.HttpRequest) -> func.HttpResponse:
    """Return the OpenAPI document, to anyone: it holds nothing of this deployment."""
    return func.HttpResponse(_document(), status_code=200, mimetype="application/json", headers=_HEADERS)


@cache
def _document() -> bytes:
    return _FILE.read_bytes()
