"""The host's log: one line per record, with the stack clock's time, category and invocation id."""

import logging
import sys
from datetime import UTC, datetime
from typing import override

from devstack.host import wire
from devstack.host.errors import HostError
from devstack.host.hostjson import HostJson
from devstack.host.invoker import Invoker
from devstack.host.stack_time import StackTime

# The platform's level names (Microsoft Learn, "Configure monitoring for Azure Functions", log levels).
_LEVELS = {
    "trace": 5,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 10,
}


class _Formatter(logging.Formatter):
    def __init__(self, clock: StackTime) -> None:
        super().__init__()
        self._clock = clock

    @override
    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if record.exc_info:
            message += "\n" + self.formatException(record.exc_info)
        moment = datetime.fromtimestamp(self._clock.time(), UTC).isoformat(timespec="milliseconds")
        invocation = getattr(record, "invocation", None)
        id_part = f" <{invocation}>" if invocation else ""
        # One record, one line: what has several lines is told apart from the next record.
        return f"{moment} {record.levelname} {record.name}{id_part} " + message.rstrip().replace("\n", "\\n")


def configure_logs(host: HostJson, clock: StackTime) -> None:
    """Send all records to standard output, down to the levels in host.json. Raises HostError for an unknown level."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Formatter(clock))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # The host's own libraries: their records have no place among the platform's categories.
    for library in ("azure", "asyncio", "uvicorn"):
        logging.getLogger(library).setLevel(logging.WARNING)
    for category, name in host.logging.log_level.items():
        level = _LEVELS.get(name.casefold())
        if level is None:
            raise HostError(f"host.json: logging.logLevel.{category} is '{name}', not one of {', '.join(_LEVELS)}")
        logging.getLogger(None if category == "default" else category).setLevel(level)


class WorkerLog:
    """Writes the worker's records into the log, under the category that the platform gives to user logs."""

    def __init__(self) -> None:
        self.invoker: Invoker | None = None

    def write(self, message: wire.Message) -> None:
        """Write one `log` message of the worker."""
        invocation = message["invocationId"]
        function = self.invoker and self.invoker.function_of(invocation)
        category = f"Function.{function}.User" if function else "Host.Worker"
        log = logging.getLogger(category)
        log.log(message["level"], "%s", message["message"], extra={"invocation": invocation})
