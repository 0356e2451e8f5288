"""Client secrets of applications and service principals: made by the service, shown once, kept as a hash."""

import hashlib
import secrets
import string
from datetime import MAXYEAR, datetime
from uuid import uuid4

from devstack.doubles.documents import Document
from devstack.doubles.graph.errors import bad_request, invalid_value, malformed, unreadable_payload
from devstack.doubles.graph.exchange import NO_CONTENT, Answer, Request, context
from devstack.doubles.graph.routing import Handler
from devstack.doubles.graph.rules.access import check_may_write
from devstack.doubles.graph.rules.applications import PERSONAL_AUDIENCES
from devstack.doubles.graph.rules.payload import Fields, check_payload, fields_of, is_guid, parse_moment
from devstack.doubles.graph.rules.restrictions import check_password_allowed
from devstack.doubles.graph.store import Directory, to_seconds, to_ticks

_ALPHABET = string.ascii_letters + string.digits + "~_.-"
_SERVICE_MADE = ("customKeyIdentifier", "hint", "keyId", "secretText")
_DEFAULT_YEARS = 2


def add_password(collection: str) -> Handler:
    """`POST /{collection}/{id}/addPassword`: 200 with the secret, this once."""

    def handle(directory: Directory, request: Request) -> Answer:
        owner = directory.target(collection, request.keys[0])
        check_may_write(request.caller, directory.read(collection, request.keys[0]))
        asked = _asked(request.body)
        stored, shown = make_password(directory, collection, owner, asked)
        owner["passwordCredentials"].append(stored)
        directory.save(collection, owner)
        body = {"@odata.context": context("microsoft.graph.passwordCredential"), **shown}
        return Answer(200, body, {"location": "https://graph.microsoft.com"})

    return handle


def remove_password(collection: str) -> Handler:
    """`POST /{collection}/{id}/removePassword`: 204, or 400 while the replica does not know the key."""

    def handle(directory: Directory, request: Request) -> Answer:
        owner = directory.target(collection, request.keys[0])
        seen = directory.read(collection, request.keys[0])
        check_may_write(request.caller, seen)
        key_id = _key_id(request.body)
        if key_id not in _key_ids(seen) or key_id not in _key_ids(owner):
            raise bad_request(f"No password credential found with keyId {key_id}.")
        owner["passwordCredentials"] = [item for item in owner["passwordCredentials"] if item["keyId"] != key_id]
        directory.save(collection, owner)
        return NO_CONTENT

    return handle


def make_password(directory: Directory, collection: str, owner: Document, asked: Fields) -> tuple[Document, Document]:
    """A new secret as it is kept, and as it is shown once.

    `asked` may hold displayName, startDateTime, endDateTime. Raises GraphError 400 for anything else, for an end
    before the start, for what policy forbids, and for a third secret where personal accounts sign in.
    """
    for name in _SERVICE_MADE:
        if asked.get(name) is not None:
            raise bad_request(f"Property '{name}' is read-only and cannot be set.", "ReadOnlyProperty", name)
    start, start_text = _moment(asked.get("startDateTime"), directory.now())
    end, end_text = _moment(asked.get("endDateTime"), _years_after(start, _DEFAULT_YEARS))
    if end <= start:
        raise invalid_value("endDateTime", "PasswordCredential")
    check_password_allowed(directory, collection, owner, start, end)
    if owner.get("signInAudience") in PERSONAL_AUDIENCES and len(owner["passwordCredentials"]) >= 2:
        raise invalid_value("passwordCredentials", "Application")
    text = _new_secret()
    directory.world.issued.secrets.append(text)
    shown: Document = {
        "customKeyIdentifier": None,
        "displayName": asked.get("displayName"),
        "endDateTime": end_text,
        "hint": text[:3] if collection == "applications" else None,
        "keyId": str(uuid4()),
        "secretText": text,
        "startDateTime": start_text,
    }
    activation = directory.world.weather.secret_activation_seconds
    stored = {
        **shown,
        "secretText": None,
        "_hash": hashlib.sha256(text.encode()).hexdigest(),
        "_activeFrom": directory.world.clock.time() + activation,
    }
    return stored, shown


def kept_passwords(current: list[Document], sent: list[Document]) -> list[Document]:
    """The credentials a PATCH leaves: those sent back by keyId. Raises GraphError 400 for a new one."""
    by_id = {item["keyId"]: item for item in current}
    for item in sent:
        if str(item.get("keyId")).casefold() not in by_id:
            raise bad_request("New password credentials must be generated with service actions.")
    return [by_id[str(item["keyId"]).casefold()] for item in sent]


def _new_secret() -> str:
    """40 characters with `8Q~` at the fourth place, as the service makes them today."""
    return (
        "".join(secrets.choice(_ALPHABET[:-4]) for _ in range(3))
        + "8Q~"
        + "".join(secrets.choice(_ALPHABET) for _ in range(34))
    )


def _moment(sent: str | None, default: datetime) -> tuple[datetime, str]:
    """A client's date at second precision, or the default with all its digits."""
    if sent is None:
        return default, to_ticks(default)
    moment = parse_moment(sent)
    return moment, to_seconds(moment)


def _years_after(moment: datetime, years: int) -> datetime:
    year = min(moment.year + years, MAXYEAR)
    try:
        return moment.replace(year=year)
    except ValueError:  # 29 February
        return moment.replace(year=year, day=28)


def _asked(body: object) -> Fields:
    """The one, optional parameter of addPassword, checked. Raises GraphError 400."""
    parameters = fields_of(body)
    if not (body is None or isinstance(body, dict)):
        raise unreadable_payload()
    for name in parameters:
        if name != "passwordCredential" and "@" not in name:
            raise malformed(
                f"The parameter '{name}' in the request payload is not a valid parameter for the operation "
                "'addPassword'."
            )
    value = parameters.get("passwordCredential")
    return {} if value is None else check_payload(value, "passwordCredential")


def _key_id(body: object) -> str:
    value: object = fields_of(body).get("keyId")
    if not is_guid(value):
        raise malformed(f"Cannot convert the literal '{value}' to the expected type 'Edm.Guid'.")
    return str(value).casefold()


def _key_ids(owner: Document) -> set[str]:
    return {str(item["keyId"]).casefold() for item in owner["passwordCredentials"]}
