"""The evidence with the checks' look-ups, and the rules for when it is too early to judge."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from doctor.evidence import Application, Evidence, Record, SecretVersion, ServicePrincipal
from doctor.patience import Patience
from shared.policy.policy_file import Policy


@dataclass(frozen=True)
class Case:
    """One snapshot, and what it is judged by.

    With `judge_all_permissions`, every permission that an app of ours asks for or holds is judged, whoever gave it;
    without it, only those that requests and the audit record show to be the registrar's.
    """

    evidence: Evidence
    policy: Policy
    patience: Patience
    judge_all_permissions: bool = False

    @cached_property
    def records(self) -> dict[str, Record]:
        """Operation records by id."""
        return {record.id: record for record in self.evidence.records}

    @cached_property
    def live_applications(self) -> list[Application]:
        """Applications that are not deleted."""
        return [app for app in self.evidence.applications if not app.deleted]

    @cached_property
    def applications_by_name(self) -> dict[str, Application]:
        """Live applications by uniqueName."""
        return {app.unique_name: app for app in self.live_applications if app.unique_name is not None}

    @cached_property
    def principals_by_client(self) -> dict[str, ServicePrincipal]:
        """Service principals by client id."""
        return {principal.client_id: principal for principal in self.evidence.principals}

    @cached_property
    def stored(self) -> dict[tuple[str, str], list[SecretVersion]]:
        """Vault versions by (uniqueName, keyId), as their tags say."""
        found = defaultdict[tuple[str, str], list[SecretVersion]](list)
        for secret in self.evidence.secrets:
            for version in secret.versions:
                found[(version.tags.get("uniqueName", ""), version.tags.get("keyId", ""))].append(version)
        return found

    @cached_property
    def thumbprints(self) -> dict[tuple[str, str], list[SecretVersion]]:
        """Vault versions by (uniqueName, thumbprint): a certificate is stored before the directory has it."""
        found = defaultdict[tuple[str, str], list[SecretVersion]](list)
        for secret in self.evidence.secrets:
            for version in secret.versions:
                if version.thumbprint:
                    found[(version.tags.get("uniqueName", ""), version.thumbprint)].append(version)
        return found

    @cached_property
    def recoverable(self) -> dict[str, str]:
        """Names of deleted vault secrets that can be recovered, by the uniqueName of their app."""
        return {secret.unique_name: secret.name for secret in self.evidence.deleted_secrets}

    def is_older(self, moment: datetime | None, than: timedelta) -> bool:
        """Return whether something happened at least this long ago; None counts as older than anything."""
        return moment is None or self.evidence.now - moment >= than

    def is_judged(self, operation_id: str) -> bool:
        """Return whether what an operation left behind is judged: it has ended, and its time to clean up is over.

        An operation without a record is over; what it left is judged by its own age. At rest, everything is judged.
        """
        if self.patience.at_rest:
            return True
        record = self.records.get(operation_id)
        if record is None:
            return self.evidence.records.is_whole
        return record.is_settled and self.is_older(record.settled_at, self.patience.settling)
