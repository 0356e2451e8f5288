"""What all doubles share: the directory's documents, the clock, the weather, the counters, the signing key.

Collections in `World.documents` (documents are Graph's own JSON; fields that start with an underscore are the
doubles' own and never leave them):

* `applications`: Graph's application. `_owners`: object ids; `_createdBy`: one. Each `passwordCredentials[]` item
  has `_hash` (SHA-256 hex of the secret) and `_activeFrom` (seconds on the stack clock from which the token endpoint
  knows it). Each `keyCredentials[]` item keeps `key` (base64 DER).
* `servicePrincipals`: Graph's servicePrincipal, same additions; managed identities have
  `servicePrincipalType` `ManagedIdentity`. `_directoryRoles`: roles by which one creates uncounted, and owns nothing.
* `users`: `{id, displayName, userPrincipalName, ...}`.
* `oauth2PermissionGrants`, `appRoleAssignments`: Graph's own.
* `federatedIdentityCredentials`: Graph's own, plus `_applicationId` (object id of the application).
* `deletedItems`: a soft-deleted application or servicePrincipal, plus `_type` (`application` or
  `servicePrincipal`) and `deletedDateTime`.
* `foreignApplications`: applications of other tenants that a service principal can be made for, key = appId;
  `_tenantId` says whose.
* `policies`: key `defaultAppManagementPolicy`, Graph's tenantAppManagementPolicy; none means no restriction.
* `issuers`: `{issuer, keys: [JSON Web Key, ...]}` of foreign token issuers, key = issuer; what Entra would
  fetch from their metadata to check federated assertions.
* `vaults`: `{name, location, recoverableDays, purgeProtection, roleAssignments: [{principalId,
  roleDefinitionName, secretName?}, ...]}`, key = name.
* `vaultSecrets`, `vaultCertificates`: key `<vault>/<name>` in lower case; see `keyvault.store`.
* `busNamespaces`: who may do what, see `servicebus.access`; `busMessages`, `busSequences`, `busSessions`: see
  `servicebus.store`.
* `serviceNowTickets`, `serviceNowJournal`, `jiraIssues`, `jiraComments`, `hookMessages`, `ticketEvents`,
  `ticketCounters`: what the ticketing systems keep; see the modules of `ticketing`.
"""

import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from devstack.clock import StackClock
from devstack.doubles.documents import Documents, View
from devstack.doubles.faults import FaultKind, Faults
from devstack.doubles.issued import Issued
from devstack.doubles.wire import Journal, Traps

INDEXED: dict[str, tuple[str, ...]] = {
    "applications": ("appId", "uniqueName", "displayName", "identifierUris"),
    "servicePrincipals": ("appId", "displayName", "servicePrincipalNames"),
    "users": ("userPrincipalName", "mail", "proxyAddresses"),
    "oauth2PermissionGrants": ("clientId", "resourceId"),
    "appRoleAssignments": ("principalId", "resourceId"),
    "federatedIdentityCredentials": ("_applicationId",),
    "deletedItems": ("appId", "uniqueName", "identifierUris"),
    "serviceNowTickets": ("number",),
    "serviceNowJournal": ("element_id",),
    "jiraComments": ("_issue",),
}
WITHOUT_PAST = frozenset({"busMessages", "busSequences", "busSessions"})
"""Nothing of a broker is read from a replica, and thousands of messages come and go."""


type Rate = Annotated[float, Field(ge=0, le=1)]
type Seconds = Annotated[float, Field(ge=0)]


class Weather(BaseModel):
    """How badly the services behave just now; all zero is a perfect day. Rates are shares of calls, 0 to 1.

    Durations are seconds on the stack clock. In JSON the names are in camelCase.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", validate_assignment=True)

    lag_seconds: Seconds = 0.0  # app-only reads of Graph are this old
    secret_activation_seconds: Seconds = 0.0  # until the token endpoint knows a new credential
    role_assignment_delay_seconds: Seconds = 0.0  # until Key Vault knows a new role assignment
    deletion_seconds: Seconds = 0.0  # Key Vault: a deleted secret is "being deleted" for so long
    recovery_seconds: Seconds = 0.0  # Key Vault: a recovered secret is "being recovered" for so long
    vault_lag_seconds: Seconds = 0.0  # reads of Key Vault are this old
    throttle_rate: Rate = 0.0  # 429, service by service
    retry_after_seconds: Annotated[int, Field(ge=0)] = 2  # what a 429 says
    concurrency_violation_rate: Rate = 0.0  # Directory_ConcurrencyViolation on Graph writes
    error_rate: Rate = 0.0  # 500, 502, 503 and 504
    lost_answer_rate: Rate = 0.0  # the call took effect, the connection dies before the answer
    refused_rate: Rate = 0.0  # the connection dies before the call took effect
    quotas: bool = True  # the documented quotas are enforced
    created_objects_quota: Annotated[int, Field(ge=0)] = 0  # objects that one identity may create, Entra's 250; 0: all
    empty_pages: bool = False  # Key Vault sends empty pages with a nextLink
    seed: int = 0


@dataclass(frozen=True)
class Tenant:
    """The one tenant of the local Entra."""

    id: str
    display_name: str
    domain: str


@dataclass
class World:
    """Everything a double needs; one per process (or per test)."""

    tenant: Tenant
    clock: StackClock
    documents: Documents
    weather: Weather = field(default_factory=Weather)
    faults: Faults = field(default_factory=Faults)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    suffered: Counter[tuple[str, FaultKind]] = field(default_factory=Counter[tuple[str, FaultKind]])
    journal: Journal = field(default_factory=Journal)
    traps: Traps = field(default_factory=Traps)
    issued: Issued = field(default_factory=Issued)
    dice: random.Random = field(default_factory=lambda: random.Random(0))

    def change_weather(self, weather: Weather) -> None:
        """Let it be so from now on; the dice start again from the weather's seed."""
        self.weather = weather
        self.dice = random.Random(weather.seed)

    def primary(self) -> View:
        """The documents as they are: what writes are decided on."""
        return self.documents.view()

    def replica(self) -> View:
        """The documents as an app-only reader sees them, `lag_seconds` late."""
        lag = self.weather.lag_seconds
        return self.documents.view(self.clock.time() - lag) if lag else self.documents.view()


def open_world(tenant: Tenant, clock: StackClock, file: Path | None = None) -> World:
    """A world on the given clock; with `file`, one that survives its process."""
    return World(tenant, clock, Documents(clock.time, file, INDEXED, WITHOUT_PAST))
