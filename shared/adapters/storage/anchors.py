"""The anchors of the audit record: a blob for each UTC day, in an immutable container."""

from collections.abc import AsyncIterator

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobProperties, ContentSettings
from azure.storage.blob.aio import BlobServiceClient

from shared.adapters.azure_errors import error_code, translated
from shared.core.naming import AUDIT_ANCHORS_CONTAINER
from shared.model.audit_anchor import KeptAnchor


class AnchorBlobs:
    """Implements the port `Anchors`: blobs such as `2026-11-23.json`, written once (If-None-Match: *)."""

    def __init__(self, service: BlobServiceClient) -> None:
        self._container = service.get_container_client(AUDIT_ANCHORS_CONTAINER)

    async def keep(self, name: str, text: str) -> bool:
        """Write an anchor; False if a blob of that name exists."""
        with translated("anchor the audit record"):
            try:
                await self._container.upload_blob(
                    name,
                    text.encode(),
                    overwrite=False,
                    content_settings=ContentSettings(content_type="application/json"),
                )
            except ResourceExistsError:
                return False
            except HttpResponseError as error:
                if error_code(error) == "BlobImmutableDueToPolicy":
                    return False
                raise
        return True

    async def listed(self) -> AsyncIterator[KeptAnchor]:
        """List every blob, in the service's order: by name."""
        with translated("list the audit record's anchors"):
            async for blob in self._container.list_blobs():
                yield _kept(blob)

    async def read(self, name: str) -> bytes | None:
        """Read a blob that was listed; None when it is gone."""
        with translated("read an anchor of the audit record"):
            try:
                return await (await self._container.download_blob(name)).readall()
            except ResourceNotFoundError as error:
                if error_code(error) == "ContainerNotFound":
                    raise
                return None


def _kept(blob: BlobProperties) -> KeptAnchor:
    return KeptAnchor(blob.name, blob.creation_time, blob.size)
