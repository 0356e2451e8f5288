"""Redirect URIs with the application's own client id: requested with a placeholder, filled in once it is known.

An application's wanted state has no placeholders: a URI that cannot be filled in yet is added by a second write,
after the application's creation.
"""

from collections.abc import Iterable

from shared.contract.request import RegistrationRequest
from shared.core.naming import CLIENT_ID_PLACEHOLDER, with_client_id
from shared.model.directory import ApplicationState, ResolvedPermission, SeenApplication
from shared.operations.attempt import Attempt
from shared.registration.application import Registered, converge_application, exists, wanted_state

_PLATFORMS = ("public_client", "web", "spa")


def known_client_id(attempt: Attempt, seen: SeenApplication | None) -> str | None:
    """Return the application's client id, by a read or our last write; None while there is none."""
    if seen is not None:
        return seen.client_id
    return attempt.application.client_id if exists(attempt, seen) else None


def filled_in(request: RegistrationRequest, client_id: str | None) -> RegistrationRequest:
    """Return a request with its placeholders filled in; unchanged while the id is unknown.

    The request is recorded, compared and approved as it was sent.
    """
    if client_id is None or not _asked(request):
        return request
    parts = {name: getattr(request.application, name) for name in _PLATFORMS}
    filled = {
        name: part.model_copy(update={"redirect_uris": tuple(with_client_id(u, client_id) for u in part.redirect_uris)})
        for name, part in parts.items()
    }
    return request.model_copy(update={"application": request.application.model_copy(update=filled)})


async def converge_filled_in(
    attempt: Attempt,
    request: RegistrationRequest,
    permissions: tuple[ResolvedPermission, ...],
    wanted: ApplicationState,
    seen: SeenApplication | None,
) -> tuple[Registered, ApplicationState]:
    """Create or update the application; URIs with its own id are written once it has one, by a second write.

    Returns the application and its wanted state by then. Raises what `converge_application` raises: the second write,
    too, waits until a read shows the first one, and an attempt that dies in between leaves the id in the app's record.
    """
    app = await converge_application(attempt, wanted, seen)
    filled = wanted_state(filled_in(request, app.client_id).application, permissions)
    if filled != wanted:
        created = await attempt.ports.directory.application(attempt.operation.unique_name)
        app = await converge_application(attempt, filled, created)
    return app, filled


def filled_uris(request: RegistrationRequest, client_id: str) -> tuple[str, ...]:
    """Return the redirect URIs that were requested with the placeholder, filled in."""
    return tuple(with_client_id(uri, client_id) for uri in dict.fromkeys(_asked(request)))


def _asked(request: RegistrationRequest) -> Iterable[str]:
    parts = (getattr(request.application, name) for name in _PLATFORMS)
    return [uri for part in parts for uri in part.redirect_uris if CLIENT_ID_PLACEHOLDER in uri]
