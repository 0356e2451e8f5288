"""Policy's limits per person: requests per day, apps, credentials.

Only additions are checked: an owner who is above a limit, for example because it was lowered, can keep and change what
they have. With several concurrent requests of one owner, one or two more may get through.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from shared.contract.request import Request
from shared.core import log
from shared.core.errors import Problem
from shared.core.runtime import Runtime
from shared.model.channel import Channel
from shared.model.person import Person
from shared.model.person_key import requester_key
from shared.operations.attempt import Attempt
from shared.operations.counts import count_once
from shared.people.search import Search
from shared.policy.ownership import Standing
from shared.ports import RequestCounts, day_of

_RACES = 20


@dataclass(frozen=True, kw_only=True)
class DailyLimit:
    """The limit on requests per person and day (UTC)."""

    runtime: Runtime
    counts: RequestCounts
    most: int | None

    async def count(self, channel: Channel, request: Request) -> Problem | None:
        """Count a new request on its requester's day; return a problem if the day's limit was already reached.

        A request is counted once, however often its message is delivered. Raises BusyError if other requests of the
        same requester keep being counted.
        """
        most = self.most
        if most is None:
            return None
        person, today = requester_key(request, channel), day_of(self.runtime.now())
        mark = sha256(f"{channel}\n{request.source}\n{request.request_id}".encode()).hexdigest()[:12]
        if await count_once(
            self.counts,
            person,
            today,
            mark,
            lambda marks: len(marks) < most,
            races=_RACES,
            busy="too many requests of one requester arrive at once",
        ):
            return None
        log.warning("limits.too_many_requests", source=request.source, most=most)
        return _too_many_today(most)


async def excesses(attempt: Attempt, standing: Standing, new: Sequence[str]) -> list[Problem]:
    """Return a problem for each limit that a request's new app or `new` credentials would exceed for the app's owner.

    An administrator may exceed limits; that is logged.
    """
    limits, owner, unique_name = attempt.policy.limits, standing.owner_after, attempt.operation.unique_name
    is_new = not standing.exists
    if owner is None or not (is_new or new) or (limits.apps_per_owner, limits.credentials_per_owner) == (None, None):
        return []
    others = [each for each in await attempt.ports.applications.owned_by(owner) if each.unique_name != unique_name]
    problems: list[Problem] = []
    if is_new and limits.apps_per_owner is not None and len(others) >= limits.apps_per_owner:
        problems.append(_too_many_apps(limits.apps_per_owner))
    kept = sum(len(each.lifetimes) for each in others) + len({*attempt.application.lifetimes, *new})
    if new and limits.credentials_per_owner is not None and kept > limits.credentials_per_owner:
        problems.append(_too_many_credentials(limits.credentials_per_owner))
    if problems and (standing.administers or await _is_administrator(attempt, standing.requester)):
        codes = [problem.code for problem in problems]
        log.warning("limits.exceeded_by_administrator", app=unique_name, codes=codes)
        return []
    return problems


async def _is_administrator(attempt: Attempt, person: Person) -> bool:
    return await Search(attempt.ports.people).is_administrator(person, attempt.policy.administrators)


def _too_many_today(most: int) -> Problem:
    message = (
        f"You have sent {most} requests today (UTC), which is the limit per day. Send this request again tomorrow, or "
        "ask the registrar's administrators to raise the limit."
    )
    return Problem("requestedBy", "too_many_requests_today", message)


def _too_many_apps(most: int) -> Problem:
    message = (
        f"The app's owner already has {most} apps or more, which is the limit per owner. Use one of those apps, or ask "
        "an administrator of the registrar to send this request."
    )
    return Problem("application.uniqueName", "too_many_apps", message)


def _too_many_credentials(most: int) -> Problem:
    message = (
        f"With this request the app's owner has more than {most} credentials in all apps, which is the limit per "
        "owner. Ask for fewer credentials, or ask an administrator of the registrar to send this request."
    )
    return Problem("credentials", "too_many_credentials", message)
