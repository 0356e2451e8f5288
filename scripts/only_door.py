"""Have a tenant refuse new client secrets to everybody but the registrar: docs/only-door.md says why, and who may.

    python -m scripts.only_door TENANT_ID REGISTRAR_PRINCIPAL_ID            prints what it would do
    python -m scripts.only_door TENANT_ID REGISTRAR_PRINCIPAL_ID --apply    does it, and checks again

It reads first, changes only what is missing, and never loosens anything: existing restrictions keep their dates and
exemptions, and a shorter lifetime stays shorter. Exit code 0: everything is in place; 1: changes are needed; 2: they
cannot be made.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

from azure.core.credentials import TokenCredential
from azure.identity import DeviceCodeCredential, InteractiveBrowserCredential

GRAPH = "https://graph.microsoft.com/v1.0"
_CLIENT = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
"""Microsoft Graph Command Line Tools: a public client of Microsoft's that may request any delegated permission."""
_SCOPES = (
    "https://graph.microsoft.com/Policy.ReadWrite.ApplicationConfiguration",
    "https://graph.microsoft.com/CustomSecAttributeDefinition.ReadWrite.All",
    "https://graph.microsoft.com/CustomSecAttributeAssignment.ReadWrite.All",
    "https://graph.microsoft.com/Application.Read.All",
)
_POLICY = "/policies/defaultAppManagementPolicy"
_SECTIONS = ("applicationRestrictions", "servicePrincipalRestrictions")
_EXEMPTION = "#microsoft.graph.customSecurityAttributeStringValueExemption"
_MOST_EXEMPTIONS = 5
_DAYS = re.compile(r"P(\d+)D")

type Json = dict[str, Any]
type Call = Callable[[str, str, Json | None], tuple[int, Json]]
"""Calls Microsoft Graph: method, path after the version, body; returns status and body."""


class CannotBeDoneError(Exception):
    """Something prevents the change and needs a person's attention."""


@dataclass(frozen=True)
class Wanted:
    """The desired configuration."""

    principal_id: str
    attribute_set: str = "PolicyExemptions"
    attribute: str = "AppManagementExemption"
    value: str = "Registrar"
    days: int = 180
    since: str | None = None

    @property
    def exemption(self) -> Json:
        """The exemption, as a restriction names it."""
        identity = f"{self.attribute_set}_{self.attribute}"
        return {"@odata.type": _EXEMPTION, "id": identity, "operator": "equals", "value": self.value}


@dataclass(frozen=True)
class Step:
    """One change, in words and as a call."""

    what: str
    method: str
    path: str
    body: Json


def missing(call: Call, wanted: Wanted, only: str | None = None) -> Iterator[Step]:
    """Yield the missing changes in order; the exemption comes before what it exempts from."""
    if only != "policy":
        yield from _attribute(call, wanted)
        yield from _assignment(call, wanted)
    if only != "attribute":
        yield from _restrictions(_read(call, _POLICY), wanted)


def _attribute(call: Call, wanted: Wanted) -> Iterator[Step]:
    path = f"/directory/attributeSets/{wanted.attribute_set}"
    if _find(call, path) is None:
        body: Json = {"id": wanted.attribute_set, "description": "Exemptions from policies", "maxAttributesPerSet": 25}
        yield Step(f"make the attribute set {wanted.attribute_set}", "POST", "/directory/attributeSets", body)
    name = f"{wanted.attribute_set}_{wanted.attribute}"
    path = f"/directory/customSecurityAttributeDefinitions/{name}"
    found = _find(call, path)
    if found is None:
        body = {
            "attributeSet": wanted.attribute_set,
            "name": wanted.attribute,
            "description": "Callers that app management policies leave alone",
            "type": "String",
            "status": "Available",
            "isCollection": False,
            "isSearchable": True,
            "usePreDefinedValuesOnly": True,
            "allowedValues": [{"id": wanted.value, "isActive": True}],
        }
        yield Step(f"make the attribute {name}", "POST", "/directory/customSecurityAttributeDefinitions", body)
        return
    if (found.get("type"), found.get("isCollection"), found.get("status")) != ("String", False, "Available"):
        raise CannotBeDoneError(f"The attribute {name} is not an available single text. Name another with --attribute.")
    if not found.get("usePreDefinedValuesOnly"):
        return
    values = cast("list[Json]", _read(call, f"{path}/allowedValues").get("value") or [])
    if all(each["id"] != wanted.value for each in values):
        what = f"allow the value {wanted.value} for the attribute {name}"
        yield Step(what, "POST", f"{path}/allowedValues", {"id": wanted.value, "isActive": True})
    elif not all(each["isActive"] for each in values if each["id"] == wanted.value):
        raise CannotBeDoneError(
            f"The value {wanted.value} of the attribute {name} is inactive. Name another with --value."
        )


def _assignment(call: Call, wanted: Wanted) -> Iterator[Step]:
    path = f"/servicePrincipals/{wanted.principal_id}"
    principal = _read(call, f"{path}?$select=id,displayName,customSecurityAttributes")
    sets = cast("dict[str, Json | None]", principal.get("customSecurityAttributes") or {})
    if (sets.get(wanted.attribute_set) or {}).get(wanted.attribute) == wanted.value:
        return
    value = {"@odata.type": "#Microsoft.DirectoryServices.CustomSecurityAttributeValue", wanted.attribute: wanted.value}
    what = f"give {wanted.attribute} = {wanted.value} to the service principal {principal.get('displayName')}"
    yield Step(what, "PATCH", path, {"customSecurityAttributes": {wanted.attribute_set: value}})


def _restrictions(policy: Json, wanted: Wanted) -> Iterator[Step]:
    """Compare the tenant's policy. Graph replaces whole lists, so whole lists are sent."""
    changes, told = dict[str, Any](), list[str]()
    for section in _SECTIONS:
        known = cast("Json", policy.get(section) or {})
        lists: Json = {
            "passwordCredentials": _enforced(
                known.get("passwordCredentials"),
                [
                    *(_ban(name, wanted) for name in ("passwordAddition", "symmetricKeyAddition")),
                    *(_limit(name, wanted) for name in ("passwordLifetime", "symmetricKeyLifetime")),
                ],
            ),
            "keyCredentials": _enforced(known.get("keyCredentials"), [_limit("asymmetricKeyLifetime", wanted)]),
        }
        changed = {name: entries for name, entries in lists.items() if entries != (known.get(name) or [])}
        if changed:
            changes[section] = changed
            told += [f"{section}.{name}" for name in changed]
    if policy.get("isEnabled") is not True:
        changes["isEnabled"] = True
        others = sorted(_others(policy))
        told.append(f"isEnabled, which also puts into force {', '.join(others)}" if others else "isEnabled")
    if changes:
        yield Step(f"change the tenant's app management policy: {', '.join(told)}", "PATCH", _POLICY, changes)


_OURS = frozenset(
    {"passwordAddition", "symmetricKeyAddition", "passwordLifetime", "symmetricKeyLifetime", "asymmetricKeyLifetime"}
)


def _others(policy: Json) -> set[str]:
    """Name the other restrictions that enabling the policy would put into force."""
    found = set[str]()
    for section in (cast("Json", policy.get(name) or {}) for name in _SECTIONS):
        lists = [cast("list[Json]", section.get(name) or []) for name in ("passwordCredentials", "keyCredentials")]
        found |= {each["restrictionType"] for entries in lists for each in entries if each.get("state") != "disabled"}
        uris = cast("dict[str, Json | None]", section.get("identifierUris") or {})
        found |= {name for name, each in uris.items() if each is not None and each.get("state") != "disabled"}
    return found - _OURS


def _ban(name: str, wanted: Wanted) -> Json:
    actors = {"customSecurityAttributes": [wanted.exemption]}
    return {
        "restrictionType": name,
        "state": "enabled",
        "restrictForAppsCreatedAfterDateTime": wanted.since,
        "excludeActors": actors,
    }


def _limit(name: str, wanted: Wanted) -> Json:
    return {
        "restrictionType": name,
        "state": "enabled",
        "maxLifetime": f"P{wanted.days}D",
        "restrictForAppsCreatedAfterDateTime": wanted.since,
    }


def _enforced(known: list[Json] | None, wanted: Sequence[Json]) -> list[Json]:
    """Return a list with these restrictions in force; existing ones stay at least as strict."""
    entries = {entry["restrictionType"]: entry for entry in known or []}
    for restriction in wanted:
        name = restriction["restrictionType"]
        there = entries.get(name)
        entries[name] = restriction if there is None else _stricter(there, restriction)
    return list(entries.values())


def _stricter(there: Json, wanted: Json) -> Json:
    """Return a restriction in force: with its own date and exemptions, ours added, and the shorter lifetime."""
    merged = dict(there)
    if there.get("state") not in (None, "enabled"):
        date = "restrictForAppsCreatedAfterDateTime"
        merged |= {"state": "enabled", date: wanted[date]}
    if "maxLifetime" in wanted and _days(wanted["maxLifetime"]) < _days(there.get("maxLifetime")):
        merged["maxLifetime"] = wanted["maxLifetime"]
    if "excludeActors" in wanted:
        actors = cast("Json", there.get("excludeActors") or {})
        exemptions = cast("list[Json]", actors.get("customSecurityAttributes") or [])
        (ours,) = wanted["excludeActors"]["customSecurityAttributes"]
        if all((each.get("id"), each.get("value")) != (ours["id"], ours["value"]) for each in exemptions):
            if len(exemptions) >= _MOST_EXEMPTIONS:
                raise CannotBeDoneError(
                    f"{there['restrictionType']} already has {_MOST_EXEMPTIONS} exemptions. Remove one by hand."
                )
            merged["excludeActors"] = {"customSecurityAttributes": [*exemptions, ours]}
    return merged


def _days(lifetime: object) -> int:
    found = _DAYS.fullmatch(str(lifetime))
    if found is None:
        raise CannotBeDoneError(f"The lifetime {lifetime} is not a number of whole days. Set it by hand.")
    return int(found[1])


def _find(call: Call, path: str) -> Json | None:
    status, body = call("GET", path, None)
    if status == 404:
        return None
    if status != 200:
        raise CannotBeDoneError(
            f"Microsoft Graph answered {status} to GET {path}: {json.dumps(body.get('error', body))}"
        )
    return body


def _read(call: Call, path: str) -> Json:
    found = _find(call, path)
    if found is None:
        raise CannotBeDoneError(f"Microsoft Graph has nothing at {path}.")
    return found


def run(call: Call, wanted: Wanted, *, apply: bool, only: str | None = None) -> int:
    """Print what is missing; with `apply`, do it and check again. Return the exit code."""
    try:
        for step in missing(call, wanted, only):
            print(f"{'Do' if apply else 'Would do'}: {step.what}")
            print(json.dumps(step.body, indent=2))
            if apply:
                status, body = call(step.method, step.path, step.body)
                if status not in (200, 201, 204):
                    raise CannotBeDoneError(f"Microsoft Graph answered {status}: {json.dumps(body.get('error', body))}")
        left = list(missing(call, wanted, only))
        if only == "policy":
            print(f"Not checked: whether the service principal {wanted.principal_id} has the value {wanted.value}.")
    except CannotBeDoneError as reason:
        print(reason, file=sys.stderr)
        return 2
    if not left:
        print("Everything is set up. Now set registrar_is_exempt = true under [tenant] in policy.toml, and deploy.")
        return 0
    if apply:
        print("Done, but Microsoft Graph does not show all of it yet. Run this again in a few minutes.")
    else:
        print("Nothing was changed. Run this with --apply to do it.")
    return 1


def calls(credential: TokenCredential) -> Call:
    """Return a function that makes calls as the signed-in user."""
    import httpx

    client = httpx.Client(timeout=30)

    def call(method: str, path: str, body: Json | None) -> tuple[int, Json]:
        headers = {"Authorization": f"Bearer {credential.get_token(*_SCOPES).token}"}
        answer = client.request(method, f"{GRAPH}{path}", json=body, headers=headers)
        return answer.status_code, cast("Json", answer.json()) if answer.content else {}

    return call


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line, sign in, and run."""
    parser = argparse.ArgumentParser(prog="python -m scripts.only_door", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("tenant_id")
    parser.add_argument("principal_id", help="object id of the registrar's service principal")
    parser.add_argument("--apply", action="store_true", help="do it; without this option, only say what would be done")
    parser.add_argument(
        "--only", choices=("attribute", "policy"), help="do one part only, if two people have the roles"
    )
    parser.add_argument("--days", type=int, default=180, help="longest lifetime of secrets and certificates")
    parser.add_argument(
        "--since", help="apply new restrictions to apps created from this moment on (2027-01-01T00:00:00Z)"
    )
    parser.add_argument("--attribute-set", default=Wanted.attribute_set)
    parser.add_argument("--attribute", default=Wanted.attribute)
    parser.add_argument("--value", default=Wanted.value)
    parser.add_argument(
        "--device-code", action="store_true", help="sign in on another device, if there is no browser here"
    )
    given = parser.parse_args(arguments)
    wanted = Wanted(
        given.principal_id, given.attribute_set, given.attribute, given.value, days=given.days, since=given.since
    )
    kind = DeviceCodeCredential if given.device_code else InteractiveBrowserCredential
    credential = kind(client_id=_CLIENT, tenant_id=given.tenant_id)
    return run(calls(credential), wanted, apply=given.apply, only=given.only)


if __name__ == "__main__":
    sys.exit(main())
