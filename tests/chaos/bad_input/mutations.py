"""Valid requests, and what becomes of them: a value, a key or a whole branch changed, at any depth."""

import json
import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, cast

from tests.chaos.bad_input.texts import INJECTIONS, KNOWN_NAMES, LOOKALIKES, NO_NUMBERS, NUMBERS, nasty

_REPOSITORY = Path(__file__).parents[3]
_EXAMPLE: dict[str, Any] = json.loads((_REPOSITORY / "examples/azure-digital-twins.json").read_text(encoding="utf-8"))
_SCHEMA: dict[str, Any] = json.loads((_REPOSITORY / "schemas/registration-request.v1.json").read_text(encoding="utf-8"))
APPS = 4
"""Different uniqueNames among the valid requests of a unit: few, so that requests meet at the same app."""


class Verbatim(str):
    """Text that goes into the JSON as it is, such as a number that Python cannot hold."""

    __slots__ = ()


class Twice(dict[str, Any]):
    """An object whose members are written twice, the second time with the value `other`."""

    other: Any = None


type Place = tuple[Any, Any]
"""A container and the key or index of one value in it."""


def valid_request(request_id: str, app: int) -> dict[str, Any]:
    """Return a request that is valid and allowed; it uses every part of the contract."""
    made: dict[str, Any] = json.loads(json.dumps(_EXAMPLE))
    made |= {"requestId": request_id, "source": "queue", "owner": "ada@contoso.example"}
    made["application"] |= {
        "uniqueName": f"fuzz-{app}",
        "displayName": f"Fuzz {app}",
        "web": {
            "redirectUris": ["https://a.contoso.example/cb"],
            "implicitGrantSettings": {"enableIdTokenIssuance": False},
        },
        "spa": {"redirectUris": []},
    }
    return made


def mutated(dice: random.Random, request: dict[str, Any]) -> dict[str, Any]:
    """Change one to three things anywhere in the request."""
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        dice.choice(_MUTATIONS)(dice, request)
    return request


def injected(dice: random.Random, request: dict[str, Any]) -> dict[str, Any]:
    """Put the same bad text into every string, instead of it, before it or after it."""
    text, how = nasty(dice), dice.randrange(3)
    for container, key in list(_places(request)):
        value = container[key]
        if isinstance(value, str):
            container[key] = (text, text + value, value + text)[how]
    return request


def reaching(dice: random.Random, request: dict[str, Any]) -> dict[str, Any]:
    """Put bad text where the contract allows free text, so that it gets through to policy, tables, Graph and vault."""
    application, text = request["application"], dice.choice(INJECTIONS + LOOKALIKES).strip() or "x"
    match dice.randrange(6):
        case 0:
            application["displayName"] = text[:120]
        case 1:
            request["credentials"][0]["description"] = text[:50]
        case 2:
            application["apiPermissions"][0]["api"] = text[:120]
        case 3:
            application["apiPermissions"][0]["delegated"] = [text[:120]]
        case 4:
            application["web"]["redirectUris"] = [f"https://a.contoso.example/{text}"[:256]]
        case _:
            application["apiPermissions"][0]["application"] = [text[:120], "Application.ReadWrite.All"]
    return request


def looking_alike(dice: random.Random, request: dict[str, Any]) -> dict[str, Any]:
    """Use names that look like a known one: of the app, of a field, of an API, of a person."""
    match dice.randrange(4):
        case 0:
            request["application"]["uniqueName"] = dice.choice(LOOKALIKES)
        case 1:
            request["requestedBy"] = dice.choice(LOOKALIKES) + "@contoso.example"
        case 2:
            request["requestId"] += dice.choice(LOOKALIKES)
        case _:
            container, key = dice.choice([place for place in _places(request) if isinstance(place[1], str)])
            container[_disguised(dice, key)] = container.pop(key)
    return request


def spelled(dice: random.Random, value: object) -> str:
    """Write JSON, now and then with escapes, other white space, and members that stand twice."""
    ascii_only, space = dice.random() < 0.5, dice.choice(("", "", " ", "\n\t"))
    return _spell(value, ascii_only=ascii_only, space=space)


def _spell(value: Any, *, ascii_only: bool, space: str) -> str:
    again = partial(_spell, ascii_only=ascii_only, space=space)
    if isinstance(value, Verbatim):
        return str(value)
    if isinstance(value, dict):
        pairs = list(cast("dict[str, Any]", value).items())
        if isinstance(value, Twice):
            pairs += [(key, value.other) for key in value]
        return "{" + f",{space}".join(f"{again(key)}:{space}{again(item)}" for key, item in pairs) + "}"
    if isinstance(value, list):
        return "[" + f",{space}".join(map(again, cast("list[Any]", value))) + "]"
    return json.dumps(value, ensure_ascii=ascii_only)


def _replace(dice: random.Random, request: dict[str, Any]) -> None:
    container, key = _any_place(dice, request)
    container[key] = _other_value(dice, container[key])


def _remove(dice: random.Random, request: dict[str, Any]) -> None:
    container, key = _any_place(dice, request)
    del container[key]


def _add(dice: random.Random, request: dict[str, Any]) -> None:
    container = dice.choice([found for found in _containers(request) if isinstance(found, dict)])
    container[dice.choice((dice.choice(KNOWN_NAMES), nasty(dice)))] = _other_value(dice, "x")


def _rename(dice: random.Random, request: dict[str, Any]) -> None:
    named = [place for place in _places(request) if isinstance(place[1], str)]
    if named:
        container, key = dice.choice(named)
        container[_disguised(dice, key)] = container.pop(key)


def _double(dice: random.Random, request: dict[str, Any]) -> None:
    places = [(c, k) for c, k in _places(request) if isinstance(c[k], dict)]
    if not places:
        return
    container, key = dice.choice(places)
    twice = Twice(container[key] if dice.random() < 0.7 else {nasty(dice): 1})
    twice.other = _other_value(dice, "x") if dice.random() < 0.5 else next(iter(twice.values()), 1)
    container[key] = twice


def _wrap(dice: random.Random, request: dict[str, Any]) -> None:
    container, key = _any_place(dice, request)
    container[key] = dice.choice(([container[key]], {"value": container[key]}, json.dumps(container[key], default=str)))


def _repeat(dice: random.Random, request: dict[str, Any]) -> None:
    lists = [found for found in _containers(request) if isinstance(found, list) and found]
    if lists:
        chosen: list[Any] = dice.choice(lists)
        chosen *= dice.choice((2, 11, 51, 101))


def _swap(dice: random.Random, request: dict[str, Any]) -> None:
    (container, key), (other, other_key) = _any_place(dice, request), _any_place(dice, request)
    container[key], other[other_key] = json.loads(json.dumps(other[other_key])), json.loads(json.dumps(container[key]))


def _break_the_schema(dice: random.Random, request: dict[str, Any]) -> None:
    """Step over one limit that the published schema states, or stop just before it."""
    if not isinstance(request.get("application"), dict):
        return  # an earlier mutation was here
    application, name = request["application"], str(_SCHEMA["$defs"]["UniqueName"]["maxLength"])
    limits: list[tuple[dict[str, Any], str, Any]] = [
        (application, "uniqueName", "a" * (int(name) + dice.randrange(2))),
        (application, "displayName", "d" * dice.choice((0, 120, 121))),
        (
            application,
            "signInAudience",
            dice.choice(_SCHEMA["$defs"]["ApplicationSpec"]["properties"]["signInAudience"]["enum"]),
        ),
        (
            application,
            "apiPermissions",
            [{"api": f"API {n}", "delegated": ["A"] * 6} for n in range(dice.choice((17, 20, 21)))],
        ),
        (request, "requestId", str(request.get("requestId", "")).ljust(dice.choice((64, 65)), "r")),
        (request, "requestedBy", "r" * 254 + "@a.example"),
        (request, "schemaVersion", dice.choice(("0", "2", 1, "1 ", None))),
        (request, "action", dice.choice(("rotate", "delete", "Register", "register ", None))),
    ]
    container, key, value = dice.choice(limits)
    container[key] = value


_MUTATIONS: tuple[Callable[[random.Random, dict[str, Any]], None], ...] = (
    _replace, _replace, _replace, _remove, _add, _add, _rename, _double, _wrap, _repeat, _swap, _break_the_schema,
)  # fmt: skip


def _other_value(dice: random.Random, value: object) -> object:
    match dice.randrange(8):
        case 0 | 1 | 2:
            return nasty(dice)
        case 3:
            return Verbatim(dice.choice(NUMBERS))
        case 4:
            return Verbatim(dice.choice(NO_NUMBERS)) if dice.random() < 0.3 else dice.choice((True, False, None))
        case 5:
            forms: tuple[Any, ...] = (
                {"value": "Yes"},
                [{"value": "180"}],
                {"type": "doc", "content": [], "version": 1},
            )
            shapes: tuple[Any, ...] = ([], {}, [[]], [None], {"": None}, [nasty(dice)], {nasty(dice): 1}, *forms)
            return dice.choice(shapes)
        case 6:
            return value + nasty(dice) if isinstance(value, str) else str(value)
        case _:
            return dice.choice((0, 1, "", "1", "true", 1.5))


def _disguised(dice: random.Random, key: str) -> str:
    cyrillic = key.replace("e", "\u0435")
    same_looking = (f" {key}", f"{key}\u200b", f"{key}\x00", f"{key}\ufe0f", f"{key}\n")
    return dice.choice((key.upper(), key.capitalize(), cyrillic, *same_looking))


def _any_place(dice: random.Random, request: dict[str, Any]) -> Place:
    if not request:
        request["x"] = "x"
    return dice.choice(list(_places(request)))


def _places(value: Any) -> Iterator[Place]:
    for container in _containers(value):
        for key in list(container) if isinstance(container, dict) else range(len(container)):
            yield container, key


def _containers(value: Any) -> Iterator[dict[str, Any] | list[Any]]:
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        yield members
        inner = list(members.values())
    elif isinstance(value, list):
        inner = cast("list[Any]", value)
        yield inner
    else:
        return
    for each in inner:
        yield from _containers(each)
