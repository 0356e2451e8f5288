"""Checks what a registration adds against the tenant's rules, before anything is written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.contract.request import RegistrationRequest
from shared.core.errors import NotYetVisibleError, Problem
from shared.credentials.certificates import life_of
from shared.credentials.issuing import TargetApplication, is_live, is_switched_off
from shared.credentials.withdrawing import is_withdrawn
from shared.model.directory import SeenApplication
from shared.operations.attempt import Attempt
from shared.policy.check import Had
from shared.policy.tenant import NewCredential, TenantRules, audience_breaches, credential_breaches, days_within
from shared.policy.tenant_uris import redirect_uri_breaches
from shared.registration.credentials import Found


@dataclass(frozen=True)
class Additions:
    """A registration, and what already exists: only the difference is judged."""

    attempt: Attempt
    request: RegistrationRequest
    seen: SeenApplication | None
    found: Mapping[str, Found]
    had: Had

    def breaches(self, rules: TenantRules) -> Iterator[Problem]:
        """Yield a problem for everything in the request that the tenant forbids."""
        application, state = self.request.application, self.seen.state if self.seen is not None else None
        yield from audience_breaches(rules, application.sign_in_audience, state)
        uris = {
            "publicClient": application.public_client.redirect_uris,
            "web": application.web.redirect_uris,
            "spa": application.spa.redirect_uris,
        }
        yield from redirect_uri_breaches(rules, uris, state)
        yield from credential_breaches(rules, self._credentials(rules), self.attempt.policy.credentials)

    def _credentials(self, rules: TenantRules) -> Iterator[NewCredential]:
        """Yield the credentials to be issued, except those that this operation has begun.

        A lifetime granted before is cut to what the tenant allows, and to what policy allows.
        """
        longest_given = self.attempt.policy.credentials.max_lifetime_days
        for index, spec in enumerate(self.request.credentials):
            if self.attempt.operation.credential(spec.name).has_begun or not self._is_to_be_issued(spec.name):
                continue
            days = spec.lifetime_days
            if days in self.had.lifetimes.get(spec.name, frozenset()):
                days = days_within(min(days, longest_given), rules.longest(spec.type))
            yield NewCredential(
                type=spec.type,
                lifetime=life_of(spec.type, days),
                type_field=f"credentials[{index}].type",
                lifetime_field=f"credentials[{index}].lifetimeDays",
                is_kept=self.found[spec.name].current.entry is not None,
            )

    def _is_to_be_issued(self, name: str) -> bool:
        """Return whether it certainly is. A secret deleted from the vault is recovered first, and judged then."""
        kept = self.found[name].current
        entry = kept.entry
        if entry is None:
            return kept.deleted_tags is None
        record = self.attempt.application
        if self.seen is not None:
            holder = TargetApplication(self.seen.object_id, self.seen.client_id, self.seen.credentials)
        else:
            holder = TargetApplication(record.object_id or "", record.client_id or "", None)
        try:
            is_off = is_switched_off(entry, holder) and not is_withdrawn(self.attempt, name, entry)
            return not (is_off or is_live(self.attempt, entry, holder))
        except NotYetVisibleError:
            return False
