"""The newest report, as one blob per format."""

from datetime import UTC, datetime

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.storage.blob import ContentSettings
from azure.storage.blob.aio import BlobServiceClient

from shared.adapters.azure_errors import error_code, translated
from shared.core.errors import RefusedError
from shared.core.naming import REPORTS_CONTAINER
from shared.core.text import utc_text
from shared.ports.reports import Format, StoredReport

_AS_OF = "asOf"
_CONTENT_TYPES: dict[Format, str] = {
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}


class ReportBlobs:
    """Implements the port `Reports`: `credentials.html`, `.csv` and `.json`, each with its moment as metadata."""

    def __init__(self, service: BlobServiceClient) -> None:
        self._container = service.get_container_client(REPORTS_CONTAINER)

    async def read(self, form: Format) -> StoredReport | None:
        """Read one format; None when none was written yet."""
        with translated(f"read the report's {form}"):
            try:
                blob = await self._container.download_blob(f"credentials.{form}")
                content = await blob.readall()
            except ResourceNotFoundError as error:
                return _never_written(error)
        as_of = _moment(blob.properties.metadata)
        if as_of is None:
            raise RefusedError("the stored report does not say of which moment it is; the next one will")
        return StoredReport(as_of, content)

    async def as_of(self) -> datetime | None:
        """Return the moment of the newest complete report; None if there is none."""
        with translated("look for the report"):
            try:
                properties = await self._container.get_blob_client("credentials.json").get_blob_properties()
            except ResourceNotFoundError as error:
                return _never_written(error)
        return _moment(properties.metadata)

    async def write(self, form: Format, report: StoredReport) -> None:
        """Replace one format. JSON is written last and completes the report."""
        with translated(f"write the report's {form}"):
            await self._container.upload_blob(
                f"credentials.{form}",
                report.content,
                overwrite=True,
                metadata={_AS_OF: utc_text(report.as_of)},
                content_settings=ContentSettings(content_type=_CONTENT_TYPES[form]),
            )


def _never_written(error: HttpResponseError) -> None:
    """Tell a missing blob from a missing container: the latter is a deployment fault."""
    if error_code(error) == "ContainerNotFound":
        raise error


def _moment(metadata: dict[str, str] | None) -> datetime | None:
    """Read the moment of a report; None if the blob is not ours."""
    found = next((value for name, value in (metadata or {}).items() if name.casefold() == _AS_OF.casefold()), "")
    try:
        return datetime.fromisoformat(found).astimezone(UTC)
    except ValueError:
        return None
