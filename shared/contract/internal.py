"""Messages on internal queues, which only the app writes and reads; their content was checked before."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class InternalMessage(BaseModel):
    """Base of internal messages: camelCase on the wire, unknown fields refused."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )

    def to_json(self) -> str:
        """Return one line of JSON."""
        return self.model_dump_json(by_alias=True)
