"""Invariant 4, as a witness saw it: what others made is as they left it."""

from collections.abc import Callable, Hashable, Iterator

from doctor.evidence import Evidence, Seen
from doctor.finding import Finding, Invariant
from tests.witness.knowledge import Foreign


def touched(evidence: Evidence, foreign: Foreign) -> Iterator[Finding[Invariant]]:
    """Compare with what others had made before."""
    yield from _changed("application", foreign.applications, evidence.applications, lambda a: a.object_id, _name_of)
    yield from _changed("service principal", foreign.principals, evidence.principals, lambda p: p.object_id, _name_of)
    yield from _changed("vault secret", foreign.secrets, evidence.secrets, lambda s: (s.vault, s.name), _name_of)
    yield from _additions_gone(evidence, foreign)


def _changed[T](
    kind: str, before: tuple[T, ...], now: Seen[T], key: Callable[[T], Hashable], name: Callable[[T], str]
) -> Iterator[Finding[Invariant]]:
    if not now.is_whole or not before:
        return
    present = {key(each): each for each in now}
    for each in before:
        if present.get(key(each)) != each:
            yield _breach(name(each), f"this {kind} is somebody else's, and was changed or removed")


def _additions_gone(evidence: Evidence, foreign: Foreign) -> Iterator[Finding[Invariant]]:
    """Find what others added to apps of ours and is gone."""
    apps = {app.object_id: app for app in evidence.applications}
    if not evidence.applications.is_whole:
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
    if evidence.consents.is_whole:
        for consent in sorted(foreign.consents - set(evidence.consents), key=str):
            yield _breach(consent.principal_id, f"the consent {consent.name}, which somebody else gave, is gone")


def _name_of(each: object) -> str:
    return str(getattr(each, "name", None) or getattr(each, "display_name", each))


def _breach(about: str, what: str) -> Finding[Invariant]:
    advice = "Compare the directory's audit log with the operations of that time, and report a defect."
    return Finding(Invariant.UNTOUCHED, about, what, advice)
