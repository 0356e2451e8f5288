"""The anchors of the audit record: a blob for each UTC day, in a container that keeps what it has."""

from collections.abc import AsyncIterator

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobProperties, ContentSettings
from azure.storage.blob.aio import BlobServiceClient

from shared.adapters.azure_errors import error_code, translated
from shared.core.naming import AUDIT_ANCHORS_CONTAINER
from shared.model.audit_anchor import KeptAnchor


class AnchorBlobs:
    """Fills the port `Anchors`: blobs such as `2026-11-23.json`, written with If-None-Match: * and so never again."""

    def __init__(self, service: BlobServiceClient) -> None:
        self._container = service.get_container_client(AUDIT_ANCHORS_CONTAINER)

    async def keep(self, name: str, text: str) -> bool:
        """Write an anchor; False when there is a blob of that name."""
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
        """List every blob there is, in the order of their names, as the service does."""
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
