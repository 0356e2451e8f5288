"""`$batch`: up to 20 calls in one, each routed, weathered, counted and throttled on its own.

Source: Microsoft Learn, json-batching. The calls run one after another, in an order their `dependsOn` allow.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote, unquote

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Scope

from devstack.doubles.graph.errors import GraphError, malformed
from devstack.doubles.graph.rules.payload import Fields, fields_of
from devstack.doubles.middleware import ConnectionDroppedError

_MAX_STEPS = 20


@dataclass(frozen=True)
class Step:
    """One request of a batch. `url` is relative to the version, with its query."""

    id: str
    method: str
    url: str
    headers: dict[str, str]
    body: object = None
    depends_on: tuple[str, ...] = field(default=())


class StepSender:
    """Sends steps to the ASGI application that serves single calls, in the name of the batch's caller."""

    def __init__(self, entrance: ASGIApp, scope: Scope) -> None:
        self._entrance = entrance
        self._scope = scope
        self._authorization = Headers(scope=scope).get("authorization", "")

    async def __call__(self, step: Step) -> Fields:
        """The step's `status`, `headers` and, where there is one, `body`; 504 if its connection died."""
        body = b"" if step.body is None else json.dumps(step.body).encode()
        messages: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        try:
            await self._entrance(self._step_scope(step), receive, send)
        except ConnectionDroppedError:
            return {"status": 504, "headers": {}}
        content = b"".join(message.get("body", b"") for message in messages)
        return _step_answer(messages[0]["status"], Headers(raw=messages[0]["headers"]), content)

    def _step_scope(self, step: Step) -> Scope:
        raw_path, _, query = step.url.partition("?")
        path = f"/v1.0/{raw_path.lstrip('/')}"
        headers = {**step.headers, "authorization": self._authorization}
        return {
            **{name: value for name, value in self._scope.items() if name != "extensions"},
            "method": step.method,
            "path": unquote(path),
            "raw_path": quote(path, safe="/%()',$=:@").encode(),
            "query_string": quote(query, safe="%&=$,()':/+").encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }


async def run_batch(body: object, send: StepSender) -> Fields:
    """The batch's answer. Raises GraphError 400 for a batch that is malformed as a whole."""
    waiting = _steps(body)
    done: dict[str, Fields] = {}
    while waiting:
        ready = next((step for step in waiting if all(needed in done for needed in step.depends_on)), None)
        if ready is None:
            raise malformed("The dependsOn property of the batch requests contains a cycle.")
        waiting.remove(ready)
        has_failed = any(done[needed]["status"] >= 400 for needed in ready.depends_on)
        done[ready.id] = {"id": ready.id, **(_failed_dependency() if has_failed else await send(ready))}
    return {"responses": list(done.values())}


def _steps(body: object) -> list[Step]:
    items: object = fields_of(body).get("requests")
    if not isinstance(items, list) or not items:
        raise malformed("Invalid batch payload format.")
    steps = [_step(item) for item in cast("list[object]", items)]
    if len(steps) > _MAX_STEPS:
        message = f"Number of batch request steps exceeds the maximum value of {_MAX_STEPS}."
        raise GraphError(400, "MaximumValueExceeded", message)
    ids = [step.id for step in steps]
    if len(set(ids)) < len(ids):
        raise malformed("Request ids in a batch must be unique.")
    for step in steps:
        for needed in step.depends_on:
            if needed not in ids or needed == step.id:
                raise malformed(f"Request id : {step.id} depends on the unknown request id : {needed}.")
    return steps


def _step(item: object) -> Step:
    fields = fields_of(item)
    step_id, method, url = fields.get("id"), fields.get("method"), fields.get("url")
    if not (isinstance(step_id, str) and isinstance(method, str) and isinstance(url, str)):
        raise malformed("Invalid batch payload format.")
    headers = {name.casefold(): str(value) for name, value in fields_of(fields.get("headers")).items()}
    if fields.get("body") is not None and "content-type" not in headers:
        raise malformed(f"Write request id : {step_id} does not contain Content-Type header or body.")
    needed: object = fields.get("dependsOn") or []
    if not isinstance(needed, list):
        raise malformed("Invalid batch payload format.")
    depends_on = tuple(str(each) for each in cast("list[object]", needed))
    return Step(step_id, method.upper(), url, headers, fields.get("body"), depends_on)


def _failed_dependency() -> Fields:
    error = {"code": "FailedDependency", "message": "The request depends on a request that failed."}
    return {"status": 424, "headers": {"Content-Type": "application/json"}, "body": {"error": error}}


def _step_answer(status: int, headers: Mapping[str, str], content: bytes) -> Fields:
    """How one HTTP answer looks inside the batch's."""
    shown = {name.title(): value for name, value in headers.items() if name in _SHOWN_HEADERS}
    answer: dict[str, Any] = {"status": status, "headers": shown}
    if content:
        is_json = "json" in headers.get("content-type", "")
        answer["body"] = json.loads(content) if is_json else content.decode()
    return answer


_SHOWN_HEADERS = ("content-type", "location", "cache-control", "retry-after", "odata-version", "x-ms-resource-unit")
