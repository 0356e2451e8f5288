"""App settings: the environment, and local.settings.json for what the environment does not set."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from devstack.host.errors import HostError


class AppSettings:
    """Settings by name, without regard to case, as the platform's configuration reads them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = {name.casefold(): value for name, value in values.items()}

    def get(self, name: str) -> str | None:
        """The value, or None when the setting is absent or empty."""
        return self._values.get(name.casefold()) or None

    def section(self, name: str) -> dict[str, str]:
        """All settings below `name__`, under the rest of their names in lower case."""
        prefix = f"{name}__".casefold()
        return {key.removeprefix(prefix): value for key, value in self._values.items() if key.startswith(prefix)}

    def is_disabled(self, function: str) -> bool:
        """Return whether `AzureWebJobs.<function>.Disabled` says so (Microsoft Learn, "How to disable functions")."""
        value = self.get(f"AzureWebJobs.{function}.Disabled") or self.get(f"AzureWebJobs_{function}_Disabled")
        return value is not None and value.casefold() in ("true", "1")


def load_settings(app: Path) -> AppSettings:
    """Complete the process's environment from the app's local.settings.json, and return all settings.

    The environment wins, as with Core Tools. It is changed in place: azure-identity and the worker child read it too.
    Raises HostError for a file that is encrypted or not of that shape.
    """
    for name, value in _local_values(app / "local.settings.json").items():
        os.environ.setdefault(name, value)
    # What Core Tools sets; among other things it shortens the default polling interval.
    os.environ.setdefault("AZURE_FUNCTIONS_ENVIRONMENT", "Development")
    return AppSettings(os.environ)


def _local_values(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    try:
        document: dict[str, Any] = json.loads(file.read_text())
        values: dict[str, object] = document.get("Values", {})
        if document.get("IsEncrypted"):
            raise HostError(f"{file} is encrypted; run `func settings decrypt`")
        return {name: str(value) for name, value in values.items()}
    except (ValueError, AttributeError) as error:
        raise HostError(f"{file} is not a settings file with an object 'Values': {error}") from error
