"""Encoded queries (`sysparm_query`) of ServiceNow's Table API, as far as the double needs them.

Source: ServiceNow, "Encoded query strings" and "Operators available for filters and queries". A condition on a field
that the table does not have is passed over, as by default (glide.invalid_query.returns_no_rows is false): such a query
gives more rows, not fewer. `^` cannot be escaped in a value. What the double does not know is an error of its own.
"""

import re
from collections.abc import Callable, Sequence

from devstack.doubles.documents import Document
from devstack.doubles.ticketing.servicenow.errors import ServiceNowError

_ORDER = re.compile(r"ORDERBY(DESC)?([a-z_]+)")
_CONDITION = re.compile(r"([a-z_][a-z0-9_.]*)(!=|=|LIKE|STARTSWITH|IN|ISEMPTY|ISNOTEMPTY)(.*)", re.DOTALL)
_TESTS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda found, wanted: found == wanted,
    "!=": lambda found, wanted: found != wanted,
    "LIKE": lambda found, wanted: wanted in found,
    "STARTSWITH": lambda found, wanted: found.startswith(wanted),
    "IN": lambda found, wanted: found in wanted.split(","),
    "ISEMPTY": lambda found, _: not found,
    "ISNOTEMPTY": lambda found, _: bool(found),
}


def select(records: Sequence[Document], query: str, fields: Sequence[str]) -> list[Document]:
    """The records, of a table with these fields, that fit, in the requested order. Raises ServiceNowError 400."""
    found = list(records)
    orders: list[tuple[str, bool]] = []
    for part in filter(None, query.split("^")):
        if part == "EQ":
            break
        if order := _ORDER.fullmatch(part):
            orders.append((order[2], bool(order[1])))
        elif condition := _CONDITION.fullmatch(part):
            name, operator, wanted = condition.groups()
            if name in fields:
                test = _TESTS[operator]
                # The database's collation knows no case.
                found = [one for one in found if test(str(one[name]).casefold(), wanted.casefold())]
        else:
            raise ServiceNowError(400, "Not in the local stack", f"The double does not know the query {part!r}.")
    for name, is_descending in reversed(orders):
        if name in fields:
            found = _sorted(found, name, is_descending=is_descending)
    return found


def _sorted(records: Sequence[Document], name: str, *, is_descending: bool) -> list[Document]:
    # Rows of one second are given newest first where the newest are wanted; a real instance promises nothing there.
    ordered = sorted(records, key=lambda one: str(one[name]))
    if is_descending:
        ordered.reverse()
    return ordered
