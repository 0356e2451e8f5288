"""Who may do what in a namespace: tokens put on `$cbs`, and roles given on the namespace or on one entity.

Roles as in "Authenticate and authorize an application with Microsoft Entra ID to access Azure Service Bus".
"""

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from devstack.doubles.servicebus import errors
from devstack.doubles.tokens import Caller, TokenRefusedError, Tokens
from devstack.doubles.world import World

AUDIENCES = ("https://servicebus.azure.net/", "https://servicebus.azure.net")
NAMESPACES = "busNamespaces"
"""Documents `{name, roleAssignments: [{principalId, roleDefinitionName, entity?}]}`, key = name."""


class Right(StrEnum):
    """A claim that a role gives."""

    SEND = "Send"
    LISTEN = "Listen"
    MANAGE = "Manage"


_ROLES = {
    "Azure Service Bus Data Sender": {Right.SEND},
    "Azure Service Bus Data Receiver": {Right.LISTEN},
    "Azure Service Bus Data Owner": set(Right),
}


@dataclass
class Access:
    """What one connection has shown: tokens, by the path that each was put for."""

    world: World
    tokens: Tokens
    namespace: str
    _shown: dict[str, tuple[str, Caller]] = field(default_factory=dict[str, tuple[str, Caller]])

    def put_token(self, audience: str, token: str) -> Caller:
        """Take a token for `sb://namespace/path`. Raises BusError when it is none of this tenant's, or not valid."""
        try:
            caller = self.tokens.verify(f"Bearer {token}", AUDIENCES)
        except TokenRefusedError as refused:
            raise errors.unauthorized(f"The token is not accepted: {refused.reason.value}.") from refused
        self._shown[_path(audience)] = (token, caller)
        return caller

    def check(self, address: str, right: Right) -> None:
        """Raise BusError unless a token that is still valid gives the right on the entity at `address`."""
        entity = entity_of(address)
        shown = next((kept for path, kept in self._shown.items() if _covers(path, address)), None)
        if shown is None:
            raise self._missing(entity, right)
        try:
            caller = self.tokens.verify(f"Bearer {shown[0]}", AUDIENCES)
        except TokenRefusedError as refused:
            raise errors.unauthorized(
                f"ExpiredToken: The token is expired or no longer accepted: {refused}."
            ) from refused
        namespace = self.world.primary().get(NAMESPACES, self.namespace) or {"roleAssignments": []}
        for assignment in namespace["roleAssignments"]:
            is_here = assignment.get("entity") is None or assignment["entity"].casefold() == entity.casefold()
            is_theirs = assignment["principalId"] == caller.object_id
            if is_here and is_theirs and right in _ROLES.get(assignment["roleDefinitionName"], ()):
                return
        raise self._missing(entity, right)

    def check_any(self, address: str) -> None:
        """Raise BusError unless a token gives some right on the entity: what is asked there is checked by itself."""
        refusals: list[errors.BusError] = []
        for right in (Right.LISTEN, Right.SEND):
            try:
                self.check(address, right)
            except errors.BusError as refusal:
                refusals.append(refusal)
            else:
                return
        raise refusals[0]

    def _missing(self, entity: str, right: Right) -> errors.BusError:
        return errors.unauthorized(
            f"Unauthorized access. '{right}' claim(s) are required to perform this operation. Resource:"
            f" 'sb://{self.namespace}.servicebus.windows.net/{entity}'."
        )


def entity_of(address: str) -> str:
    """The entity that rights are given on: an address without `$management` and `$DeadLetterQueue`."""
    parts = [part for part in address.split("/") if part and not part.startswith("$")]
    return "/".join(parts)


def plain(address: str) -> str:
    """An address without scheme, host and outer slashes."""
    return (urlsplit(address).path if "://" in address else address).strip("/")


def _path(audience: str) -> str:
    return plain(audience).casefold()


def _covers(path: str, address: str) -> bool:
    folded = address.casefold()
    return not path or folded == path or folded.startswith(f"{path}/") or entity_of(folded) == entity_of(path)
