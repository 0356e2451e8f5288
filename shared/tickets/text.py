"""Texts of the notes in tickets: short, plain and complete. Pure.

Every value from a request, the directory or a service is defused where it is inserted into a line.
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
from shared.tickets.sanitizing import defused

MAX_CHARACTERS = 3_900
"""A ServiceNow journal field takes 4,000 (ServiceNow, "Journal field type"), a Jira comment 32,767."""
_NAME, _SENTENCE, _MORE = 120, 700, 40
_TOLD = "The operators of the registrar are informed"
FIRST = {
    "completed": "The app registration is ready.",
    "rejected": "The request is rejected. Please change the following and send a new request:",
    "failed": f"The request has failed. {_TOLD} and can run it again: please do not send it again. The cause:",
    "rotated": "A credential is replaced by a new one.",
    "rotation_rejected": "The request for a new credential is rejected. Please change the following and send a new "
    "request:",
    "rotation_failed": f"A credential could not be replaced. {_TOLD}. The cause:",
    "expiring": f"A credential expires soon and could not be replaced yet. {_TOLD}. The cause:",
    "decision_void": "A decision in this ticket does not count. The request still waits: please look at it as the "
    "registrar's latest note shows it, and decide again.",
    "malformed": "This ticket's form could not be read as a request, so nothing was done. An earlier request of this "
    "ticket, if there is one, stays as it is. Please correct the following in the form and send it again:",
    "decision_malformed": "A decision in this ticket could not be read, so it does not count and nothing was decided. "
    "Please have the following corrected by whoever maintains the ticket's flow, and decide again:",
    "awaiting_approval": "The request waits for an approval. This ticket will show the result. What needs approval:",
}


@dataclass(frozen=True)
class _Block:
    """Lines that belong together, of which as many are included as fit."""

    lines: Sequence[str]
    noun: str
    total: int

    def fitted(self, left: int) -> list[str]:
        """Return as many lines as fit, followed by the number omitted."""
        taken: list[str] = []
        for line in self.lines:
            if _size([*taken, line]) > left - _MORE:
                break
            taken.append(line)
        more = self.total - len(taken)
        return [*taken, f"…and {more} more {self.noun}."] if more else taken


def note_text(event: Answer, what: str, mark: str) -> str:
    """Return the note for an event, at most `MAX_CHARACTERS`; its last line is the mark."""
    lines = [FIRST.get(what, f"The request has news: {defused(what, _NAME)}.")]
    last = ["", f"{utc(event.time)}", mark]
    for block in _blocks(event):
        left = MAX_CHARACTERS - _size([*lines, *last]) - 1
        fitted = block.fitted(left)
        lines += ["", *fitted] if fitted and left > _MORE else []
    return "\n".join([*lines, *last])


def utc(moment: datetime) -> str:
    """Format a time for people."""
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
            "Credentials (the values are only in Key Vault; to read one, you need the role Key Vault Secrets User "
            "there):"
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
        lines = [
            "Others added the following before. It stays, although the request does not ask for it:",
            *map(_others, data.made_by_others),
        ]
        yield _Block(lines, "things that stay", len(lines))


def _app(event: Answer) -> list[str]:
    data = event.data
    lines: list[str] = []
    if event.subject:
        shown = f"{defused(data.display_name, _NAME)} " if data.display_name else ""
        lines.append(f"Application: {shown}({event.subject})")
    if data.client_id:
        lines += [f"Client ID: {data.client_id}", f"Tenant ID: {data.tenant_id}"]
    lines += [f"Redirect URI with its client ID: {defused(each, _SENTENCE)}" for each in data.filled_redirect_uris]
    if data.portal_url:
        lines.append(f"Portal: {data.portal_url}")
    return lines


def _notes(data: AnswerData) -> list[str]:
    return [f"Please note: {defused(each.message, _SENTENCE)} ({defused(each.code, _NAME)})" for each in data.notes]


def _error(number: int, error: AnsweredError) -> str:
    named = error.label or error.field
    # Omitted if the sentence itself names the field.
    is_said = not named or f"'{named}'" in error.message
    place = "" if is_said else f"{defused(named, _NAME)}: "
    return f"{number}. {place}{defused(error.message, _SENTENCE)} ({defused(error.code, _NAME)})"


def _approval(data: AnswerData) -> list[str]:
    approval = data.approval
    if approval is None:
        return []
    by = ["in this ticket"] if approval.by_ticket else []
    by += [f"with the app role {approval.role}"] if approval.role is not None else []
    return [
        f"Requested by: {defused(approval.requested_by, _NAME)}",
        f"Somebody other than the requester decides {' or '.join(by)}, until {utc(approval.expires_on)}.",
        f"A decision applies to exactly this content, whose binding is {approval.binding}",
        *(["This form replaces an earlier form of this ticket."] if approval.replaces else []),
    ]


def _rotation(data: AnswerData) -> list[str]:
    rotation = data.rotation
    if rotation is None:
        return []
    lines = [f"Credential: {rotation.credential}", f"Reason: {defused(rotation.reason, 200)}"]
    if rotation.replaced_refused_since is not None:
        lines.append(
            "The old credential has stopped working: sign-ins with it have been refused since "
            f"{utc(rotation.replaced_refused_since)}."
        )
    elif rotation.replaced_until is not None:
        lines.append(
            f"The old credential works until {utc(rotation.replaced_until)}. Clients that read the newest version from "
            "Key Vault get the new one automatically."
        )
    if rotation.issued_tokens_until is not None:
        lines.append(f"Tokens that were issued with it before may work until {utc(rotation.issued_tokens_until)}.")
    return lines


def _credential(each: AnsweredCredential) -> str:
    kind = "certificate" if each.type == "certificate" else "client secret"
    state = ", disabled" if each.disabled else ""
    return (
        f"- {defused(each.name, _NAME)}, a {kind}: {each.key_vault_secret_uri}, expires {utc(each.expires_on)}{state}"
    )


def _permission(api: str, each: AnsweredPermission) -> str:
    is_delegated = each.type == "Scope"
    if each.consented_by_others:
        consent = "consented to by somebody else before; this consent stays when requests no longer ask for it"
    elif each.consented:
        consent = "admin consent is given"
    elif is_delegated:
        consent = "not consented to yet: users or an administrator consent at sign-in"
    else:
        consent = "not consented to yet: an administrator has to consent in the portal"
    kind = "delegated" if is_delegated else "application"
    return f"- {defused(api, _NAME)}, {defused(each.name, _NAME)} ({kind}): {consent}"


def _others(each: AnsweredOthers) -> str:
    kinds = {
        "redirectUri": "redirect URI",
        "requiredPermission": "permission that the application lists",
        "delegatedPermission": "delegated permission with consent",
        "applicationPermission": "application permission with consent",
    }
    api = f"{defused(each.api, _NAME)}, " if each.api is not None else ""
    types = {"Scope": "delegated ", "Role": "application ", None: ""}
    return f"- {api}{defused(each.name, _NAME)} ({types[each.type]}{kinds[each.kind]})"


def _size(lines: Sequence[str]) -> int:
    return sum(len(line) + 1 for line in lines)
