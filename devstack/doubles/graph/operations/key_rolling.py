"""addKey and removeKey: an application rolls its own certificates, proving that it holds one.

The proof is a JWT signed with the private key of a certificate the object has: `aud` is Azure AD Graph, `iss` the
object's id, and it lives for ten minutes at most. No app role is needed. Source: Microsoft Learn,
application-addkey, application-removekey, application-rollkey-prooftoken.
"""

from typing import Any, cast

import jwt
import jwt.types
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from devstack.doubles.documents import Document
from devstack.doubles.graph.errors import GraphError, bad_request, denied
from devstack.doubles.graph.exchange import NO_CONTENT, Answer, Request, context
from devstack.doubles.graph.operations.certificates import load_certificate, read_key
from devstack.doubles.graph.routing import Handler
from devstack.doubles.graph.rules.payload import check_payload, fields_of, parse_moment
from devstack.doubles.graph.store import Directory

_AUDIENCES = (
    "00000002-0000-0000-c000-000000000000",
    "https://graph.windows.net/00000002-0000-0000-c000-000000000000",
)
_MAX_LIFETIME_SECONDS = 600


def add_key(collection: str) -> Handler:
    """`POST /{collection}/{id}/addKey`: 200 with the key credential; 401 for a proof that proves nothing."""

    def handle(directory: Directory, request: Request) -> Answer:
        owner = _owner(directory, collection, request)
        sent = check_payload(fields_of(request.body).get("keyCredential"), "keyCredential", read_only=("keyId",))
        added = read_key(directory, collection, owner, sent)
        owner["keyCredentials"].append(added)
        directory.save(collection, owner)
        body = {"@odata.context": context("microsoft.graph.keyCredential"), **added, "key": None}
        return Answer(200, body, {"location": "https://graph.microsoft.com"})

    return handle


def remove_key(collection: str) -> Handler:
    """`POST /{collection}/{id}/removeKey`: 204, or 400 for a key that is not there."""

    def handle(directory: Directory, request: Request) -> Answer:
        owner = _owner(directory, collection, request)
        key_id = str(fields_of(request.body).get("keyId")).casefold()
        kept = [item for item in _keys(owner) if item["keyId"] != key_id]
        if len(kept) == len(_keys(owner)):
            raise bad_request(f"No key credential found with keyId {key_id}.")
        directory.save(collection, {**owner, "keyCredentials": kept})
        return NO_CONTENT

    return handle


def _owner(directory: Directory, collection: str, request: Request) -> Document:
    owner = directory.target(collection, request.keys[0])
    if request.caller.app_id != owner["appId"]:
        raise denied()
    proof: object = fields_of(request.body).get("proof")
    if not isinstance(proof, str) or not any(_proves(directory, proof, owner, key) for key in _keys(owner)):
        raise GraphError(401, "Authentication_MissingOrMalformed", "Access Token missing or malformed.")
    return owner


def _proves(directory: Directory, proof: str, owner: Document, key: Document) -> bool:
    """Return whether the proof was signed with this certificate, for this object, and both are valid now."""
    now = directory.now()
    if not parse_moment(key["startDateTime"]) <= now < parse_moment(key["endDateTime"]):
        return False
    public_key = load_certificate(key["key"]).public_key()
    if not isinstance(public_key, RSAPublicKey):
        return False
    # The stack clock decides below; PyJWT would ask the wall clock.
    unchecked: jwt.types.Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    try:
        claims: dict[str, Any] = jwt.decode(
            proof,
            public_key,
            algorithms=["RS256", "PS256"],
            audience=_AUDIENCES,
            issuer=owner["id"],
            options=unchecked,
        )
    except jwt.InvalidTokenError:
        return False
    starts, ends = claims.get("nbf", 0), claims.get("exp", 0)
    return starts <= now.timestamp() < ends <= starts + _MAX_LIFETIME_SECONDS


def _keys(owner: Document) -> list[Document]:
    return cast("list[Document]", owner["keyCredentials"])
