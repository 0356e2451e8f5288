"""Clients of the storage account, from a connection string or an identity, made once per worker."""

from azure.core.credentials_async import AsyncTokenCredential
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from shared.settings import StorageSettings


class Storage:
    """The account's three services."""

    def __init__(self, settings: StorageSettings, credential: AsyncTokenCredential) -> None:
        if settings.connection_string is not None:
            self.queues = QueueServiceClient.from_connection_string(settings.connection_string)
            self.tables = TableServiceClient.from_connection_string(settings.connection_string)
            self.blobs = BlobServiceClient.from_connection_string(settings.connection_string)
            return
        self.queues = QueueServiceClient(settings.queue_service_uri or "", credential=credential)
        self.tables = TableServiceClient(settings.table_service_uri or "", credential=credential)
        self.blobs = BlobServiceClient(settings.blob_service_uri or "", credential=credential)
