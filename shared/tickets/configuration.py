"""`[sources.updates]` of ticketing.toml as types: where a source's tickets are, and which updates they get."""

from typing import Annotated, Any, Literal, cast

from pydantic import Field

from shared.tickets.toml import SettingName, SettingNames, TicketingModel

type Event = Literal["rotated", "rotation_failed", "expiring", "awaiting_approval"]
"""Optional updates: news of an app not requested by this ticket, and that the ticket's own request needs approval."""
type Status = Literal["completed", "rejected", "failed", "awaiting_approval"]


class AnyUpdates(TicketingModel):
    """Fields of every kind. `url` names an app setting, as does everything that differs between deployments."""

    url: SettingName
    events: tuple[Event, ...] = ("awaiting_approval",)


class ServiceNowUpdates(AnyUpdates):
    """Work notes and state, by the Table API. `states` maps a request's status to a value of the field `state`."""

    kind: Literal["servicenow"]
    user: SettingName
    password: SettingName
    table: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,79}$")] = "sc_req_item"
    states: dict[Status, Annotated[str, Field(pattern=r"^-?[0-9]{1,4}$")]] = Field(default_factory=dict[Status, str])

    def state_of(self, status: str) -> str | None:
        """Return the value of `state` for a status."""
        return {str(each): state for each, state in self.states.items()}.get(status)

    @property
    def secret_settings(self) -> frozenset[str]:
        """App settings with a secret."""
        return frozenset({self.password})

    @property
    def plain_settings(self) -> frozenset[str]:
        """App settings without one."""
        return frozenset({self.url, self.user})


class JiraUpdates(AnyUpdates):
    """A comment, and a transition. `transitions` maps a request's status to a transition's name."""

    kind: Literal["jira"]
    user: SettingName
    token: SettingName
    transitions: dict[Status, Annotated[str, Field(min_length=1, max_length=255)]] = Field(
        default_factory=dict[Status, str]
    )

    def transition_of(self, status: str) -> str | None:
        """Return the name of the transition for a status."""
        return {str(each): name for each, name in self.transitions.items()}.get(status)

    @property
    def secret_settings(self) -> frozenset[str]:
        """App settings with a secret."""
        return frozenset({self.token})

    @property
    def plain_settings(self) -> frozenset[str]:
        """App settings without one."""
        return frozenset({self.url, self.user})


class GenericUpdates(AnyUpdates):
    """The answer itself, as a CloudEvents message signed with each secret as specified by standardwebhooks.com."""

    kind: Literal["generic"]
    secrets: SettingNames

    @property
    def secret_settings(self) -> frozenset[str]:
        """App settings with a secret."""
        return frozenset(self.secrets)

    @property
    def plain_settings(self) -> frozenset[str]:
        """App settings without one."""
        return frozenset({self.url})


type Updates = ServiceNowUpdates | JiraUpdates | GenericUpdates


def with_kind(source: Any) -> Any:  # noqa: ANN401  whatever the file holds
    """Copy a source's kind into its table of updates, where it selects the model."""
    if not isinstance(source, dict):
        return source
    fields = cast("dict[str, Any]", source)
    updates = fields.get("updates")
    if not isinstance(updates, dict):
        return fields
    return {**fields, "updates": {**cast("dict[str, Any]", updates), "kind": fields.get("kind", "generic")}}
