"""ServiceNow's journal fields: what is written to them becomes rows of sys_journal_field, which never change.

Sources: ServiceNow, "Journal fields" (journal_input: the record itself keeps nothing) and "Add code to a journal field"
(text is plain, but what stands between [code] and [/code] is shown as HTML; glide.ui.security.allow_codetag is on).
"""

import html
import re

from devstack.doubles.documents import Document
from devstack.doubles.ticketing.counting import count
from devstack.doubles.ticketing.servicenow.templates import new_row
from devstack.doubles.ticketing.time_stamps import servicenow_time
from devstack.doubles.world import World

FIELDS = {"work_notes": "Work notes", "comments": "Additional comments"}
"""Journal fields of a task, with their labels."""

JOURNAL = "serviceNowJournal"
_CODE = re.compile(r"\[code\](.*?)\[/code\]", re.DOTALL | re.IGNORECASE)


def write(world: World, element: str, ticket_id: str, text: str, user: str) -> None:
    """Append a row."""
    row = new_row(ticket_id, element, text, servicenow_time(world.clock.now()), user)
    row["_number"] = count(world, "journal")
    world.documents.put(JOURNAL, row["sys_id"], row)


def rows(world: World, ticket_id: str | None = None) -> list[Document]:
    """The rows of one ticket, or all of them, the oldest first."""
    view = world.primary()
    found = view.all(JOURNAL) if ticket_id is None else view.find(JOURNAL, "element_id", ticket_id)
    return sorted(found, key=lambda row: row["_number"])


def display(world: World, element: str, ticket_id: str) -> str:
    """A journal field as it is shown: all its texts, the newest first."""
    entries = [row for row in rows(world, ticket_id) if row["element"] == element]
    return "".join(
        f"{row['sys_created_on']} - {row['sys_created_by']} ({FIELDS[element]})\n{row['value']}\n\n"
        for row in reversed(entries)
    )


def shown_as_html(text: str) -> str:
    """What a browser is given for a text: escaped, except for what its author has marked as code."""
    parts = _CODE.split(text)
    return "".join(part if index % 2 else html.escape(part) for index, part in enumerate(parts))
