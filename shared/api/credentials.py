"""Managed credentials that expire soon, page by page, from the due index.

A credential is due before it expires, so one that expires within some days is listed under one of those days at the
latest. The end of a page travels with the caller, as an opaque cursor bound to its query.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal, cast

from pydantic import Field

from shared.contract.answer import AnswerModel, Moment
from shared.contract.query import invalid_limit, unknown_parameters
from shared.core.errors import Problem, RejectedError
from shared.core.naming import vault_secret_name
from shared.ports import DueEntry, DueIndex, DuePlace, day_of

MOST_DAYS = 730
USUAL_DAYS = 30
MOST_ITEMS = 500
USUAL_ITEMS = 100
_MOST_ROWS = 5_000
"""Rows of the index read for one page, whether they match or not: five requests to Table Storage."""
_CURSOR_LIFETIME = timedelta(days=1)
"""An older cursor is not accepted."""
_DAYS = re.compile(r"([1-9][0-9]{0,3})d", re.ASCII)
_LIMIT = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)
_PLACE = re.compile(r"[0-9a-f-]{8,16} [a-z0-9-]{1,127}", re.ASCII)
_LONGEST_PLACE = 512
_KNOWN = ("expiringWithin", "limit", "after")


@dataclass(frozen=True)
class Question:
    """A query: what expires within `days` of `as_of`, at most `limit` items, after a place."""

    days: int
    limit: int
    as_of: datetime
    after: DuePlace | None = None

    @property
    def until(self) -> datetime:
        """The latest expiry that is asked for."""
        return self.as_of + timedelta(days=self.days)


@dataclass(frozen=True)
class Page:
    """Some of the credentials, and the next page's place; None if these were the last."""

    items: tuple[DueEntry, ...]
    following: DuePlace | None


class ListedCredential(AnswerModel):
    """A managed credential that expires, where clients read it, and when it is due for its replacement."""

    unique_name: str
    credential: str
    key_vault_secret_name: str
    due: Moment
    expires: Moment | None


class CredentialPage(AnswerModel):
    """Some of the managed credentials that expire. `nextLink` is there while there may be more."""

    as_of: Moment
    source: Literal["index"] = "index"
    expiring_until: Moment
    items: tuple[ListedCredential, ...]
    next_link: str | None = Field(default=None, exclude_if=lambda link: link is None)


def parse_question(parameters: Mapping[str, str], now: datetime) -> Question:
    """Read the query of `GET /api/credentials`. Raises RejectedError with all its problems."""
    problems = unknown_parameters(parameters, _KNOWN)
    days = _number(_DAYS, parameters.get("expiringWithin", f"{USUAL_DAYS}d"), MOST_DAYS)
    if days is None:
        message = f"Give a number of days from 1d to {MOST_DAYS}d, for example expiringWithin=30d."
        problems.append(Problem("expiringWithin", "invalid_parameter", message))
    limit = _number(_LIMIT, parameters.get("limit", str(USUAL_ITEMS)), MOST_ITEMS)
    if limit is None:
        problems.append(invalid_limit(MOST_ITEMS, USUAL_ITEMS))
    as_of, after = now, None
    if "after" in parameters:
        found = _place(parameters["after"], days or 0, now)
        if found is None:
            message = (
                "Use the value from nextLink unchanged, with the same expiringWithin and within a day, or leave it "
                "out to start over."
            )
            problems.append(Problem("after", "invalid_parameter", message))
        else:
            as_of, after = found
    if problems or days is None or limit is None:
        raise RejectedError(problems)
    return Question(days, limit, as_of, after)


async def expiring(due: DueIndex, question: Question) -> Page:
    """Read one page. It may hold fewer items than asked for, even none, and still have a successor.

    Raises DeferredError when the index cannot be read, rather than returning none.
    """
    items: list[DueEntry] = []
    rows, last = 0, question.after
    async for place, entry in due.until(day_of(question.until), question.after):
        if len(items) == question.limit or rows == _MOST_ROWS:
            return Page(tuple(items), last)
        rows, last = rows + 1, place
        if entry.expires is not None and entry.expires <= question.until:
            items.append(entry)
    return Page(tuple(items), None)


def page_body(question: Question, page: Page, next_link: str | None) -> CredentialPage:
    """Return one page as the response's body."""
    items = tuple(
        ListedCredential(
            unique_name=entry.unique_name,
            credential=entry.credential,
            key_vault_secret_name=vault_secret_name(entry.unique_name, entry.credential),
            due=entry.at,
            expires=entry.expires,
        )
        for entry in page.items
    )
    return CredentialPage(as_of=question.as_of, expiring_until=question.until, items=items, next_link=next_link)


def place_text(question: Question, place: DuePlace) -> str:
    """Encode the end of a page, for `after`.

    The digest detects mistakes and mix-ups. It is no signature, and need not be one: a cursor only says where to resume
    an index that the caller may read from its beginning.
    """
    return _written(question.days, int(question.as_of.timestamp()), place.partition, place.row)


def _written(days: int, seconds: int, partition: str, row: str) -> str:
    body = [seconds, partition, row]
    return base64.urlsafe_b64encode(json.dumps([_digest(days, body), *body]).encode()).decode().rstrip("=")


def _place(text: str, days: int, now: datetime) -> tuple[datetime, DuePlace] | None:
    if len(text) > _LONGEST_PLACE:
        return None
    try:
        padded = text + "=" * (-len(text) % 4)
        decoded: Any = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        _, seconds, partition, row = cast("list[Any]", decoded)
    except (binascii.Error, ValueError, TypeError):
        return None
    if not isinstance(seconds, int) or not isinstance(partition, str) or not isinstance(row, str):
        return None
    if not 0 <= seconds <= now.timestamp() + 1:
        return None
    # Re-encoded, it has to be the same text, or it was changed.
    if _written(days, seconds, partition, row) != text or not _PLACE.fullmatch(f"{partition} {row}"):
        return None
    if now.timestamp() - seconds > _CURSOR_LIFETIME.total_seconds():
        return None
    return datetime.fromtimestamp(seconds, UTC), DuePlace(partition, row)


def _digest(days: int, body: list[Any]) -> str:
    return sha256(json.dumps([days, *body]).encode()).hexdigest()[:16]


def _number(pattern: re.Pattern[str], text: str, most: int) -> int | None:
    found = pattern.fullmatch(text)
    number = int(found[found.lastindex or 0]) if found is not None else 0
    return number if 1 <= number <= most else None
