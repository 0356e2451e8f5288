"""What the tests of ticket updates share: requests from a ticket, and a world with ticketing systems."""

from typing import Any

from shared.model.ticket_update import UpdateState
from shared.ports import Target
from tests.fakes.faults import Faults
from tests.fakes.tickets import FakeTicketSystem
from tests.fakes.world import World, example

STATUSES = frozenset({"completed", "rejected", "failed"})


def asked(number: int = 1, **changes: Any) -> dict[str, Any]:
    return example(requestId=f"RITM{number}", source="servicenow", ticket=f"SYS{number}") | changes


class Stage:
    """A world with two ticketing systems, and a receiver of webhooks."""

    def __init__(self, *events: str) -> None:
        faults = Faults()
        self.servicenow, self.jira = FakeTicketSystem(faults), FakeTicketSystem(faults, "jira")
        self.hook = FakeTicketSystem(faults, "hook")
        self.world = World(
            faults=faults,
            targets={
                "servicenow": Target(self.servicenow, frozenset(events), STATUSES),
                "jira": Target(self.jira, frozenset(events), STATUSES),
                "hook": Target(self.hook, needs_ticket=False),
            },
        )

    def texts(self, ticket: str = "SYS1") -> list[str]:
        return [note.text for note in self.servicenow.notes[ticket]]

    def updates(self) -> list[UpdateState]:
        return [update.state for update in self.world.ticket_updates.all()]
