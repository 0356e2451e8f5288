"""Refusals that come late: Graph takes the first of two secrets and refuses the second, as the tenant's rules say."""

from collections.abc import Sequence
from typing import Any

from tests.chaos.on_the_wire.action import Base
from tests.chaos.on_the_wire.points import Route
from tests.chaos.on_the_wire.recorded_stack import RecordedStack
from tests.e2e.driver import request

_EXEMPT_SOMEBODY = {
    "@odata.type": "#microsoft.graph.customSecurityAttributeStringValueExemption",
    "id": "Registrar_DoorKeeper",
    "operator": "equals",
    "value": "yes",
}
_FOR_HUNDRED_DAYS: dict[str, Any] = {
    "restrictionType": "passwordLifetime",
    "state": "enabled",
    "maxLifetime": "P100D",
    "restrictForAppsCreatedAfterDateTime": "2020-01-01T00:00:00Z",
    "excludeActors": {"customSecurityAttributes": [_EXEMPT_SOMEBODY]},
}
"""Somebody may be exempt from it, so it is not judged before it is tried."""
_NOTHING: dict[str, Any] = {"passwordCredentials": [], "keyCredentials": []}


class RefuseLate(Base):
    """A new app's second secret is refused when the first is live and in the vault."""

    name = "refuse-late"
    status = "rejected"
    until: Route | None = ("table", "DELETE unsettled")

    def prepare(self, stack: RecordedStack, apps: Sequence[str]) -> None:
        """Have the tenant allow no secret that lives longer than a hundred days."""
        _restrict(stack, {**_NOTHING, "passwordCredentials": [_FOR_HUNDRED_DAYS]})

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Ask for one that is short enough, and one that is not."""
        body = request(self.final(app), app)
        (known,) = body["credentials"]
        body["credentials"] = [known | {"name": "short", "lifetimeDays": 90}, known | {"lifetimeDays": 180}]
        stack.send(body)

    def leave(self, stack: RecordedStack, apps: Sequence[str]) -> None:
        """Take the restriction back."""
        _restrict(stack, _NOTHING)


def _restrict(stack: RecordedStack, restrictions: dict[str, Any]) -> None:
    policy = {"isEnabled": True, "applicationRestrictions": restrictions}
    stack.driver.graph("/policies/defaultAppManagementPolicy", policy, method="PATCH")
