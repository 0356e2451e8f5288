"""Error responses by RFC 9457, and authentication of callers by their tokens."""

import math
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import azure.functions as func

from functions.responses import problem_response, rejected_response

if TYPE_CHECKING:
    from shared.bootstrap import App
    from shared.core.callers import Caller

type Work = Callable[[App], Awaitable[func.HttpResponse]]
type CallersWork = Callable[[App, Caller], Awaitable[func.HttpResponse]]
type RefusedWork = Callable[[App, Caller], Awaitable[None]]

_AGAIN_AFTER_SECONDS = 30


def header(request: func.HttpRequest, name: str) -> str | None:
    """Return a header's value; the SDK does not type its headers."""
    headers: Any = request.headers
    return headers.get(name)


async def guarded(work: Work) -> func.HttpResponse:
    """Do the work with the app; errors become 400, 500 or 503. The log says why, a response never does."""
    from shared.bootstrap import get_app
    from shared.core import log
    from shared.core.errors import DeferredError, RefusedError, RejectedError
    from shared.intake.sources import TicketingError
    from shared.policy.policy_file import PolicyError
    from shared.settings import SettingsError

    try:
        app = get_app()
    except (SettingsError, PolicyError, TicketingError):
        return problem_response(503, "The registrar is not configured correctly. GET /api/health lists what is wrong.")
    try:
        return await work(app)
    except RejectedError as error:
        return rejected_response(
            "The request is not valid. The field errors lists everything that is wrong with it.", error.problems
        )
    except DeferredError as error:
        log.warning("caller.not_served", reason=error.reason, message=str(error))
        seconds = math.ceil(error.after.total_seconds()) if error.after is not None else _AGAIN_AFTER_SECONDS
        detail = (
            "A service that the registrar needs is not responding. Wait for the time in Retry-After, then try again."
        )
        return problem_response(503, detail, headers={"Retry-After": str(max(1, seconds))})
    except RefusedError as error:
        log.warning("caller.not_served", reason=error.reason, message=str(error))
        return problem_response(
            500, "A service that the registrar needs refuses the call. The registrar's log says which service, and why."
        )


async def for_caller(
    request: func.HttpRequest, role: str, work: CallersWork, refused: RefusedWork | None = None
) -> func.HttpResponse:
    """Answer a caller who holds an app role of our API; 401 and 403 for others, and the errors of `guarded`.

    `refused` runs before a caller without the role gets 403.
    The route's own level is anonymous: the token is verified here, and no header set by a platform is trusted.
    """
    from shared.core import log
    from shared.core.callers import NotAllowedError, NotAuthenticatedError

    async def answer(app: "App") -> func.HttpResponse:
        if app.callers is None:
            return problem_response(503, "The registrar's API is not set up: the setting API_AUDIENCE is missing.")
        try:
            caller = await app.callers.require(header(request, "Authorization"), role)
        except NotAuthenticatedError as error:
            log.event("caller.not_authenticated", why=str(error))
            return problem_response(401, headers={"WWW-Authenticate": "Bearer"})
        except NotAllowedError as error:
            log.warning("caller.not_allowed", caller=error.caller.object_id, role=role)
            if refused is not None:
                await refused(app, error.caller)
            detail = (
                f"You need the app role {role} of the registrar's API. Ask your administrators to assign it to you."
            )
            return problem_response(403, detail)
        return await work(app, caller)

    return await guarded(answer)
