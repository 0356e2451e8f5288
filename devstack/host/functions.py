"""The app's functions as the host sees them: name, trigger, outputs; read from the worker's metadata."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from devstack.host.errors import BindingError
from devstack.host.expressions import resolve_settings
from devstack.host.service_bus_trigger import ServiceBusTrigger, read_service_bus_trigger
from devstack.host.settings import AppSettings

HOST_STORAGE = "AzureWebJobsStorage"
"""The connection that the host itself uses, and a queue binding without a connection of its own."""


@dataclass(frozen=True)
class QueueTrigger:
    """A storage queue to listen to. `binary`: the message reaches the function as bytes, not as text."""

    name: str
    queue: str
    connection: str
    binary: bool


@dataclass(frozen=True)
class TimerTrigger:
    """A schedule: NCRONTAB or TimeSpan. `use_monitor`: keep a status, catch up on a missed occurrence."""

    name: str
    schedule: str
    run_on_startup: bool
    use_monitor: bool


@dataclass(frozen=True)
class HttpTrigger:
    """A route below the route prefix. `methods` None means all; `level`: anonymous, function or admin."""

    name: str
    route: str
    methods: frozenset[str] | None
    level: str


@dataclass(frozen=True)
class QueueOutput:
    """A storage queue to send to; its name may hold `{...}` expressions."""

    name: str
    queue: str
    connection: str


@dataclass(frozen=True)
class RetryPolicy:
    """`maximum` -1 means for ever. Intervals in seconds; `fixed` is None for exponential back-off."""

    maximum: int
    fixed: float | None
    shortest: float = 0.0
    longest: float = 0.0


type Trigger = QueueTrigger | ServiceBusTrigger | TimerTrigger | HttpTrigger


@dataclass(frozen=True)
class Function:
    """One function of the app. With a `fault` it is known but not served, and the text says why."""

    name: str
    id: str
    bindings: list[dict[str, Any]]
    trigger: Trigger | None = None
    outputs: tuple[QueueOutput, ...] = ()
    retry: RetryPolicy | None = None
    disabled: bool = False
    fault: str | None = field(default=None)


def read_function(metadata: Mapping[str, Any], settings: AppSettings) -> Function:
    """Understand one function's metadata (shape: `devstack.host.worker.library`)."""
    bindings: list[dict[str, Any]] = [json.loads(raw) for raw in metadata["bindings"]]
    known = Function(metadata["name"], metadata["id"], bindings, disabled=settings.is_disabled(metadata["name"]))
    try:
        resolved = [_resolve(binding, settings) for binding in bindings]
        triggers = [_trigger(binding) for binding in resolved if _is_trigger(binding)]
        outputs = [_output(binding) for binding in resolved if not _is_trigger(binding)]
    except BindingError as error:
        return Function(known.name, known.id, bindings, disabled=known.disabled, fault=str(error))
    return Function(
        known.name,
        known.id,
        bindings,
        trigger=triggers[0],
        outputs=tuple(output for output in outputs if output),
        retry=_retry(metadata["retry"]),
        disabled=known.disabled,
    )


def _is_trigger(binding: Mapping[str, Any]) -> bool:
    return binding["type"].endswith("Trigger")


def _resolve(binding: Mapping[str, Any], settings: AppSettings) -> dict[str, Any]:
    return {
        key: resolve_settings(value, settings) if isinstance(value, str) else value for key, value in binding.items()
    }


def _trigger(binding: Mapping[str, Any]) -> Trigger:
    match binding["type"]:
        case "queueTrigger":
            return QueueTrigger(
                name=binding["name"],
                queue=binding["queueName"].lower(),
                connection=binding.get("connection") or HOST_STORAGE,
                binary=binding.get("dataType") == "BINARY",
            )
        case "serviceBusTrigger":
            return read_service_bus_trigger(binding)
        case "timerTrigger":
            return TimerTrigger(
                name=binding["name"],
                schedule=binding["schedule"],
                run_on_startup=bool(binding.get("runOnStartup")),
                use_monitor=binding.get("useMonitor") is not False,
            )
        case "httpTrigger":
            methods = frozenset(method.upper() for method in binding.get("methods") or ())
            level = (binding.get("authLevel") or "function").lower()
            return HttpTrigger(binding["name"], binding["route"], methods or None, level)
        case other:
            raise BindingError(f"the trigger '{other}' is not covered by this host")


def _output(binding: Mapping[str, Any]) -> QueueOutput | None:
    """A queue to write to, or None for the HTTP response, which travels as the return value."""
    match binding["type"], binding["direction"]:
        case "queue", "OUT":
            return QueueOutput(binding["name"], binding["queueName"], binding.get("connection") or HOST_STORAGE)
        case "http", "OUT":
            return None
        case other, direction:
            raise BindingError(f"the binding '{other}' with direction {direction} is not covered by this host")


def _retry(options: Mapping[str, Any] | None) -> RetryPolicy | None:
    if not options:
        return None
    return RetryPolicy(
        maximum=options["max_retry_count"],
        fixed=options.get("delay_interval"),
        shortest=options.get("minimum_interval", 0.0),
        longest=options.get("maximum_interval", 0.0),
    )
