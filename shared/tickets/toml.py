"""Types shared by all tables of ticketing.toml."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

type SettingName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]
type SettingNames = Annotated[tuple[SettingName, ...], Field(min_length=1, max_length=2)]
"""App settings with one secret each: up to two, so that a secret can be replaced without an outage."""


class TicketingModel(BaseModel):
    """A table of ticketing.toml: unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)
