"""Builds the audit entry of each kind of event from records and answers, never with a secret's value. Pure.

accepted             a request may be served; noted before its record is written
settled              an operation's generation ended; noted before its answer is sent
credential_removed   a credential was removed from the directory
replayed             a failed operation begins a new generation
decided              a request was approved or refused; noted before that is carried out
decision_refused     a decision did not count; noted before its author is told
anchor_foreign       a blob among the anchors is not ours; noted before today's end is anchored beside it
"""

from datetime import datetime
from enum import StrEnum

from shared.contract.answer import AnswerData, AnsweredCredential
from shared.contract.request import RegistrationRequest
from shared.core.naming import OWN_SOURCE
from shared.core.text import utc_text
from shared.model.approval import Approval, ApprovalDecision, Outcome, Way
from shared.model.audit_anchor import KeptAnchor
from shared.model.audit_entry import Entry, Fact, Facts, Kind, make_entry
from shared.model.channel import Channel
from shared.model.operation import Operation


class Removal(StrEnum):
    """Why a credential was removed."""

    OVERLAP_ENDED = "overlap_ended"
    REVOKED = "revoked"
    VALUE_LOST = "value_lost"
    NEVER_PROMOTED = "never_promoted"
    ROLLED_BACK = "rolled_back"


def accepted(operation: Operation, at: datetime) -> Entry:
    """Build the entry for a request that became an operation. Its hash covers the whole request, which is stored."""
    what: Facts = {**what_was_asked(operation), "replaces": operation.replaces}
    return make_entry(Kind.ACCEPTED, [operation.id], at, who=who_asked(operation), what=what, ids={})


def settled(operation: Operation, at: datetime) -> Entry:
    """Build the entry for the end of an operation's generation, with the resulting ids."""
    answer = operation.answer
    if answer is None:
        raise ValueError(f"operation {operation.id} is not settled")
    data = answer.data
    outcome: Facts = {
        **what_was_asked(operation),
        "generation": operation.generation,
        "status": data.status.value,
        "reason": operation.reason,
        "errors": [error.code for error in data.errors] or None,
        "replacedBy": operation.replaced_by.operation_id if operation.replaced_by is not None else None,
    }
    ids: Facts = {
        "answerId": answer.id,
        "clientId": data.client_id,
        "objectId": data.object_id,
        "servicePrincipalId": data.service_principal_id,
        "credentials": _credentials(operation, data) or None,
        "consented": _consented(data) or None,
        "replacedKeyId": data.rotation.replaced_key_id if data.rotation is not None else None,
    }
    key = [operation.id, str(operation.generation)]
    return make_entry(Kind.SETTLED, key, at, who=who_asked(operation), what=outcome, ids=ids)


def replayed(operation: Operation, at: datetime) -> Entry:
    """Build the entry for a replay, with the new generation. Names no person: a function key identifies nobody."""
    what: Facts = {**what_was_asked(operation), "generation": operation.generation}
    return make_entry(Kind.REPLAYED, [operation.id, str(operation.generation)], at, who={}, what=what, ids={})


def decided(operation: Operation, approval: Approval, decision: ApprovalDecision, at: datetime) -> Entry:
    """Build the entry for a decision: who approved or refused a request, how, and what exactly it was about."""
    who: Facts = {
        **who_asked(operation),
        "decidedBy": decision.decided_by,
        "decidedByObjectId": decision.decided_by_object_id,
    }
    what: Facts = {
        **what_was_asked(operation),
        "outcome": decision.outcome,
        "way": decision.way,
        "reason": decision.reason,
        "decidedAt": utc_text(decision.at),
        "binding": approval.binding,
        "needed": [each.code for each in approval.reasons],
    }
    return make_entry(
        Kind.DECIDED, [operation.id, decision.id], at, who=who, what=what, ids={"decisionId": decision.id}
    )


def decision_refused(
    operation: Operation,
    code: str,
    at: datetime,
    *,
    decider: str,
    way: Way,
    outcome: Outcome | None,
    decided_by: str | None,
    decided_by_object_id: str | None,
    client_id: str | None,
) -> Entry:
    """Build the entry for a decision that did not count, and why; `decider` tells people apart.

    There is one entry for each operation, decider and reason, so that repeated attempts cannot flood the record.
    """
    approval = operation.approval
    who: Facts = {
        **who_asked(operation),
        "decidedBy": decided_by,
        "decidedByObjectId": decided_by_object_id,
        "decidedByClientId": client_id,
    }
    what: Facts = {
        **what_was_asked(operation),
        "outcome": outcome,
        "way": way,
        "code": code,
        "binding": approval.binding if approval is not None else None,
    }
    return make_entry(Kind.DECISION_REFUSED, [operation.id, way, decider, code], at, who=who, what=what, ids={})


def credential_removed(
    unique_name: str,
    key_id: str,
    why: Removal,
    at: datetime,
    *,
    object_id: str,
    secret_name: str,
    version: str | None = None,
    operation: Operation | None = None,
) -> Entry:
    """Build the entry for a credential removed from the directory; `version` is the vault version with its value."""
    asked = operation is not None
    what: Facts = {
        "uniqueName": unique_name,
        "reason": why.value,
        "operationId": operation.id if asked else None,
        "requestId": operation.request.request_id if asked else None,
        "source": operation.request.source if asked else OWN_SOURCE,
    }
    ids: Facts = {"objectId": object_id, "keyId": key_id, "vaultSecretName": secret_name, "vaultVersion": version}
    who: Facts = who_asked(operation) if asked else {}
    return make_entry(Kind.CREDENTIAL_REMOVED, [unique_name, key_id], at, who=who, what=what, ids=ids)


def anchor_foreign(kept: KeptAnchor, why: str, at: datetime) -> Entry:
    """Build the entry for a foreign blob among the anchors. Its author is in the storage account's own logs."""
    created = utc_text(kept.created)
    what: Facts = {"anchor": kept.name, "created": created, "reason": why}
    return make_entry(Kind.ANCHOR_FOREIGN, [kept.name, created], at, who={}, what=what, ids={})


def who_asked(operation: Operation) -> Facts:
    """Return the people of a request, as named by its sender."""
    request = operation.request
    owner = request.owner if isinstance(request, RegistrationRequest) else None
    # An unverified object id would look verified.
    is_said = operation.came_by is Channel.QUEUE
    known = {"owner": owner, "requestedByObjectId": None if is_said else request.requested_by_object_id}
    return {"requestedBy": request.requested_by, **{name: it for name, it in known.items() if it is not None}}


def what_was_asked(operation: Operation) -> Facts:
    """Return the facts that identify an operation and its request."""
    request = operation.request
    content = request.content_hash()
    return {
        "operationId": operation.id,
        "channel": operation.channel,
        "source": request.source,
        "requestId": request.request_id,
        "action": request.action,
        "uniqueName": operation.unique_name,
        "ticket": operation.ticket,
        "requestHash": operation.body_hash,
        "contentHash": content if content != operation.body_hash else None,
    }


def _credentials(operation: Operation, data: AnswerData) -> list[Fact]:
    """List each credential's location; for an operation that did not complete, those known to be stored."""
    if data.credentials:
        return [_credential(each) for each in data.credentials]
    stored = ((name, made) for name, made in operation.credentials.items() if made.key_id and made.version)
    return [{"name": name, "keyId": made.key_id, "vaultVersion": made.version} for name, made in stored]


def _credential(answered: AnsweredCredential) -> Fact:
    return {
        "name": answered.name,
        "type": answered.type,
        "keyId": answered.key_id,
        "vaultSecretName": answered.key_vault_secret_uri.rpartition("/")[2],
        "vaultVersion": answered.key_vault_secret_version,
    }


def _consented(data: AnswerData) -> list[Fact]:
    return [
        {"resourceAppId": api.resource_app_id, "id": permission.id, "name": permission.name, "type": permission.type}
        | ({"byOthers": True} if permission.consented_by_others else {})
        for api in data.api_permissions
        for permission in api.permissions
        if permission.consented
    ]
