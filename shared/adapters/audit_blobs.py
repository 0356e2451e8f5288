"""The anchors of the audit record: a blob for each UTC day, in a container that keeps what it has."""

from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.storage.blob import ContentSettings
from azure.storage.blob.aio import BlobServiceClient

from shared.adapters.azure_errors import error_code, translated
from shared.audit.chain import Anchor
from shared.naming import AUDIT_ANCHORS_CONTAINER


class AnchorBlobs:
    """Fills the port `Anchors`: `2026-11-23.json`, written with If-None-Match: * and so never again."""

    def __init__(self, service: BlobServiceClient) -> None:
        self._container = service.get_container_client(AUDIT_ANCHORS_CONTAINER)

    async def keep(self, anchor: Anchor) -> bool:
        """Write the anchor of its day; False when the day has one."""
        with translated("anchor the audit record"):
            try:
                await self._container.upload_blob(
                    f"{anchor.day}.json",
                    anchor.to_json().encode(),
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
