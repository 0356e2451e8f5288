"""Which redirect URIs an application may have.

Source: Microsoft Learn, reply-url (schemes, wildcards, lengths, counts); that URNs are for the web platform only, and
that spa takes the brokers' scheme `brk-multihub`, was observed by users of the Terraform provider. No URI has braces
(RFC 3986).
"""

from typing import cast
from urllib.parse import urlsplit

from devstack.doubles.documents import Document
from devstack.doubles.graph.errors import GraphError, bad_request, invalid_value

PLATFORMS = {"web": "WebApplication", "spa": "SpaApplication", "publicClient": "PublicClientApplication"}

_MAX_LENGTH = 256
_LOOPBACK = ("localhost", "127.0.0.1", "[::1]", "::1")


def redirect_uris(application: Document) -> list[str]:
    """All redirect URIs of an application, platform by platform."""
    return [uri for platform in PLATFORMS for uri in _uris(application, platform)]


def check_redirect_uris(application: Document, *, for_personal_accounts: bool) -> None:
    """Raises GraphError 400 for a URI that its platform does not allow, for doublets and for too many."""
    for platform, resource in PLATFORMS.items():
        for uri in _uris(application, platform):
            if not _is_allowed(uri, platform, for_personal_accounts=for_personal_accounts):
                raise invalid_value("redirectUris", resource)
    everything = redirect_uris(application)
    if len(set(everything)) < len(everything):
        raise duplicate_values()
    limit = 100 if for_personal_accounts else 256
    if len(everything) > limit:
        message = f"The application has {len(everything)} redirect URIs; at most {limit} are allowed."
        raise bad_request(message, "InvalidValue", "redirectUris")


def redirect_uri_settings(web: Document) -> list[Document]:
    """What the service adds to a web platform: one setting for each redirect URI, without an index of its own."""
    known = {item.get("uri"): item for item in cast("list[Document]", web.get("redirectUriSettings") or [])}
    return [known.get(uri, {"uri": uri, "index": None}) for uri in cast("list[str]", web["redirectUris"])]


def duplicate_values() -> GraphError:
    """400 for a list that holds a value twice."""
    return bad_request("The request contains a property with duplicate values.", "DuplicateValue")


def _uris(application: Document, platform: str) -> list[str]:
    return cast("list[str]", application[platform].get("redirectUris") or [])


def _is_allowed(uri: str, platform: str, *, for_personal_accounts: bool) -> bool:
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError:
        return False
    if not parts.scheme or parts.fragment or len(uri) > _MAX_LENGTH or any(character.isspace() for character in uri):
        return False
    if "{" in uri or "}" in uri:
        return False
    if "*" in uri and (for_personal_accounts or platform == "spa"):
        return False
    if "?" in uri and for_personal_accounts:
        return False
    match parts.scheme:
        case "https":
            return bool(host)
        case "http":
            return host in _LOOPBACK
        case "urn":
            return platform == "web"
        case scheme if scheme.startswith("brk-"):
            # Nested app authentication: the broker's scheme and the origin of the page, without a path.
            return platform == "publicClient" or (platform == "spa" and bool(host) and not parts.path)
        case _:
            return platform == "publicClient"
