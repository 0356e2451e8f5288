"""The kept status of a timer, by which a restarted host knows what it missed.

After WebJobs.Extensions.Timers: StorageScheduleMonitor (where and what), ScheduleMonitor.CheckPastDueAsync (the rules).
"""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import BlobClient, BlobServiceClient
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_pascal

NEVER = datetime.min.replace(tzinfo=UTC)

_CONTAINER = "azure-webjobs-hosts"


class ScheduleStatus(BaseModel):
    """When a timer ran last (`NEVER` before the first time), and when it is due next."""

    model_config = ConfigDict(alias_generator=to_pascal, populate_by_name=True, frozen=True)

    last: datetime
    next: datetime
    last_updated: datetime

    def document(self) -> dict[str, Any]:
        """As it is kept, and as the function sees it."""
        return {
            "Last": self.last.isoformat(),
            "Next": self.next.isoformat(),
            "LastUpdated": self.last_updated.isoformat(),
        }


@dataclass(frozen=True)
class ScheduleMonitor:
    """The status of one function's timer, in a blob of the host's storage."""

    blobs: BlobServiceClient
    host_id: str
    function: str

    async def load(self) -> ScheduleStatus | None:
        """The kept status, or None when there is none yet."""
        try:
            download = await self._blob().download_blob()
            return ScheduleStatus.model_validate_json(await download.readall())
        except ResourceNotFoundError:
            return None

    async def save(self, status: ScheduleStatus) -> None:
        """Keep the status; the container is created when it is missing."""
        text = json.dumps(status.document())
        try:
            await self._blob().upload_blob(text, overwrite=True)
        except ResourceNotFoundError:
            with suppress(ResourceExistsError):  # another timer's first status was quicker
                await self.blobs.get_container_client(_CONTAINER).create_container()
            await self._blob().upload_blob(text, overwrite=True)

    def _blob(self) -> BlobClient:
        path = f"timers/{self.host_id}/Host.Functions.{self.function}/status"
        return self.blobs.get_blob_client(_CONTAINER, path)
