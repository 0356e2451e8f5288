"""host.json: the parts that this host obeys, their defaults, and overrides from app settings.

Defaults: Microsoft Learn, "host.json reference for Azure Functions", and the extensions' own option classes.
"""

import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from devstack.host.errors import HostError
from devstack.host.settings import AppSettings
from devstack.host.timespan import parse_timespan


def _timespan(value: object) -> object:
    return parse_timespan(value) if isinstance(value, str) else value


def _timeout(value: object) -> object:
    return None if value == "-1" else _timespan(value)


TimeSpan = Annotated[timedelta, BeforeValidator(_timespan)]


class _Section(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


class QueuesOptions(_Section):
    """extensions.queues. `visibility_timeout` is the delay after a failure, nothing else."""

    max_polling_interval: TimeSpan | None = None
    visibility_timeout: TimeSpan = timedelta(0)
    batch_size: int = Field(default=16, ge=1, le=32)
    new_batch_threshold: int | None = Field(default=None, ge=0)
    max_dequeue_count: int = Field(default=5, ge=1)
    message_encoding: Literal["base64", "none"] = "base64"

    def longest_wait(self, settings: AppSettings) -> timedelta:
        """The longest pause between two polls of an empty queue: a minute, but two seconds in development."""
        developing = settings.get("AZURE_FUNCTIONS_ENVIRONMENT") == "Development"
        return self.max_polling_interval or timedelta(seconds=2 if developing else 60)

    def threshold(self) -> int:
        """With at most so many messages running, the next batch is fetched."""
        if self.new_batch_threshold is not None:
            return self.new_batch_threshold
        return self.batch_size // 2 * (os.cpu_count() or 1)


class ServiceBusOptions(_Section):
    """extensions.serviceBus. The broker has the number of deliveries and the length of a lock.

    `session_idle_timeout`: a session in which nothing came for so long is given back. Refused, since not done here:
    prefetching, and several calls for one session.
    """

    auto_complete_messages: bool = True
    max_auto_lock_renewal_duration: TimeSpan = timedelta(minutes=5)
    max_concurrent_calls: int | None = Field(default=None, ge=1)
    max_concurrent_sessions: int = Field(default=8, ge=1)
    session_idle_timeout: Annotated[TimeSpan, Field(gt=timedelta(0))] = timedelta(minutes=1)
    max_concurrent_calls_per_session: int = 1
    prefetch_count: int = 0

    @model_validator(mode="after")
    def _as_far_as_covered(self) -> Self:
        if self.max_concurrent_calls_per_session != 1:
            raise ValueError("maxConcurrentCallsPerSession can only be 1 with this host")
        if self.prefetch_count != 0:
            raise ValueError("prefetchCount can only be 0 with this host")
        return self

    def calls(self) -> int:
        """How many messages of a queue are worked on at once: 16 per core, if host.json does not say."""
        return self.max_concurrent_calls or 16 * (os.cpu_count() or 1)


class HttpOptions(_Section):
    """extensions.http."""

    route_prefix: str = "api"


class Extensions(_Section):
    """The options of the extensions that this host stands in for."""

    queues: QueuesOptions = QueuesOptions()
    service_bus: ServiceBusOptions = ServiceBusOptions()
    http: HttpOptions = HttpOptions()


class Logging(_Section):
    """Least levels by category; "default" is for those not named."""

    log_level: dict[str, str] = {}


class HostJson(_Section):
    """The whole file. `function_timeout` None means unbounded."""

    version: Literal["2.0"]
    id: str | None = Field(default=None, max_length=32)
    function_timeout: Annotated[timedelta | None, BeforeValidator(_timeout)] = timedelta(minutes=30)
    functions: list[str] | None = None
    logging: Logging = Logging()
    extensions: Extensions = Extensions()


# Read by the platform, without a meaning on one machine (README.md, "Not covered").
_PASSED_OVER = ("$schema", "extensionBundle", "managedDependency", "healthMonitor", "singleton", "concurrency")


def load_host_json(app: Path, settings: AppSettings) -> tuple[HostJson, list[str]]:
    """The app's host.json under `AzureFunctionsJobHost__a__b` overrides, and the keys that nothing here reads.

    Raises HostError when the file is missing, not JSON, of another version, or holds an impossible value.
    """
    file = app / "host.json"
    try:
        document = json.loads(file.read_text())
        for path, value in settings.section("AzureFunctionsJobHost").items():
            _override(document, path.split("__"), value)
        return HostJson.model_validate(document), list(_unknown_keys(document, HostJson))
    except FileNotFoundError:
        raise HostError(f"{file} is missing; a Functions app needs at least {{'version': '2.0'}} there") from None
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise HostError(f"{file}: {faults}") from error
    except (ValueError, TypeError) as error:
        raise HostError(f"{file} is not a JSON object: {error}") from error


def _override(document: dict[str, Any], path: list[str], value: str) -> None:
    """Set one value, in place; names match without regard to case, as in the platform's configuration."""
    name = next((key for key in document if key.casefold() == path[0]), _cased(path[0]))
    if len(path) == 1:
        document[name] = value
    else:
        _override(document.setdefault(name, {}), path[1:], value)


def _cased(name: str) -> str:
    """The spelling of a known key that the file itself does not hold."""
    models = (HostJson, Logging, Extensions, QueuesOptions, ServiceBusOptions, HttpOptions)
    known = (field.alias for model in models for field in model.model_fields.values())
    return next((alias for alias in known if alias and alias.casefold() == name), name)


def _unknown_keys(document: dict[str, Any], model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    fields = {field.alias: field.annotation for field in model.model_fields.values()}
    for key, value in document.items():
        annotation = fields.get(key)
        if key not in fields and not (model is HostJson and key in _PASSED_OVER):
            yield prefix + key
        elif isinstance(annotation, type) and issubclass(annotation, BaseModel) and isinstance(value, dict):
            yield from _unknown_keys(cast("dict[str, Any]", value), annotation, f"{prefix}{key}.")
