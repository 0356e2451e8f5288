"""Is this deployment able to work? For load balancers and people; no secrets, no remote calls."""

import json

import azure.functions as func

blueprint = func.Blueprint()


@blueprint.function_name("health")
@blueprint.route("health", trigger_arg_name="request", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def health(request: func.HttpRequest) -> func.HttpResponse:
    """Answer 200 when settings and policy are right, else 503 with everything that is wrong with them."""
    from shared.bootstrap import get_app
    from shared.policy.model import PolicyError
    from shared.settings import SettingsError

    try:
        get_app()
    except (SettingsError, PolicyError) as error:
        return _json(503, {"status": "misconfigured", "error": str(error)})
    return _json(200, {"status": "ok"})


def _json(status: int, body: dict[str, str]) -> func.HttpResponse:
    return func.HttpResponse(json.dumps(body), status_code=status, mimetype="application/json")
