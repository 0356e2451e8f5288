"""Creates in Azurite the queues, tables and containers of the app under test."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from azure.core.exceptions import ResourceExistsError
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient
from pydantic import BaseModel, ConfigDict


class StorageLayout(BaseModel):
    """The contents of the file that `devstack.toml` names: a JSON object with three lists of names."""

    model_config = ConfigDict(extra="forbid")

    queues: list[str]
    tables: list[str]
    containers: list[str]


def provision_storage(connection_string: str, layout: Path, ca_bundle: Path) -> None:
    """Create what is missing of the layout; leave the rest as it is."""
    wanted = StorageLayout.model_validate_json(layout.read_text())
    # The environment's proxy and roots do not apply: this goes to 127.0.0.1.
    transport: dict[str, Any] = {"use_env_settings": False, "connection_verify": str(ca_bundle)}
    with QueueServiceClient.from_connection_string(connection_string, **transport) as queues:
        _create_each(wanted.queues, queues.create_queue)
    with TableServiceClient.from_connection_string(connection_string, **transport) as tables:
        _create_each(wanted.tables, lambda name: cast(Any, tables).create_table(name))
    with BlobServiceClient.from_connection_string(connection_string, **transport) as blobs:
        _create_each(wanted.containers, lambda name: cast(Any, blobs).create_container(name))


def _create_each(names: Iterable[str], create: Callable[[str], object]) -> None:
    for name in names:
        with suppress(ResourceExistsError):
            create(name)
