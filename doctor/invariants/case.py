"""The evidence with what the checks look up in it, and the rules of when it is too early to judge."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from doctor.breach import Patience
from doctor.evidence import Application, Evidence, Record, SecretVersion, ServicePrincipal, Watched
from shared.policy.model import Policy


@dataclass(frozen=True)
class Case:
    """One look, judged by one policy."""

    evidence: Evidence
    policy: Policy
    patience: Patience

    @property
    def watched(self) -> Watched:
        """What a witness knows; nothing when there is none."""
        return self.evidence.watched or Watched()

    @cached_property
    def records(self) -> dict[str, Record]:
        """Operation records by id."""
        return {record.id: record for record in self.evidence.records}

    @cached_property
    def live_applications(self) -> list[Application]:
        """Those that are not in the directory's bin."""
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
        """Vault versions by (uniqueName, thumbprint): a certificate is kept before the directory names it."""
        found = defaultdict[tuple[str, str], list[SecretVersion]](list)
        for secret in self.evidence.secrets:
            for version in secret.versions:
                if version.thumbprint:
                    found[(version.tags.get("uniqueName", ""), version.thumbprint)].append(version)
        return found

    @cached_property
    def recoverable(self) -> dict[str, str]:
        """Names of vault secrets that lie deleted, by the uniqueName of their app."""
        return {secret.unique_name: secret.name for secret in self.evidence.deleted_secrets}

    def is_older(self, moment: datetime | None, than: timedelta) -> bool:
        """Return whether something happened longer ago than this; what has no time is as old as can be."""
        return moment is None or self.evidence.now - moment >= than

    def is_judged(self, operation_id: str) -> bool:
        """Return whether what an operation left behind counts: it has ended, and its time to tidy up is over.

        An operation that no record knows is over; what it left is judged by its own age. At rest, everything counts.
        """
        if self.patience.at_rest:
            return True
        record = self.records.get(operation_id)
        if record is None:
            return self.evidence.records.is_whole
        return record.is_settled and self.is_older(record.settled_at, self.patience.settling)
