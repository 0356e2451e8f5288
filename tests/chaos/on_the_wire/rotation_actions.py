"""What becomes of credentials that exist: they are replaced, revoked, looked after and retired."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from tests.chaos.on_the_wire.action import Base, ask, request_id
from tests.chaos.on_the_wire.points import Route
from tests.chaos.on_the_wire.recorded_stack import RecordedStack
from tests.chaos.on_the_wire.waiting import NotReachedError
from tests.e2e.driver import request, rotation

_CREDENTIAL, _QUEUE = "client-secret", "credential-rotations"
CERTIFICATE: dict[str, Any] = {"name": "client-certificate", "type": "certificate"}
_MAKES_PAIR: Route = ("keyvault", "POST /certificates/{name}/create")
_SETTLED_SECONDS = 600
"""After so long nothing rests on a read within the lag window."""
_OVERLAP_SECONDS = 25 * 3600
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def hint(app: str, **changes: Any) -> str:
    """A message that names a credential."""
    return json.dumps({"schemaVersion": "1", "uniqueName": app, "credential": _CREDENTIAL} | changes)


def register(stack: RecordedStack, apps: Sequence[str], **credential: Any) -> None:
    """Have apps registered, and let the lag window pass."""
    bodies = [request(request_id(app), app) for app in apps]
    for body in bodies:
        body["credentials"][0] |= credential
    ask(stack, *bodies)
    stack.advance(_SETTLED_SECONDS)


class Rotate(Base):
    """A new secret that the owner asks for."""

    name = "rotate"

    def prepare(self, stack: RecordedStack, apps: Sequence[str]) -> None:
        """Register the apps."""
        register(stack, apps)

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Send the request."""
        stack.send(rotation(self.final(app), app))

    def final(self, app: str) -> str:
        """The rotation has an id of its own."""
        return request_id(app, "rotate")


class Revoke(Rotate):
    """The same, and the old secret goes at once."""

    name = "revoke"
    since: Route | None = ("graph", "POST /applications/{id}/removePassword")

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Send the request; its deadline is far off, so that what clients read signs in all the time."""
        stack.send(rotation(self.final(app), app, revokePrevious={"within": "P1D"}))


class RegisterCertificate(Base):
    """A first registration with a certificate: what comes before that is as with a secret."""

    name = "register-certificate"
    since: Route | None = _MAKES_PAIR

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Send the request."""
        body = request(request_id(app), app)
        body["credentials"][0] |= CERTIFICATE
        stack.send(body)


class RotateCertificate(Rotate):
    """A new certificate that the owner asks for."""

    name = "rotate-certificate"
    since: Route | None = _MAKES_PAIR

    def prepare(self, stack: RecordedStack, apps: Sequence[str]) -> None:
        """Register the apps."""
        register(stack, apps, **CERTIFICATE)

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Send the request."""
        stack.send(rotation(self.final(app), app, credential=CERTIFICATE["name"]))


class Replace(Base):
    """A secret that somebody took out of the directory, and that the registrar replaces by itself."""

    name = "replace"

    def prepare(self, stack: RecordedStack, apps: Sequence[str]) -> None:
        """Register the apps, and remove their secrets by hand."""
        register(stack, apps)
        for app in apps:
            (there,) = stack.driver.applications(app)
            for password in there["passwordCredentials"]:
                stack.driver.remove_password(there["id"], password["keyId"])
        stack.advance(_SETTLED_SECONDS)

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Send the message that the nightly check sends."""
        stack.put(_QUEUE, hint(app, askDirectory=True))

    def is_done(self, stack: RecordedStack, app: str) -> bool:
        """Whether the registrar's own operation has been completed, and its event was sent."""
        row = stack.own_record(app)
        if row is None:
            return False
        if row["state"] in ("rejected", "failed"):
            raise NotReachedError(f"the rotation of {app} is {row['state']}: {row['reason']}")
        return row["state"] == "completed"

    def leave(self, stack: RecordedStack, apps: Sequence[str]) -> None:
        """Have the others replaced, too: the vault holds what does not sign in."""
        for app in apps:
            self.begin(stack, app)


class Retire(Base):
    """The end of an overlap: the old secret goes."""

    name = "retire"
    credential = _CREDENTIAL

    def prepare(self, stack: RecordedStack, apps: Sequence[str]) -> None:
        """Rotate the secrets of all apps, and lose the index, so that no sweep comes first."""
        register(stack, apps, overlapDays=1)
        self.let_overlaps_end(stack, apps)

    def let_overlaps_end(self, stack: RecordedStack, apps: Sequence[str]) -> None:
        """Rotate, and let nobody see that the overlaps are over."""
        ask(stack, *(rotation(request_id(app, "rotate"), app, credential=self.credential) for app in apps))
        for app in apps:
            stack.forget_due(app)
        stack.advance(_OVERLAP_SECONDS)
        stack.wait_until_quiet()

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Send a message that names it."""
        stack.put(_QUEUE, hint(app, credential=self.credential))

    def is_done(self, stack: RecordedStack, app: str) -> bool:
        """Whether it stands in the index again, as the last thing that is done."""
        return bool(stack.due_days(app))

    def leave(self, stack: RecordedStack, apps: Sequence[str]) -> None:
        """Send the messages of the others: no sweep would, their rows are lost."""
        for app in apps:
            self.begin(stack, app)


class RetireCertificate(Retire):
    """The end of an overlap: the old certificate leaves the list."""

    name = "retire-certificate"
    since: Route | None = ("graph", "GET /applications/{id}")
    credential = CERTIFICATE["name"]

    def prepare(self, stack: RecordedStack, apps: Sequence[str]) -> None:
        """Rotate the certificates of all apps, and lose the index, so that no sweep comes first."""
        register(stack, apps, overlapDays=1, **CERTIFICATE)
        self.let_overlaps_end(stack, apps)


class Sweep(Base):
    """A row of the index that is wrong: a sweep sends a message for it, which puts it right."""

    name = "sweep"
    together = 1
    own = frozenset[Route]({("table", "GET due()")})

    def prepare(self, stack: RecordedStack, apps: Sequence[str]) -> None:
        """Register the apps."""
        register(stack, apps)

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Put the wrong row there, and let the timer's next moment come."""
        name = f"{app}--{_CREDENTIAL}"
        partition = f"{_LONG_AGO:%Y%m%d}-{sha256(name.encode()).hexdigest()[0]}"
        columns = {"uniqueName": app, "credential": _CREDENTIAL, "at": _LONG_AGO}
        stack.list_due(partition, name, columns)
        stack.advance(3600)

    def is_done(self, stack: RecordedStack, app: str) -> bool:
        """Whether the row stands under the day on which the secret is due, and nowhere else."""
        days = stack.due_days(app)
        return len(days) == 1 and days[0] > f"{stack.now():%Y%m%d}"


class Check(Base):
    """A row of the index that was lost: the nightly check compares all of it with the vault, and puts the row back."""

    name = "check"
    together = 1

    def prepare(self, stack: RecordedStack, apps: Sequence[str]) -> None:
        """Register the apps."""
        register(stack, apps)

    def begin(self, stack: RecordedStack, app: str) -> None:
        """Lose the row, and send the message by which a check goes on."""
        stack.forget_due(app)
        stack.put(_QUEUE, json.dumps({"schemaVersion": "1", "checkIndex": [0, 1, 0, 0], "from": None}))

    def is_done(self, stack: RecordedStack, app: str) -> bool:
        """Whether the app stands in the index again."""
        return bool(stack.due_days(app))
