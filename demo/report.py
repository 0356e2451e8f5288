"""The demo's report: the same lines in a terminal and in a file, so that long values can be copied."""

import json
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.text import Text

from demo.answer import Answer, Data
from demo.requester import Proof
from demo.rotation import Rotated
from demo.ticket import Form

_SYSTEMS = {"servicenow": "ServiceNow", "jira": "Jira"}
_STATES = {"3": "closed", "4": "closed, incomplete"}
"""Of an item in ServiceNow."""
_KINDS = {"Scope": "delegated", "Role": "application"}


def make_console() -> Console:
    """A console on standard output; colours only in a terminal."""
    return Console(highlight=False)


class Report:
    """Prints the demo's parts as they become known."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def note(self, text: str) -> None:
        """One line on what is happening."""
        self._console.print(Text(f"  … {text}", style="dim"), soft_wrap=True)

    def request(self, body: bytes) -> None:
        """What is asked, in a requester's words."""
        request = json.loads(body)
        app = request["application"]
        permissions = [
            f"{wish['api']}: {name} ({kind})"
            for wish in app.get("apiPermissions", [])
            for kind in ("delegated", "application")
            for name in wish.get(kind, [])
        ]
        credentials = [
            f"{credential['name']} ({credential['type']}, {credential['lifetimeDays']} days)"
            for credential in request.get("credentials", [])
        ]
        consent = " with admin consent" if app.get("adminConsent") else " without admin consent"
        self._section(
            f"Request: {request['action']}, request {request['requestId']}",
            ("requested by", request["requestedBy"]),
            ("name", f"{app['displayName']} ({app['uniqueName']})"),
            ("accounts", app["signInAudience"]),
            ("redirect URIs", ", ".join(_redirect_uris(app))),
            ("permissions", ", ".join(permissions) + consent),
            ("credentials", ", ".join(credentials)),
        )

    def form(self, form: Form) -> None:
        """What the form says."""
        rows = [(name.replace("_", " "), str(value)) for name, value in form.variables.items() if value]
        title = f"Form in {_SYSTEMS.get(form.system, form.system)}, ticket {form.number}"
        self._section(title, ("requested for", form.requested_for.email), *rows)

    def told(self, number: str, state: str, note: str) -> None:
        """What the ticket says in the end."""
        self._section(f"The ticket {number} is {_STATES.get(state, state)} and says")
        for line in note.splitlines():
            self._console.print(Text(f"  {line}"), soft_wrap=True)

    def answer(self, answer: Answer, *, repeated: bool) -> None:
        """The steps and the outcome; `repeated` when the answer was given to an earlier, identical message."""
        if repeated:
            self.note("already registered: the same request gets its recorded answer again, and nothing is changed")
        if answer.data.steps:
            self._steps(answer.data)
        if answer.completed:
            self._registered(answer.data)
        else:
            problems = [(p.code, f"{p.field}: {p.message}" if p.field else p.message) for p in answer.data.errors]
            self._section(f"Not registered: {answer.data.status}", *problems)

    def signed_in(self, proof: Proof) -> None:
        """The proof that the registration works."""
        self._section(
            "Signed in with the secret from Key Vault",
            ("as", proof.client_id),
            ("token for", proof.resource_uri),
            ("valid for", f"{proof.seconds / 60:.0f} minutes"),
        )

    def rotated(self, rotated: Rotated) -> None:
        """The rotation, as its clients lived through it."""
        self._section(
            "Replaced by the registrar before it expired",
            (
                "sign-ins meanwhile",
                f"{rotated.sign_ins}, with the newest version and with the old one, none refused",
            ),
            (
                "old version",
                f"{rotated.old_version}, no longer signs in: the overlap ended on {_moment(rotated.old_until)}",
            ),
            ("new version", f"{rotated.new_version}, expires {_moment(rotated.expires)}"),
        )

    def _steps(self, data: Data) -> None:
        rows = [(_moment(step.started), f"{step.seconds:8.3f} s  {step.name}") for step in data.steps]
        self._section("Steps, from the answer", *rows)

    def _registered(self, data: Data) -> None:
        rows = [
            ("client ID", data.client_id or ""),
            ("tenant ID", data.tenant_id or ""),
        ]
        for wish in data.api_permissions:
            rows.append(("resource", f"{wish.api} ({wish.resource_uri})"))
            rows += [
                (
                    "permission",
                    f"{permission.name} ({_KINDS.get(permission.type, permission.type)}): "
                    + ("consent granted" if permission.consented else "needs an administrator's consent"),
                )
                for permission in wish.permissions
            ]
        for credential in data.credentials:
            rows.append(("secret at", credential.key_vault_secret_uri))
            rows.append(("expires", _moment(credential.expires_on)))
        rows.append(("portal", data.portal_url or ""))
        self._section(f"Registered: {data.display_name}", *rows)

    def _section(self, title: str, *rows: tuple[str, str]) -> None:
        self._console.print()
        self._console.print(Text(title, style="bold"))
        width = max((len(label) for label, _ in rows), default=0)
        for label, value in rows:
            self._console.print(Text(f"  {label:{width}}", style="cyan"), Text(value), soft_wrap=True)


def _redirect_uris(app: dict[str, Any]) -> list[str]:
    kinds = {"publicClient": "public client", "web": "web", "spa": "single-page"}
    return [f"{uri} ({words})" for kind, words in kinds.items() for uri in app.get(kind, {}).get("redirectUris", [])]


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
