"""Stand-ins for the protobuf classes of the platform's worker protocol.

The worker library takes the module of these classes as an argument and builds all its answers from it, so plain
objects do. Constants have the numbers of the protocol's enums (azure-functions-language-worker-protobuf,
FunctionRpc.proto), since the library compares them with the SDK's own.
"""

import base64
from types import SimpleNamespace
from typing import Any

from devstack.host.wire import TypedData as WireData


class Record(SimpleNamespace):
    """Keeps its keyword arguments as attributes."""


class StatusResult(Record):
    """How a request to the worker ended."""

    Failure = 0
    Success = 1


class BindingInfo(Record):
    """A binding's direction; `undefined` is also its data type when none is given."""

    undefined = 0
    out = 1
    inout = 2


class TypedData(Record):
    """A value with its kind, of which exactly one is set."""

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802  protobuf's own name
        """The kind that is set, or None for an empty value."""
        return next(iter(self.__dict__), None)

    @classmethod
    def from_wire(cls, data: WireData) -> "TypedData":
        """The input value that the host sent; see `devstack.host.wire`."""
        ((kind, value),) = data.items()
        if kind == "bytes":
            return cls(bytes=base64.b64decode(value))
        if kind == "http":
            return cls(http=Record(**{**value, "body": cls.from_wire(value["body"])}))
        return cls(**{kind: value})

    def to_wire(self) -> WireData:
        """An output value for the host; an HTTP response with its cookies as plain objects."""
        ((kind, value),) = self.__dict__.items()
        if kind == "bytes":
            return {"bytes": base64.b64encode(value).decode()}
        return {kind: _response(value) if kind == "http" else value}


class ParameterBinding(Record):
    """A named value; always carried as data, never through shared memory."""

    def WhichOneof(self, _group: str) -> str:  # noqa: N802
        """The way the value is carried."""
        return "data"


class RpcHttpCookie(Record):
    """A cookie of an HTTP response, its attributes wrapped in nullable objects."""

    # A name that is a keyword of Python cannot be written down in a class body.
    SameSite = type("SameSite", (), {"None": 0, "Lax": 1, "Strict": 2, "ExplicitNone": 3})


_PLAIN = (
    "WorkerInitResponse",
    "WorkerMetadata",
    "RpcException",
    "RpcFunctionMetadata",
    "RpcHttp",
    "RpcRetryOptions",
    "FunctionMetadataResponse",
    "FunctionLoadResponse",
    "FunctionEnvironmentReloadResponse",
    "InvocationResponse",
    "NullableString",
    "NullableBool",
    "NullableDouble",
    "NullableTimestamp",
    "Timestamp",
)

PROTOS = SimpleNamespace(
    StatusResult=StatusResult,
    BindingInfo=BindingInfo,
    TypedData=TypedData,
    ParameterBinding=ParameterBinding,
    RpcHttpCookie=RpcHttpCookie,
    **{name: type(name, (Record,), {}) for name in _PLAIN},
)
"""What the worker library knows as `protos`."""


def _response(http: Record) -> dict[str, Any]:
    body: TypedData | None = http.body
    return {
        "status": int(http.status_code),
        "headers": dict(http.headers),
        "cookies": [_cookie(cookie) for cookie in http.cookies or ()],
        "body": body.to_wire() if body else {"bytes": ""},
    }


def _cookie(cookie: Record) -> dict[str, Any]:
    expires = cookie.expires and cookie.expires.value.seconds
    return {
        "name": cookie.name,
        "value": cookie.value,
        "domain": cookie.domain and (cookie.domain.value or None),
        "path": cookie.path and (cookie.path.value or None),
        "expires": expires,
        "secure": bool(cookie.secure and cookie.secure.value),
        "httpOnly": bool(cookie.http_only and cookie.http_only.value),
        "maxAge": cookie.max_age and int(cookie.max_age.value),
        "sameSite": {1: "lax", 2: "strict", 3: "none"}.get(cookie.same_site),
    }
