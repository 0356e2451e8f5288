"""How the Table API shows records: values or what people see, the requested fields, references as links.

Source: ServiceNow, "Table API", the parameters sysparm_fields, sysparm_display_value and
sysparm_exclude_reference_link; fields of a referenced record by a dot ("Dot-walking").
"""

from collections.abc import Mapping

from devstack.doubles.documents import Document
from devstack.doubles.ticketing.people import from_document
from devstack.doubles.ticketing.servicenow import journal
from devstack.doubles.ticketing.servicenow.store import APPROVALS, STATES
from devstack.doubles.world import World

JOURNAL_FIELDS = ("sys_id", "name", "element", "element_id", "value", "sys_created_on", "sys_created_by", "sys_tags")
TICKET_FIELDS = (
    "sys_id",
    "number",
    "sys_class_name",
    "short_description",
    "description",
    "state",
    "approval",
    "active",
    "assigned_to",
    "assignment_group",
    "close_notes",
    "correlation_id",
    "opened_at",
    "closed_at",
    "sys_created_on",
    "sys_created_by",
    "sys_updated_on",
    "sys_updated_by",
    "sys_mod_count",
)
"""The fields that a query may ask about."""


class RecordView:
    """Records as one call wants to see them."""

    def __init__(self, world: World, origin: str, asked: Mapping[str, str]) -> None:
        self._world = world
        self._origin = origin
        self._mode = asked.get("sysparm_display_value", "false")
        self._has_links = asked.get("sysparm_exclude_reference_link") != "true"
        self._wanted = [name for name in asked.get("sysparm_fields", "").split(",") if name]

    def journal_row(self, row: Document) -> Document:
        """A row of sys_journal_field."""
        return self._selected({name: (row[name], row[name]) for name in JOURNAL_FIELDS})

    def ticket(self, ticket: Document) -> Document:
        """A requested item; its journal fields have no value of their own, only something to show."""
        fields: dict[str, tuple[object, object]] = {name: (ticket[name], ticket[name]) for name in TICKET_FIELDS}
        fields["state"] = (ticket["state"], STATES.get(ticket["state"], ticket["state"]))
        fields["approval"] = (ticket["approval"], APPROVALS[ticket["approval"]])
        requester = from_document(ticket["_requested_for"])
        fields["requested_for"] = self._reference(requester.user_id, requester.name)
        fields["requested_for.email"] = (requester.email, requester.email)
        opener = from_document(ticket.get("_opened_by") or ticket["_requested_for"])
        fields["opened_by"] = self._reference(opener.user_id, opener.name)
        fields["opened_by.email"] = (opener.email, opener.email)
        by: Document | None = ticket["_approved_by"]
        fields["approved_by"] = (by, by["email"]) if by else ("", "")
        for name in journal.FIELDS:
            fields[name] = ("", journal.display(self._world, name, ticket["sys_id"]))
        for name, value in ticket["_variables"].items():
            fields[f"variables.{name}"] = (value, value)
        return self._selected(fields)

    def _reference(self, user_id: str, name: str) -> tuple[object, object]:
        if not self._has_links:
            return user_id, name
        link = f"{self._origin}/api/now/table/sys_user/{user_id}"
        return {"link": link, "value": user_id}, {"link": link, "display_value": name}

    def _selected(self, fields: Mapping[str, tuple[object, object]]) -> Document:
        """The requested fields, else all those of the record itself; unknown names are passed over."""
        names = self._wanted or [name for name in fields if "." not in name]
        return {name: self._value(*fields[name]) for name in names if name in fields}

    def _value(self, value: object, display: object) -> object:
        match self._mode:
            case "true":
                return display
            case "all":
                return {"value": value, "display_value": display}
            case _:
                return value
