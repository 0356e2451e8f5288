"""What happens to the registrar in one run: requests of every kind, and what others do in the portal meanwhile."""

import json
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from typing import Any

from shared.model.directory import ApplicationState
from tests.fakes.world import World, example

FOREIGN_APP = "payroll"
DELETED_SECRET = "app-2--deleted"
CERTIFICATE = "certificate"
_REDIRECTS = (
    "http://localhost",
    "http://localhost:8400",
    "https://app.contoso.example/a",
    "https://app.contoso.example/b",
)
_CREDENTIALS = (
    ["client-secret"],
    ["client-secret"],
    ["client-secret"],
    ["client-secret", "second"],
    ["client-secret", "second"],
    ["client-secret", "taken"],
    ["client-secret", "deleted"],
    ["client-secret", CERTIFICATE],
    ["client-secret", CERTIFICATE, "second-certificate"],
)
_PEOPLE = ("ada@contoso.example",) * 8 + ("grace@contoso.example", "mallory@contoso.example")
_TWINS = {"api": "Azure Digital Twins", "delegated": ["Read.Write"], "application": []}
_GRAPH = {"api": "Microsoft Graph", "delegated": ["User.Read"], "application": []}
_FORBIDDEN = (
    {"api": "Microsoft Graph", "delegated": [], "application": ["Application.ReadWrite.All"]},
    {"api": "Microsoft Graph", "delegated": [], "application": ["User.Read.All"]},
)


def requests(draw: Random) -> Iterator[bytes]:
    """Three to six apps with one to three changes each, some sent twice, some wrong."""
    number = 0
    for app in range(draw.randint(3, 6)):
        for _ in range(draw.choice((1, 1, 2, 3))):
            number += 1
            request = _change(draw, f"app-{app}", number)
            body = json.dumps(request).encode()
            yield body
            if draw.random() < 0.3:
                yield body
            if draw.random() < 0.3:
                yield json.dumps(_narrowed(draw, request)).encode()
            if draw.random() < 0.1:
                yield json.dumps(_renamed(request, "another body, same id")).encode()
    for rotation in range(draw.choice((0, 1, 3))):
        body = json.dumps(_rotation(draw, f"app-{draw.randint(0, 3)}", rotation)).encode()
        yield body
        if draw.random() < 0.2:
            yield body
    yield json.dumps(_change(draw, FOREIGN_APP, number + 1)).encode()
    if draw.random() < 0.5:
        wrong = _change(draw, "app-0", number + 2)
        wrong["application"]["apiPermissions"] = [draw.choice(_FORBIDDEN)]
        yield json.dumps(wrong).encode()
    if draw.random() < 0.5:
        yield draw.choice(
            (b"\xff\x00", b"{}", b'{"requestId": "R1", "application": {"uniqueName": "app-1"}}', b"[" * 99)
        )


def after_days(draw: Random) -> Iterator[bytes]:
    """One more change to the first apps, when the shortest secrets may have expired; one names another owner."""
    for app in range(2):
        request = _change(draw, f"app-{app}", 90 + app)
        yield json.dumps(request | ({"owner": _PEOPLE[-1]} if app else {})).encode()


def set_up(world: World) -> None:
    """What was there before the registrar came: another's application, others' secrets under names of ours."""
    state = ApplicationState(display_name="Payroll", sign_in_audience="AzureADMyOrg", tags=frozenset({"finance"}))
    world.directory.put_foreign(FOREIGN_APP, state)
    world.vault.put("app-1--taken", "by-hand", world.clock.now(), {"team": "finance"})
    world.vault.put(DELETED_SECRET, "by-hand", world.clock.now(), {"team": "finance"})
    world.vault.delete(DELETED_SECRET)
    # Long ago: a name that somebody else takes within the lag cannot be seen by anybody.
    world.clock.advance(timedelta(hours=1))


def _change(draw: Random, unique_name: str, number: int) -> dict[str, Any]:
    names = draw.choice(_CREDENTIALS)
    days = draw.choice((1, 90))
    credentials = [_credential(name, number, days) for name in names]
    request = example(requestId=f"R{number:04}", requestedBy=draw.choice(_PEOPLE), credentials=credentials)
    if draw.random() < 0.2:
        request["owner"] = draw.choice(_PEOPLE)
    uris = [uri for uri in _REDIRECTS[:2] if draw.random() < 0.5]
    request["application"] |= {
        "uniqueName": unique_name,
        "displayName": f"Change {number}",
        "publicClient": {"redirectUris": uris, "allowPublicClientFlows": draw.random() < 0.5},
        "web": {"redirectUris": [uri for uri in _REDIRECTS[2:] if draw.random() < 0.5]},
        "apiPermissions": draw.choice(([], [_TWINS], [_GRAPH], [_TWINS, _GRAPH])),
    }
    consent = draw.random()
    request["application"]["adminConsent"] = consent < 0.6
    if consent > 0.8:
        del request["application"]["adminConsent"]
    return request


def _narrowed(draw: Random, request: dict[str, Any]) -> dict[str, Any]:
    """The same app with less, and a redirect URI in the place of another: what was given before has to go."""
    application = request["application"]
    uris = [uri for uri in _REDIRECTS[2:] if uri not in application["web"]["redirectUris"]]
    choices: tuple[dict[str, Any], ...] = (
        {"adminConsent": False},
        {"apiPermissions": application["apiPermissions"][:1]},
        {"apiPermissions": []},
        {"publicClient": {"redirectUris": [], "allowPublicClientFlows": False}},
    )
    less = draw.choice(choices)
    narrowed = application | {"web": {"redirectUris": uris}} | less
    return request | {"requestId": f"{request['requestId']}-less", "application": narrowed}


def _credential(name: str, number: int, days: int) -> dict[str, Any]:
    kind = (
        {"type": "certificate", "lifetimeDays": 90} if CERTIFICATE in name else {"type": "secret", "lifetimeDays": days}
    )
    return {"name": name, "description": f"for {number}", **kind}


def _rotation(draw: Random, unique_name: str, number: int) -> dict[str, Any]:
    request: dict[str, Any] = {
        "schemaVersion": "1",
        "requestId": f"T{number:04}",
        "action": "rotate",
        "requestedBy": draw.choice(_PEOPLE),
        "application": {"uniqueName": unique_name},
        "credential": draw.choice(("client-secret", "client-secret", "second", CERTIFICATE)),
        "reason": "asked for",
    }
    if draw.random() < 0.4:
        request["revokePrevious"] = {"within": draw.choice(("PT0S", "PT10M", "PT6H"))}
    return request


def _renamed(request: dict[str, Any], name: str) -> dict[str, Any]:
    return request | {"application": request["application"] | {"displayName": name}}
