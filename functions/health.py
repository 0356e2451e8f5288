"""Whether this deployment can work, for load balancers and people; no secrets, no remote calls."""

from typing import TYPE_CHECKING

import azure.functions as func

from functions.responses import json_response

if TYPE_CHECKING:
    from shared.api.bodies import HealthBody

blueprint = func.Blueprint()


@blueprint.function_name("health")
@blueprint.route("health", trigger_arg_name="request", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def health(request: func.HttpRequest) -> func.HttpResponse:
    """Answer 200 when settings, policy and secrets are right, else 503 with everything that is wrong with them."""
    from shared.bootstrap import get_app
    from shared.intake.sources import TicketingError
    from shared.policy.policy_file import PolicyError
    from shared.settings import SettingsError

    try:
        app = get_app()
        secrets = app.secrets
    except (SettingsError, PolicyError, TicketingError) as error:
        wrong: HealthBody = {"status": "misconfigured", "error": str(error)}
        return json_response(503, wrong)
    if secrets.malformed:
        wrong = {"status": "misconfigured", "error": "; ".join(secrets.malformed)}
        return json_response(503, wrong)
    right: HealthBody = {"status": "ok"}
    warnings = app.warnings()
    if warnings:
        right["warnings"] = warnings
    return json_response(200, right)
