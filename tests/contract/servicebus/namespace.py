"""The namespace as the control plane sees it, and what a test does to it."""

import json
from datetime import datetime
from pathlib import Path

import httpx

from devstack.azurite import REPOSITORY
from devstack.config import ManagedIdentity
from devstack.doubles.servicebus.access import NAMESPACES
from tests.devstack.doubles.local import Local

OWNER, SENDER, RECEIVER = (f"Azure Service Bus Data {role}" for role in ("Owner", "Sender", "Receiver"))


class BusControl:
    """What is in the namespace, who may do what in it, what time it is there and what goes wrong."""

    def __init__(self, local: Local) -> None:
        self._world = local.world
        self._http = httpx.Client(base_url=local.control, trust_env=False)

    def counts(self, entity: str) -> dict[str, int]:
        """How many messages an entity holds, by state; states without any are left out."""
        found: dict[str, int] = self._http.get("/bus").raise_for_status().json()[entity]
        return {state: count for state, count in found.items() if count}

    def held(self, entity: str) -> int:
        """How many messages an entity holds."""
        return sum(self.counts(entity).values())

    def clear(self) -> None:
        """Remove all messages."""
        self._http.delete("/bus").raise_for_status()

    def now(self) -> datetime:
        """The time on the stack clock."""
        return self._world.clock.now()

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._http.post("/clock", json={"advanceSeconds": seconds}).raise_for_status()

    def disturb(self, kind: str, **details: object) -> None:
        """Have the next calls go wrong that the details say."""
        self._http.post("/faults", json={"service": "servicebus", "kind": kind, **details}).raise_for_status()

    def is_calm(self) -> bool:
        """Return whether everything has gone wrong that was to go wrong."""
        return not self._http.get("/faults").raise_for_status().json()

    def let(self, identity: ManagedIdentity, role: str | None) -> None:
        """Give an identity one role on the namespace, or none, in the place of all that it had."""
        (namespace,) = self._world.primary().scan(NAMESPACES)
        others = [kept for kept in namespace["roleAssignments"] if kept["principalId"] != identity.object_id]
        own = [{"principalId": identity.object_id, "roleDefinitionName": role}] if role else []
        self._world.documents.put(NAMESPACES, namespace["name"], namespace | {"roleAssignments": others + own})

    def close(self) -> None:
        """Close the connection to the control plane."""
        self._http.close()


def write_entities(folder: Path) -> Path:
    """A file with the product's entities and those of these tests."""
    found = [
        json.loads(file.read_text())
        for file in (REPOSITORY / "infra" / "bus.json", Path(__file__).parent / "entities.json")
    ]
    merged = {kind: found[0][kind] | found[1][kind] for kind in ("queues", "topics")}
    file = folder / "entities.json"
    file.write_text(json.dumps(merged))
    return file
