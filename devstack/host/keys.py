"""Function keys: what a caller must show for an HTTP function of level function or admin."""

import secrets
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from starlette.requests import Request

from devstack.host.errors import HostError


def _new_key() -> str:
    return secrets.token_urlsafe(40)


class Keys(BaseModel):
    """The host's keys: the master key opens everything, function keys all functions, the others one function each."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)

    master_key: str = Field(default_factory=_new_key)
    function_keys: dict[str, str] = Field(default_factory=lambda: {"default": _new_key()})
    functions: dict[str, dict[str, str]] = {}

    @classmethod
    def load(cls, file: Path) -> "Keys":
        """Read the keys; a missing file is made, with random keys, for the owner's eyes only. Raises HostError."""
        if file.exists():
            try:
                return cls.model_validate_json(file.read_text())
            except ValidationError as error:
                raise HostError(f"{file} does not hold function keys: {error}") from error
        keys = cls()
        file.touch(mode=0o600)
        file.write_text(keys.model_dump_json(by_alias=True, indent=2) + "\n")
        return keys

    def allow(self, request: Request, level: str, function: str | None = None) -> bool:
        """Return whether the request's key is enough; looked for in `x-functions-key`, then in the query's `code`."""
        if level == "anonymous":
            return True
        shown = request.headers.get("x-functions-key") or request.query_params.get("code") or ""
        accepted = [self.master_key]
        if level == "function":
            accepted += [*self.function_keys.values(), *self.functions.get(function or "", {}).values()]
        return any(secrets.compare_digest(shown.encode(), key.encode()) for key in accepted)
