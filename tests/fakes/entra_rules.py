"""What Entra refuses of an application, whoever writes it. Written from its documents, and not from the registrar's."""

from collections import Counter

from shared.model.directory import ApplicationState

PERSONAL = ("AzureADandPersonalMicrosoftAccount", "PersonalMicrosoftAccount")


def wrong_property(state: ApplicationState) -> str | None:
    """Name the first property that breaks a rule."""
    personal = state.sign_in_audience in PERSONAL
    web, spa, public = state.web_redirect_uris, state.spa_redirect_uris, state.public_client_redirect_uris
    uris = [*web, *spa, *public]
    permissions = Counter(each.resource_app_id for each in state.required_permissions)
    wrong = {
        "displayName": len(state.display_name) > (90 if personal else 120)
        or (state.sign_in_audience != "AzureADMyOrg" and "microsoft" in state.display_name.lower()),
        "requestedAccessTokenVersion": personal and state.requested_access_token_version != 2,
        "redirectUris": len(set(uris)) < len(uris)
        or len(uris) > (100 if personal else 256)
        or any(uri.startswith("urn:") for uri in (*spa, *public))
        or (personal and any("?" in uri or "*" in uri for uri in uris)),
        "requiredResourceAccess": len(permissions) > 50
        or permissions.total() > (200 if personal else 400)
        or (personal and max(permissions.values(), default=0) > 30),
    }
    return next((name for name, is_wrong in wrong.items() if is_wrong), None)


def has_room_for_a_secret(state: ApplicationState, there: int) -> bool:
    """Whether there are fewer than two where personal accounts sign in."""
    return state.sign_in_audience not in PERSONAL or there < 2
