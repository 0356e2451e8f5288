"""Calls into azure-functions-runtime, Microsoft's worker library, as the platform's own worker does.

The seam is not a documented API; the package is pinned in requirements.txt, so that Azure runs the same version.
"""

import asyncio
import importlib
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from devstack.host import wire
from devstack.host.worker.protos import PROTOS, ParameterBinding, Record, StatusResult, TypedData

# Without type information on purpose: the library publishes none.
_runtime: Any = importlib.import_module("azure_functions_runtime")


class IndexingError(Exception):
    """The library refused the app; the text is its own explanation with the stack trace."""


def invocation_id() -> str | None:
    """The id of the invocation that the calling task or thread belongs to."""
    return _runtime.invocation_id_cv.get()


async def index(app: Path) -> list[dict[str, Any]]:
    """Import the app and return its functions' metadata, an empty list when it has none. Raises IndexingError.

    The app's packages, then its root, come first in `sys.path`, as on Azure (proxy_worker/dispatcher.py).
    """
    sys.path[:0] = [str(app / ".python_packages/lib/site-packages"), str(app)]
    _runtime.start_threadpool_executor()
    answer = await _runtime.worker_init_request(
        _request(SimpleNamespace(worker_init_request=SimpleNamespace(capabilities={}, function_app_directory=str(app))))
    )
    if answer.result.status != StatusResult.Success:
        failure = answer.result.exception
        raise IndexingError(failure.stack_trace or failure.message)
    metadata = await _runtime.functions_metadata_request(_request(SimpleNamespace()))
    return [_describe(function) for function in metadata.function_metadata_results or ()]


async def invoke(message: wire.Message) -> wire.Message:
    """Run one `invoke` message and return the `invoked` message that answers it.

    Catches BaseException: the library lets SystemExit through, which would end the event loop of all invocations.
    """
    _runtime.invocation_id_cv.set(message["invocationId"])
    answer: wire.Message = {"type": "invoked", "invocationId": message["invocationId"], "error": None}
    try:
        result = await _runtime.invocation_request(_request(_invocation(message)))
    except asyncio.CancelledError as error:
        return answer | {"error": f"CancelledError: {error}"}
    except BaseException as error:
        return answer | {"error": f"{type(error).__name__}: {error}"}
    if result.result.status != StatusResult.Success:
        failure = result.result.exception
        return answer | {"error": failure.message, "stack": failure.stack_trace}
    return answer | {
        "returnValue": result.return_value and result.return_value.to_wire(),
        "outputs": {output.name: output.data.to_wire() for output in result.output_data if output.data},
    }


def stop() -> None:
    """Let the threads of synchronous functions end."""
    _runtime.stop_threadpool_executor()


def _request(request: SimpleNamespace) -> SimpleNamespace:
    return SimpleNamespace(request=request, properties={"protos": PROTOS, "host": "127.0.0.1"})


def _describe(function: Record) -> dict[str, Any]:
    retry: Record | None = function.retry_options
    return {
        "name": function.name,
        "id": function.function_id,
        "bindings": list(function.raw_bindings),
        "retry": retry and {name: _plain(value) for name, value in vars(retry).items()},
    }


def _plain(value: object) -> object:
    return value.total_seconds() if isinstance(value, timedelta) else value


def _invocation(message: wire.Message) -> SimpleNamespace:
    retry: dict[str, Any] = message["retry"]
    failure = retry["error"]
    return SimpleNamespace(
        invocation_request=SimpleNamespace(
            invocation_id=message["invocationId"],
            function_id=message["functionId"],
            input_data=[
                ParameterBinding(name=name, data=TypedData.from_wire(data)) for name, data in message["inputs"].items()
            ],
            trigger_metadata={name: TypedData.from_wire(data) for name, data in message["metadata"].items()},
            trace_context=SimpleNamespace(trace_parent=message["traceParent"], trace_state="", attributes={}),
            retry_context=SimpleNamespace(
                retry_count=retry["count"],
                max_retry_count=retry["maximum"],
                exception=failure and SimpleNamespace(source="", stack_trace="", message=failure),
            ),
        )
    )
