"""What the report reads and writes, in memory: the whole tenant with its owners, and the newest report."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from uuid import UUID

from shared.core.errors import RefusedError
from shared.model.directory import CredentialHolder, CredentialType, HeldCredential, KeyCredential, PasswordCredential
from shared.ports.directory import OWNERS_AT_ONCE
from shared.ports.reports import Format, StoredReport
from tests.fakes.directory import FakeDirectory
from tests.fakes.faults import Faults, outgoing


def _held(kind: CredentialType, credential: PasswordCredential | KeyCredential) -> HeldCredential:
    return HeldCredential(kind, credential.key_id, credential.display_name, None, credential.end)


class FakeHolders:
    """Fills `CredentialHolders`: the directory's applications, and `others`. `owned` has the owners by object id."""

    def __init__(self, directory: FakeDirectory, faults: Faults) -> None:
        self.directory = directory
        self.faults = faults
        self.others: list[CredentialHolder] = []
        self.owned: dict[str, tuple[str, ...]] = {}
        self.looked_up: list[str] = []
        self.gone: list[CredentialHolder] = []
        self.silent_after: int | None = None
        """Graph stops answering questions for owners after so many holders."""

    async def all(self) -> AsyncIterator[CredentialHolder]:
        for holder in await self._applications():
            yield holder
        for holder in await self._others():
            yield holder

    @outgoing("graph holders applications")
    def _applications(self) -> list[CredentialHolder]:
        return [
            CredentialHolder(
                kind="application",
                object_id=app.object_id,
                app_id=app.client_id,
                display_name=app.state.display_name,
                unique_name=unique_name,
                credentials=(
                    *(_held("secret", password.credential) for password in app.passwords.values()),
                    *(_held("certificate", key.credential) for key in app.keys.values()),
                ),
            )
            for unique_name, app in self.directory.applications.items()
            if app.passwords or app.keys
        ]

    @outgoing("graph holders others")
    def _others(self) -> list[CredentialHolder]:
        return list(self.others)

    async def owners(self, holders: Sequence[CredentialHolder]) -> dict[str, tuple[str, ...]]:
        if len(holders) > OWNERS_AT_ONCE:
            raise RefusedError("a batch has at most 20 steps", "MaximumValueExceeded")
        await asyncio.sleep(0)  # on its way, others are served: calls at the same time overlap as real ones do
        if self.silent_after is not None and len(self.looked_up) >= self.silent_after:
            await asyncio.Event().wait()
        return await self._owners(holders)

    @outgoing("graph owners")
    def _owners(self, holders: Sequence[CredentialHolder]) -> dict[str, tuple[str, ...]]:
        self.looked_up += [each.object_id for each in holders]
        return {each.object_id: self.owned.get(each.object_id, ()) for each in holders if each not in self.gone}


class FakeReports:
    """Fills `Reports`."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.stored: dict[Format, StoredReport] = {}

    @outgoing("blob read report")
    def read(self, form: Format) -> StoredReport | None:
        return self.stored.get(form)

    @outgoing("blob as of report")
    def as_of(self) -> datetime | None:
        newest = self.stored.get("json")
        return newest.as_of if newest is not None else None

    @outgoing("blob write report")
    def write(self, form: Format, report: StoredReport) -> None:
        self.stored[form] = report


def holder(
    number: int, display_name: str, *credentials: HeldCredential, kind: str = "application", platform: bool = False
) -> CredentialHolder:
    """Somebody else's application or service principal."""
    return CredentialHolder(
        kind="application" if kind == "application" else "servicePrincipal",
        object_id=str(UUID(int=10_000 + number)),
        app_id=str(UUID(int=20_000 + number)),
        display_name=display_name,
        unique_name=None,
        credentials=credentials,
        is_renewed_by_platform=platform,
    )
