"""Parses Graph's app management policies into restrictions. Pure, and tolerant: what cannot be parsed is skipped.

The tenant's policy and an app's own have different shapes (Microsoft Learn, tenantAppManagementPolicy and
customAppManagementConfiguration). Unknown restriction types are also left to Graph's own response.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from shared.policy.tenant import Restriction, Restrictions

type Json = Mapping[str, Any]

_DURATION = re.compile(
    r"P(?=.)(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,9})(?:\.\d+)?S)?)?"
)
"""Years and months have no fixed length."""
_NOTHING: Restrictions = {}


def restrictions_of(tenant: object, own: Sequence[object]) -> Restrictions:
    """Return the restrictions on an app: those of its own policy if it has one, else the tenant's.

    Microsoft's documents differ on what an app's own policy does not mention: "doesn't inherit from the tenant default
    policy" (Entra), or "falls back to the tenant default policy's behavior" (Graph). So it is left to Graph's response.
    """
    if not own:
        policy = _object(tenant)
        section = _object(policy.get("applicationRestrictions"))
        return _read(section, section) if policy.get("isEnabled") is True else _NOTHING
    policy = _object(own[0])
    section = _object(policy.get("restrictions"))
    is_clear = len(own) == 1 and policy.get("isEnabled") is True
    return _read(section, _object(section.get("applicationRestrictions"))) if is_clear else _NOTHING


def _read(credentials: Json, application: Json) -> Restrictions:
    found = [*_of_credentials(credentials), *_of_the_application(application)]
    return {each.name: each for each in found}


def _of_credentials(section: Json) -> Iterator[Restriction]:
    for kind in ("passwordCredentials", "keyCredentials"):
        for entry in _list(section.get(kind)):
            name = _object(entry).get("restrictionType")
            if isinstance(name, str):
                yield from _restriction(name, _object(entry))


def _of_the_application(section: Json) -> Iterator[Restriction]:
    for kind in ("audiences", "redirectUris"):
        for name, entry in _object(section.get(kind)).items():
            yield from _restriction(name, _object(entry))


def _restriction(name: str, entry: Json) -> Iterator[Restriction]:
    """Parse one restriction; yield nothing if it is off, or if its state, date or lifetime cannot be parsed."""
    if not entry or entry.get("state") not in (None, "enabled"):
        return
    since, maximum = entry.get("restrictForAppsCreatedAfterDateTime"), entry.get("maxLifetime")
    moment, lifetime = _moment(since), _duration(maximum)
    is_limit = name.endswith("Lifetime")
    if (since is not None and moment is None) or (is_limit and lifetime is None):
        return
    yield Restriction(name, moment, lifetime if is_limit else None, _exempts(entry.get("excludeActors")), entry)


def _exempts(actors: object) -> bool:
    """Return whether any caller may be exempt, including by unknown kinds of exemption."""
    if isinstance(actors, dict):
        return any(_object(cast("object", actors)).values())
    return actors is not None


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None


def _duration(value: object) -> timedelta | None:
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    return timedelta(**{unit: int(number) for unit, number in found.groupdict("0").items()}) if found else None


def _object(value: object) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
