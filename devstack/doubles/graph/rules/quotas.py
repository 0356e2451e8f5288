"""The documented quotas of the identity service, as token buckets on the stack clock.

Source: Microsoft Learn, throttling-limits, identity and access service limits: resource units and writes per app
and tenant for a small tenant, writes per tenant, and the lower rate of writes to applications that personal
accounts may use.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from devstack.doubles.graph.errors import throttled
from devstack.doubles.graph.odata.options import system_options

_WARN_FROM = 0.8
"""Below this share of a quota, the service says nothing about it."""


@dataclass(frozen=True)
class Quota:
    """So many in so many seconds."""

    name: str
    amount: float
    seconds: float


RESOURCE_UNITS = Quota("resource units", 3_500, 10)
WRITES = Quota("writes", 3_000, 150)
TENANT_WRITES = Quota("tenant writes", 18_000, 300)
PERSONAL_APPLICATION_WRITES = Quota("writes for personal accounts", 60, 60)
KEY_READS = Quota("reads of certificates", 150, 60)


def resource_units(method: str, cost: int, options: Mapping[str, str]) -> int:
    """What a call costs: the route's `cost`, less for `$select` and small pages, more for `$expand`, at least 1."""
    if method != "GET":
        return max(cost, 1)
    names = system_options(options)
    top = names.get("top", "")
    saved = ("select" in names) + (top.isdigit() and int(top) < 20)
    return max(cost - saved + ("expand" in names), 1)


class Throttle:
    """How much of each quota is used. `clock` gives seconds on the stack clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._levels: dict[tuple[str, str], tuple[float, float]] = {}

    def spend(self, app_id: str, tenant_id: str, units: int, *, is_write: bool) -> dict[str, str]:
        """Take a call's cost from the quotas; the headers its answer gets. Raises GraphError 429."""
        scope = f"Tenant_Application/ReadWrite/{app_id}/{tenant_id}"
        charges = [(RESOURCE_UNITS, app_id, float(units), "ResourceUnitLimitExceeded")]
        if is_write:
            charges.append((WRITES, app_id, 1.0, "WriteLimitExceeded"))
            charges.append((TENANT_WRITES, tenant_id, 1.0, "WriteLimitExceeded"))
        shares = [self._take(quota, whose, amount, scope, why) for quota, whose, amount, why in charges]
        share = max(shares)
        return {"x-ms-throttle-limit-percentage": f"{share:.1f}"} if share > _WARN_FROM else {}

    def spend_special(self, quota: Quota, tenant_id: str, information: str) -> None:
        """Take one call from a quota of the tenant's own. Raises GraphError 429."""
        self._take(quota, tenant_id, 1.0, f"Tenant/ReadWrite/{tenant_id}", information)

    def _take(self, quota: Quota, whose: str, amount: float, scope: str, information: str) -> float:
        """The share of the quota in use after taking `amount` from it."""
        now = self._clock()
        used, at = self._levels.get((quota.name, whose), (0.0, now))
        rate = quota.amount / quota.seconds
        used = max(0.0, used - (now - at) * rate)
        if used + amount > quota.amount:
            self._levels[quota.name, whose] = (used, now)
            raise throttled(max(1, math.ceil((used + amount - quota.amount) / rate)), scope, information)
        self._levels[quota.name, whose] = (used + amount, now)
        return (used + amount) / quota.amount
