"""Jira's issues with their comments, and what the customer's automation rule makes of their changes.

An issue is kept as `{id, key, summary, status, reporter, created, updated, form, decisions}`: people as they are kept
in tickets, `form` the fields of the customer's form by the names that the rule's custom data has, `status` a name from
`STATUSES`. A comment is kept as Jira's own, plus `_issue` (key) and `properties`.
"""

from dataclasses import dataclass
from typing import Literal

from devstack.doubles.documents import Document
from devstack.doubles.ticketing.counting import count
from devstack.doubles.ticketing.flow import Flow
from devstack.doubles.ticketing.jira.templates import new_comment, new_issue
from devstack.doubles.ticketing.people import Person
from devstack.doubles.ticketing.time_stamps import jira_time
from devstack.doubles.world import World
from devstack.project import JiraProject

ISSUES, COMMENTS = "jiraIssues", "jiraComments"
DECIDED_BY, DECISION_NUMBER = "customfield_10107", "customfield_10108"
"""Fields that the customer's workflow fills: who decided, and which decision of the issue it was."""

STATUSES = {
    "Waiting for approval": ("10001", "new"),
    "Approved": ("10002", "indeterminate"),
    "Declined": ("10003", "done"),
    "In Progress": ("10004", "indeterminate"),
    "Done": ("10005", "done"),
    "Failed": ("10006", "done"),
}
"""Id and status category by name."""

type Decision = Literal["approved", "rejected"]
_DECISIONS: dict[str, Decision] = {"Approved": "approved", "Declined": "rejected"}


@dataclass(frozen=True)
class Transition:
    """An edge of the workflow."""

    id: str
    name: str
    sources: tuple[str, ...]
    target: str


TRANSITIONS = (
    Transition("11", "Approve", ("Waiting for approval", "Declined"), "Approved"),
    Transition("21", "Decline", ("Waiting for approval", "Approved"), "Declined"),
    Transition("31", "Start progress", ("Approved",), "In Progress"),
    Transition("41", "Done", ("Approved", "In Progress"), "Done"),
    Transition("51", "Fail", ("Waiting for approval", "Approved", "In Progress"), "Failed"),
    Transition("61", "Reopen", ("Approved", "Declined", "Failed"), "Waiting for approval"),
)


class Issues:
    """The issues of one world."""

    def __init__(self, world: World, flow: Flow, project: JiraProject) -> None:
        self._world = world
        self._flow = flow
        self.project = project

    def create(
        self,
        reporter: Person,
        summary: str,
        form: Document,
        *,
        creator: Person | None = None,
        key: str | None = None,
    ) -> Document:
        """A new issue that waits for approval. Raises LookupError when the key is taken.

        Who created it is on record and stays; the reporter, the same unless another is named, can be changed by many.
        """
        key = key or f"{self.project.project_key}-{count(self._world, 'issue')}"
        if self.find(key) is not None:
            raise LookupError(f"there is an issue {key} already")
        now = jira_time(self._world.clock.now())
        number = count(self._world, "issue id", 10_001)
        issue = new_issue(str(number), key, now, reporter, creator or reporter) | {"summary": summary, "form": form}
        self._world.documents.put(ISSUES, key, issue)
        self._announce(issue, {"event": "requested"}, {})
        return issue

    def edit(self, issue: Document, form: Document) -> Document:
        """Change the form, as its requester would; the rule tells of it as of a new issue."""
        issue |= {"form": form, "updated": jira_time(self._world.clock.now())}
        self._world.documents.put(ISSUES, issue["key"], issue)
        self._announce(issue, {"event": "requested"}, {})
        return issue

    def comment(self, issue: Document, author: Person, body: Document, properties: list[Document]) -> Document:
        """A new comment; it is never changed."""
        number = count(self._world, "comment", 20_001)
        comment = new_comment(str(number), jira_time(self._world.clock.now()), author, body)
        comment |= {"properties": properties, "_issue": issue["key"]}
        self._world.documents.put(COMMENTS, comment["id"], comment)
        return comment

    def comments(self, issue: Document) -> list[Document]:
        """The comments of an issue, the oldest first."""
        found = self._world.primary().find(COMMENTS, "_issue", issue["key"])
        return sorted(found, key=lambda comment: int(comment["id"]))

    def move(self, issue: Document, transition: Transition, by: Person) -> Document:
        """Go along an edge that is open; a decision is announced to the app."""
        issue |= {"status": transition.target, "updated": jira_time(self._world.clock.now())}
        decision = _DECISIONS.get(transition.target)
        if decision is None:
            self._world.documents.put(ISSUES, issue["key"], issue)
            return issue
        made = {
            "number": len(issue["decisions"]) + 1,
            "decision": decision,
            "by": by.document(),
            "at": issue["updated"],
        }
        issue["decisions"].append(made)
        self._world.documents.put(ISSUES, issue["key"], issue)
        who = {"accountId": by.account_id, "email": by.email, "objectId": by.object_id}
        told = {"decision": decision, "decisionNumber": made["number"], "decidedBy": who, "decidedAt": made["at"]}
        self._announce(issue, {"event": "decided"} | told, {"status": issue["status"]})
        return issue

    def decide(self, issue: Document, decision: Decision, by: Person) -> Document:
        """Approve or decline, as a person would. Raises LookupError when the workflow does not allow it."""
        target = next(status for status, meaning in _DECISIONS.items() if meaning == decision)
        edge = next((edge for edge in open_transitions(issue) if edge.target == target), None)
        if edge is None:
            raise LookupError(
                f"{issue['key']} is in the status {issue['status']!r}, from which nothing leads to {target!r}"
            )
        return self.move(issue, edge, by)

    def reopen(self, issue: Document, by: Person) -> Document:
        """Have it decided on once more. Raises LookupError when the workflow does not allow it."""
        edge = next((edge for edge in open_transitions(issue) if edge.name == "Reopen"), None)
        if edge is None:
            raise LookupError(f"{issue['key']} is in the status {issue['status']!r}, and is not to be reopened")
        return self.move(issue, edge, by)

    def find(self, name: str) -> Document | None:
        """The issue with that key or id."""
        view = self._world.primary()
        return view.get(ISSUES, name) or next((one for one in view.all(ISSUES) if one["id"] == name), None)

    def all(self) -> list[Document]:
        """All issues, the oldest first."""
        return sorted(self._world.primary().all(ISSUES), key=lambda issue: int(issue["id"]))

    def _announce(self, issue: Document, event: Document, more: Document) -> None:
        """Tell of an issue with its form as it is now: what a decision is about goes along with it."""
        asker = {"creator": issue["creator"]["email"], "reporter": issue["reporter"]["email"]}
        told = {"key": issue["key"], "displayName": issue["summary"]} | asker | issue["form"] | more
        self._flow.announce("jira", issue["key"], event | {"issue": told})


def open_transitions(issue: Document) -> list[Transition]:
    """The edges that lead away from the issue's status."""
    return [edge for edge in TRANSITIONS if issue["status"] in edge.sources]
