"""Issues, comments, people and transitions as Jira's REST API shows them.

Source: Atlassian, "The Jira Cloud platform REST API" v3: IssueBean, Comment, PageOfComments, UserDetails, Transitions.
"""

from collections.abc import Collection

from devstack.doubles.documents import Document
from devstack.doubles.ticketing.jira.store import DECIDED_BY, DECISION_NUMBER, STATUSES, Transition
from devstack.doubles.ticketing.people import Person, from_document
from devstack.project import JiraProject

_CATEGORIES = {
    "new": {"id": 2, "key": "new", "colorName": "blue-gray", "name": "To Do"},
    "indeterminate": {"id": 4, "key": "indeterminate", "colorName": "yellow", "name": "In Progress"},
    "done": {"id": 3, "key": "done", "colorName": "green", "name": "Done"},
}


def user(origin: str, person: Person) -> Document:
    """A person with an Atlassian account."""
    return {
        "self": f"{origin}/rest/api/3/user?accountId={person.account_id}",
        "accountId": person.account_id,
        "emailAddress": person.email,
        "avatarUrls": {},
        "displayName": person.name,
        "active": True,
        "timeZone": "Etc/UTC",
        "accountType": "atlassian",
    }


def status(origin: str, name: str) -> Document:
    """A status of the workflow."""
    number, category = STATUSES[name]
    shown = {"self": f"{origin}/rest/api/3/statuscategory/{_CATEGORIES[category]['id']}"} | _CATEGORIES[category]
    return {
        "self": f"{origin}/rest/api/3/status/{number}",
        "description": "",
        "iconUrl": f"{origin}/",
        "name": name,
        "id": number,
        "statusCategory": shown,
    }


def issue(origin: str, kept: Document, wanted: Collection[str], project: JiraProject) -> Document:
    """An issue with the requested fields; all of them for `*all` or none named."""
    fields: Document = {
        "summary": kept["summary"],
        "status": status(origin, kept["status"]),
        "creator": user(origin, from_document(kept.get("creator") or kept["reporter"])),
        "reporter": user(origin, from_document(kept["reporter"])),
        "project": {
            "self": f"{origin}/rest/api/3/project/10000",
            "id": "10000",
            "key": project.project_key,
            "name": project.project_name,
        },
        "issuetype": {"self": f"{origin}/rest/api/3/issuetype/10010", "id": "10010", "name": "Service Request"},
        "created": kept["created"],
        "updated": kept["updated"],
    }
    fields |= {project.form[name]: value for name, value in kept["form"].items() if name in project.form}
    last = kept["decisions"][-1] if kept["decisions"] else None
    by = from_document(last["by"]) if last else None
    fields[DECIDED_BY] = user(origin, by) | {"objectId": by.object_id} if by else None
    fields[DECISION_NUMBER] = last["number"] if last else None
    shown = fields if not wanted or "*all" in wanted else {k: v for k, v in fields.items() if k in wanted}
    base: Document = {"expand": "renderedFields,names,schema,operations,editmeta,changelog"}
    return base | {
        "id": kept["id"],
        "self": f"{origin}/rest/api/3/issue/{kept['id']}",
        "key": kept["key"],
        "fields": shown,
    }


def comment(origin: str, issue_id: str, kept: Document, *, with_properties: bool) -> Document:
    """A comment; its properties only where they were asked for."""
    author = user(origin, from_document(kept["author"]))
    shown: Document = {
        "self": f"{origin}/rest/api/3/issue/{issue_id}/comment/{kept['id']}",
        "id": kept["id"],
        "author": author,
        "body": kept["body"],
        "updateAuthor": author,
        "created": kept["created"],
        "updated": kept["created"],
        "jsdPublic": True,
    }
    return shown | ({"properties": kept["properties"]} if with_properties else {})


def transition(origin: str, edge: Transition) -> Document:
    """An edge of the workflow."""
    return {
        "id": edge.id,
        "name": edge.name,
        "to": status(origin, edge.target),
        "hasScreen": False,
        "isGlobal": False,
        "isInitial": False,
        "isAvailable": True,
        "isConditional": False,
        "isLooped": False,
    }
