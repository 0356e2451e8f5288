"""New issues and comments; `now` is as Jira writes it."""

from devstack.doubles.documents import Document
from devstack.doubles.ticketing.people import Person


def new_issue(number: str, key: str, now: str, reporter: Person, creator: Person) -> Document:
    """An issue that waits for approval."""
    return {
        "id": number,
        "key": key,
        "summary": "",
        "status": "Waiting for approval",
        "creator": creator.document(),
        "reporter": reporter.document(),
        "created": now,
        "updated": now,
        "form": {},
        "decisions": [],
    }


def new_comment(number: str, now: str, author: Person, body: Document) -> Document:
    """A comment without properties."""
    return {
        "id": number,
        "author": author.document(),
        "body": body,
        "created": now,
        "properties": [],
    }
