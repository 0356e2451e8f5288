"""Leases on blobs, one per app, on the storage service's own clock."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob.aio import BlobClient, BlobLeaseClient, BlobServiceClient

from shared.adapters.azure_errors import translate, translated
from shared.core.errors import BusyError
from shared.core.naming import LEASES_CONTAINER

_LEASE_SECONDS = 60
_RENEW_AFTER = timedelta(seconds=20)
_CONFLICT, _PRECONDITION_FAILED = 409, 412


class BlobLeases:
    """Implements the port `Leases`. A dead worker's lease expires after a minute."""

    def __init__(self, service: BlobServiceClient, now: Callable[[], datetime]) -> None:
        self._container = service.get_container_client(LEASES_CONTAINER)
        self._now = now

    @asynccontextmanager
    async def hold(self, unique_name: str) -> AsyncGenerator["BlobLease"]:
        """Hold an app's lease. Raises BusyError on entry when another holder has it."""
        blob = self._container.get_blob_client(unique_name)
        lease = BlobLease(await _acquire(blob, unique_name), self._now)
        try:
            yield lease
        finally:
            # A lease that cannot be released expires.
            with suppress(AzureError):
                await lease.release()


async def _acquire(blob: BlobClient, unique_name: str) -> BlobLeaseClient:
    with translated(f"lease {unique_name}"):
        try:
            try:
                return await blob.acquire_lease(_LEASE_SECONDS)
            except ResourceNotFoundError:
                with suppress(ResourceExistsError):
                    await blob.upload_blob(b"", overwrite=False)
                return await blob.acquire_lease(_LEASE_SECONDS)
        except HttpResponseError as error:
            if error.status_code == _CONFLICT:
                raise BusyError(f"another operation works on {unique_name}") from None
            raise


class BlobLease:
    """One held lease."""

    def __init__(self, client: BlobLeaseClient, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._renewed = now()

    async def keep(self) -> None:
        """Renew the lease if it is due. Raises BusyError when it was lost."""
        now = self._now()
        if now - self._renewed < _RENEW_AFTER:
            return
        try:
            await self._client.renew()
        except HttpResponseError as error:
            if error.status_code in (_CONFLICT, _PRECONDITION_FAILED):
                raise BusyError("the lease of the application was lost") from None
            raise translate("renew a lease", error) from error
        except AzureError as error:
            raise translate("renew a lease", error) from error
        self._renewed = now

    async def release(self) -> None:
        """Release the lease."""
        await self._client.release()
