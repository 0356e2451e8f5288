"""What a ticket is told, in words: short, plain and complete. Pure.

Every value that came from a request, the directory or a service is defused where it enters a line.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.contract.answer import (
    Answer,
    AnswerData,
    AnsweredCredential,
    AnsweredError,
    AnsweredOthers,
    AnsweredPermission,
)
from shared.ticketing.defusing import defused

MAX_CHARACTERS = 3_900
"""A journal field of ServiceNow takes 4,000 (ServiceNow, "Journal field type"), a comment of Jira 32,767."""
_NAME, _SENTENCE, _MORE = 120, 700, 40
_TOLD = "The operators of the registrar have been told"
_FIRST = {
    "completed": "The app registration is ready.",
    "rejected": "The request was rejected. Please change the following and ask with a new request:",
    "failed": f"The request could not be served. {_TOLD} and keep it: please do not send it again. What stopped it:",
    "rotated": "A credential was replaced by a new one.",
    "rotation_rejected": "The new credential was refused. Please change the following and ask with a new request:",
    "rotation_failed": f"A credential could not be replaced. {_TOLD}. What stood in the way:",
    "expiring": f"A credential is about to expire and could not be replaced yet. {_TOLD}. What stands in the way:",
    "decision_void": "A decision in this ticket did not count. What is asked for waits as before: please look at it "
    "as the registrar's note shows it, and decide again.",
    "malformed": "This ticket's form could not be read as a request, so nothing was done. An earlier request of this "
    "ticket, if there is one, stays as it is. Please correct the following in the form and send it again:",
    "decision_malformed": "A decision in this ticket could not be read, so it does not count and nothing was decided. "
    "Please have the following corrected by whoever maintains the ticket's flow, and decide again:",
    "awaiting_approval": "The request waits for an approval, and this ticket is told what becomes of it. To approve:",
}


@dataclass(frozen=True)
class _Block:
    """Lines that belong together, of which as many are told as fit."""

    lines: Sequence[str]
    noun: str
    total: int

    def fitted(self, left: int) -> list[str]:
        """Return as many lines as fit, and how many are left out."""
        taken: list[str] = []
        for line in self.lines:
            if _size([*taken, line]) > left - _MORE:
                break
            taken.append(line)
        more = self.total - len(taken)
        return [*taken, f"…and {more} more {self.noun}."] if more else taken


def note_text(event: Answer, what: str, mark: str) -> str:
    """Write the note for an event; its last line is the mark. At most `MAX_CHARACTERS`."""
    lines = [_FIRST.get(what, f"News of the request: {defused(what, _NAME)}.")]
    last = ["", f"{utc(event.time)}", mark]
    for block in _blocks(event):
        left = MAX_CHARACTERS - _size([*lines, *last]) - 1
        fitted = block.fitted(left)
        lines += ["", *fitted] if fitted and left > _MORE else []
    return "\n".join([*lines, *last])


def utc(moment: datetime) -> str:
    """A moment as people read it."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _blocks(event: Answer) -> Iterable[_Block]:
    data = event.data
    errors = [_error(number, error) for number, error in enumerate(data.errors, 1)]
    if errors:
        yield _Block(errors, "errors", max(data.error_count, len(errors)))
    for lines in (_notes(data), _approval(data), _app(event), _rotation(data)):
        if lines:
            yield _Block(lines, "lines", len(lines))
    if data.credentials:
        first = (
            "Credentials (the values are in Key Vault only; to read one takes the role Key Vault Secrets User there):"
        )
        lines = [first, *(_credential(each) for each in data.credentials)]
        yield _Block(lines, "credentials", len(lines))
    if data.api_permissions:
        lines = [
            "Permissions:",
            *(_permission(api.api, each) for api in data.api_permissions for each in api.permissions),
        ]
        yield _Block(lines, "permissions", len(lines))
    if data.made_by_others:
        lines = ["Stays although it was not asked for, because others made it:", *map(_others, data.made_by_others)]
        yield _Block(lines, "things that stay", len(lines))


def _app(event: Answer) -> list[str]:
    data = event.data
    lines: list[str] = []
    if event.subject:
        shown = f"{defused(data.display_name, _NAME)} " if data.display_name else ""
        lines.append(f"Application: {shown}({event.subject})")
    if data.client_id:
        lines += [f"Client ID: {data.client_id}", f"Tenant ID: {data.tenant_id}"]
    if data.portal_url:
        lines.append(f"Portal: {data.portal_url}")
    return lines


def _notes(data: AnswerData) -> list[str]:
    return [f"Please note: {defused(each.message, _SENTENCE)} ({defused(each.code, _NAME)})" for each in data.notes]


def _error(number: int, error: AnsweredError) -> str:
    place = f"{defused(error.field, _NAME)}: " if error.field else ""
    return f"{number}. {place}{defused(error.message, _SENTENCE)} ({defused(error.code, _NAME)})"


def _approval(data: AnswerData) -> list[str]:
    approval = data.approval
    if approval is None:
        return []
    by = ["in this ticket"] if approval.by_ticket else []
    by += [f"with the app role {approval.role}"] if approval.role is not None else []
    return [
        f"Asked for by: {defused(approval.requested_by, _NAME)}",
        f"Who else may decide does so {' or '.join(by)}, until {utc(approval.expires_on)}.",
        f"A decision is about this very content, and has the binding {approval.binding}",
        *(["An earlier form of this ticket was replaced by this one."] if approval.replaces else []),
    ]


def _rotation(data: AnswerData) -> list[str]:
    rotation = data.rotation
    if rotation is None:
        return []
    lines = [f"Credential: {rotation.credential}", f"Reason: {defused(rotation.reason, 200)}"]
    if rotation.replaced_refused_since is not None:
        lines.append(f"The old one is refused since {utc(rotation.replaced_refused_since)}.")
    elif rotation.replaced_until is not None:
        lines.append(
            f"The old one works until {utc(rotation.replaced_until)}. Clients that read the newest version from Key "
            "Vault get the new one by themselves."
        )
    if rotation.issued_tokens_until is not None:
        lines.append(f"Tokens that were issued before may work until {utc(rotation.issued_tokens_until)}.")
    return lines


def _credential(each: AnsweredCredential) -> str:
    kind = "certificate" if each.type == "certificate" else "client secret"
    return f"- {defused(each.name, _NAME)}, a {kind}: {each.key_vault_secret_uri}, expires {utc(each.expires_on)}"


def _permission(api: str, each: AnsweredPermission) -> str:
    is_delegated = each.type == "Scope"
    if each.consented_by_others:
        consent = "consented before by somebody else, and stays when no request asks for it"
    elif each.consented:
        consent = "consented by an administrator"
    elif is_delegated:
        consent = "not consented yet: users or an administrator consent when they sign in"
    else:
        consent = "not consented yet: an administrator has to, in the portal"
    kind = "delegated" if is_delegated else "application"
    return f"- {defused(api, _NAME)}, {defused(each.name, _NAME)} ({kind}): {consent}"


def _others(each: AnsweredOthers) -> str:
    kinds = {
        "redirectUri": "redirect URI",
        "requiredPermission": "permission listed by the application",
        "delegatedPermission": "delegated permission, consented",
        "applicationPermission": "application permission, consented",
    }
    api = f"{defused(each.api, _NAME)}, " if each.api is not None else ""
    types = {"Scope": "delegated ", "Role": "application ", None: ""}
    return f"- {api}{defused(each.name, _NAME)} ({types[each.type]}{kinds[each.kind]})"


def _size(lines: Sequence[str]) -> int:
    return sum(len(line) + 1 for line in lines)
