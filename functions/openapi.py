"""What this interface is, for programs and people who write clients: the document as it is checked in."""

from functools import cache
from pathlib import Path

import azure.functions as func

blueprint = func.Blueprint()

_FILE = Path(__file__).parents[1] / "schemas/openapi.json"
_HEADERS = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}


@blueprint.function_name("openapi")
@blueprint.route("openapi.json", trigger_arg_name="request", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def openapi(request: func.HttpRequest) -> func.HttpResponse:
    """Give out the OpenAPI document, to anybody: it holds nothing of this deployment."""
    return func.HttpResponse(_document(), status_code=200, mimetype="application/json", headers=_HEADERS)


@cache
def _document() -> bytes:
    return _FILE.read_bytes()
