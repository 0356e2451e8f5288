"""Messages that the app alone writes and reads: on internal queues, behind whatever checked their content."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class InternalMessage(BaseModel):
    """Base of such messages: camelCase on the wire, nothing unknown taken."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
    )

    def to_json(self) -> str:
        """One line of JSON."""
        return self.model_dump_json(by_alias=True)
