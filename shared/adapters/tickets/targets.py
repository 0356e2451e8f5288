"""Targets for ticket updates: the sources of ticketing.toml that this deployment's settings configure."""

from collections.abc import Callable, Mapping
from datetime import datetime

import httpcore

from shared.adapters.tickets.http import TicketHttp, basic
from shared.adapters.tickets.jira import Jira
from shared.adapters.tickets.servicenow import ServiceNow
from shared.adapters.tickets.webhook import Hook
from shared.intake.sources import Source, Ticketing, TicketingError
from shared.ports import Target
from shared.tickets.addresses import Destination, WrongUrlError, destination
from shared.tickets.configuration import GenericUpdates, JiraUpdates, ServiceNowUpdates, Updates


def build_targets(
    ticketing: Ticketing,
    settings: Mapping[str, str],
    connect: Callable[[], httpcore.AsyncConnectionPool],
    now: Callable[[], datetime],
) -> dict[str, Target]:
    """Wire the systems whose URL is set. `settings` are those that ticketing.toml names, secrets included.

    `connect` is called once, and only if there is such a system. Raises TicketingError naming every forbidden URL.
    """
    wanted = [(each, each.updates) for each in ticketing.sources if each.updates and settings.get(each.updates.url)]
    if not wanted:
        return {}
    faults: list[str] = []
    places: list[tuple[Source, Updates, Destination]] = []
    for source, updates in wanted:
        try:
            places.append((source, updates, destination(settings[updates.url])))
        except WrongUrlError as error:
            faults.append(f"{updates.url}: {error}")
    if faults:
        raise TicketingError("; ".join(faults))
    pool = connect()
    return {source.name: _target(pool, source.name, updates, place, settings, now) for source, updates, place in places}


def _target(
    pool: httpcore.AsyncConnectionPool,
    name: str,
    updates: Updates,
    place: Destination,
    settings: Mapping[str, str],
    now: Callable[[], datetime],
) -> Target:
    events = frozenset[str](updates.events)
    match updates:
        case ServiceNowUpdates():
            http = TicketHttp(pool, place, name, basic(settings[updates.user], settings[updates.password]))
            return Target(ServiceNow(http, updates), events, frozenset[str](updates.states))
        case JiraUpdates():
            http = TicketHttp(pool, place, name, basic(settings[updates.user], settings[updates.token]))
            return Target(Jira(http, updates), events, frozenset[str](updates.transitions))
        case GenericUpdates():
            hook = Hook(TicketHttp(pool, place, name), [settings[each] for each in updates.secrets], now)
            return Target(hook, events, needs_ticket=False, shows_notes=False)
