"""What is told of each kind of event: from records and answers, never a secret's value; pure.

accepted             a request may be served; noted before its record is written
settled              an operation's generation ended; noted before anybody is told
credential_removed   a credential was taken out of the directory
replayed             a failed operation begins a new generation
decided              somebody approved or refused a request; noted before it is carried out
decision_refused     somebody tried to decide, and it did not count; noted before they are told
anchor_foreign       somebody else wrote a blob among the anchors; noted before today's end is anchored beside it
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
    """Tell that a request became an operation. Its hash binds the whole request, which the record keeps."""
    what: Facts = {**what_was_asked(operation), "replaces": operation.replaces}
    return make_entry(Kind.ACCEPTED, [operation.id], at, who=who_asked(operation), what=what, ids={})


def settled(operation: Operation, at: datetime) -> Entry:
    """Tell how a generation of an operation ended, and with which ids."""
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
    """Tell that a failed operation is tried again, as the generation it has now. Who had that done, no key says."""
    what: Facts = {**what_was_asked(operation), "generation": operation.generation}
    return make_entry(Kind.REPLAYED, [operation.id, str(operation.generation)], at, who={}, what=what, ids={})


def decided(operation: Operation, approval: Approval, decision: ApprovalDecision, at: datetime) -> Entry:
    """Tell who approved or refused a request, by which way, and what exactly it was about."""
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
    """Tell who tried to decide about a request, and why that did not count; `decider` tells people apart.

    One entry for each operation, decider and reason: whoever tries all day fills no record.
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
    """Tell that a credential left the directory; `version` is the vault's that held its value."""
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
    """Tell that somebody else wrote a blob among the anchors. Who, storage's own logs know."""
    created = utc_text(kept.created)
    what: Facts = {"anchor": kept.name, "created": created, "reason": why}
    return make_entry(Kind.ANCHOR_FOREIGN, [kept.name, created], at, who={}, what=what, ids={})


def who_asked(operation: Operation) -> Facts:
    """Name the people of a request, as its sender did."""
    request = operation.request
    owner = request.owner if isinstance(request, RegistrationRequest) else None
    # An object id that anybody could name would look as if it were known.
    is_said = operation.came_by is Channel.QUEUE
    known = {"owner": owner, "requestedByObjectId": None if is_said else request.requested_by_object_id}
    return {"requestedBy": request.requested_by, **{name: it for name, it in known.items() if it is not None}}


def what_was_asked(operation: Operation) -> Facts:
    """Identify an operation and its request."""
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
    """List where each credential lies; of an operation that did not come to its end, those it knows to be stored."""
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
