"""Invariant 4: what we did not make is never touched."""

from collections.abc import Callable, Hashable, Iterator

from doctor.breach import Breach, Invariant
from doctor.evidence import MANAGED_BY, Seen
from doctor.invariants.case import Case

_ADVICE = "Compare the directory's audit log with the operations of that time, and report a defect."


def touched(case: Case) -> Iterator[Breach]:
    """Compare with what was there before, as far as a witness remembers it; find foreign secrets that we wrote to."""
    yield from _objects(case)
    yield from _parts_of_ours(case)
    for secret in case.evidence.secrets:
        # People may set versions of ours by hand; the registrar writes to no secret that is not its own.
        if secret.is_ours and secret.versions[0].tags.get("managedBy") != MANAGED_BY:
            yield _breach(secret.name, "the registrar wrote to this vault secret, which somebody else made")


def _objects(case: Case) -> Iterator[Breach]:
    foreign, evidence = case.watched.foreign, case.evidence
    yield from _changed("application", foreign.applications, evidence.applications, lambda a: a.object_id, _name_of)
    yield from _changed("service principal", foreign.principals, evidence.principals, lambda p: p.object_id, _name_of)
    yield from _changed("vault secret", foreign.secrets, evidence.secrets, lambda s: (s.vault, s.name), _name_of)


def _changed[T](
    kind: str, before: tuple[T, ...], now: Seen[T], key: Callable[[T], Hashable], name: Callable[[T], str]
) -> Iterator[Breach]:
    if not now.is_whole or not before:
        return
    there = {key(each): each for each in now}
    for each in before:
        if there.get(key(each)) != each:
            yield _breach(name(each), f"this {kind} is somebody else's, and was changed or removed")


def _parts_of_ours(case: Case) -> Iterator[Breach]:
    foreign, apps = case.watched.foreign, {app.object_id: app for app in case.evidence.applications}
    if not case.evidence.applications.is_whole:
        return
    for object_id, key_id in sorted(foreign.passwords):
        app = apps.get(object_id)
        if app is None or all(credential.key_id != key_id for credential in app.credentials):
            yield _breach(app.name if app else object_id, f"the credential {key_id}, which somebody else made, is gone")
    for added in sorted(foreign.redirect_uris, key=lambda each: (each.object_id, each.uri)):
        app = apps.get(added.object_id)
        if app is None or added.uri not in app.redirect_uris:
            about = app.name if app else added.object_id
            yield _breach(about, f"the redirect URI {added.uri}, which somebody else added, is gone")
    if case.evidence.consents.is_whole:
        for consent in sorted(foreign.consents - set(case.evidence.consents), key=str):
            yield _breach(consent.principal_id, f"the consent {consent.name}, which somebody else gave, is gone")


def _name_of(each: object) -> str:
    return str(getattr(each, "name", None) or getattr(each, "display_name", each))


def _breach(about: str, what: str) -> Breach:
    return Breach(Invariant.UNTOUCHED, about, what, _ADVICE)
