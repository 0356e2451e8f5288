"""The users of the tenant, as far as their properties may be read: everything, or the basic profile alone.

`User.ReadBasic.All` (an app role since January 2024) shows the properties in `BASIC`; the others are null or empty
where they are selected, and a question about them (`$filter`, `$search`, `$orderby`) is refused with 403. Sources:
Microsoft Graph permissions reference, User.ReadBasic.All; message center MC704030; answers reported by users of the
permission. The reference pages of "List users" and "Get a user" do not name it among the app permissions, and some
tenants are reported to answer 403 for it: callers must cope with either.
"""

from collections.abc import Iterable, Iterator

from devstack.doubles.documents import Document, View
from devstack.doubles.graph.errors import denied
from devstack.doubles.graph.exchange import Answer, Request
from devstack.doubles.graph.odata.conditions import AnyOf, Comparison, Condition, Junction, Not
from devstack.doubles.graph.odata.listing import EntitySet, answer_list, answer_one, narrowed
from devstack.doubles.graph.odata.options import Options, parse_options
from devstack.doubles.graph.rules.access import READ_FULL_USERS
from devstack.doubles.graph.schema import TYPES, is_collection
from devstack.doubles.graph.store import Directory
from devstack.doubles.tokens import Caller

BASIC = ("displayName", "givenName", "id", "mail", "photo", "securityIdentifier", "surname", "userPrincipalName")
_DEFAULTS = (
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
)
"""What an answer holds without `$select`: neither accountEnabled nor any address but `mail`."""

_USERS = EntitySet("users", "user", defaults=_DEFAULTS)


def list_users(directory: Directory, request: Request) -> Answer:
    """`GET /users`. Raises GraphError 403 for a question about more than the caller may read."""
    if may_read_everything(request.caller):
        return answer_list(directory, request, _USERS, lambda view, sought: narrowed(view, "users", sought))
    options = parse_options(request, "user")
    if not _asked_for(options) <= set(BASIC):
        raise denied()

    def find(view: View, sought: Condition | None) -> Iterable[Document]:
        return map(_basic, narrowed(view, "users", sought))

    return answer_list(directory, request, _USERS, find)


def get_user(directory: Directory, request: Request) -> Answer:
    """`GET /users/{id or userPrincipalName}`."""
    found = directory.read("users", request.keys[0])
    return answer_one(directory, request, _USERS, found if may_read_everything(request.caller) else _basic(found))


def may_read_everything(caller: Caller) -> bool:
    """Return whether the caller sees whole users, not only their basic profile."""
    return any(roles <= caller.roles for roles in READ_FULL_USERS)


def _basic(user: Document) -> Document:
    return {name: value if name in BASIC else _hidden(name) for name, value in user.items()}


def _hidden(name: str) -> list[str] | None:
    return [] if is_collection(TYPES["user"].get(name, "")) else None


def _asked_for(options: Options) -> set[str]:
    """The properties that the question is about; what it selects is no question."""
    names = {name for name, _ in options.order_by}
    if options.search is not None:
        names |= {name for name, _ in options.search.clauses}
    return names | set(_properties(options.condition))


def _properties(condition: Condition | None) -> Iterator[str]:
    match condition:
        case Comparison(path=path) | AnyOf(path=path):
            yield path[0]
        case Not(condition=inner):
            yield from _properties(inner)
        case Junction(conditions=conditions):
            for part in conditions:
                yield from _properties(part)
        case None:
            return
