"""What tests of approvals share: a policy with a third group, requests that fall into it, and decisions."""

import json
from typing import Any

from shared.api.approvals import ApprovalBody
from shared.api.requests import Named
from shared.approval.messages import DecisionMessage
from shared.core.callers import APPROVER, Caller, Holder
from shared.model.approval import Outcome
from shared.model.operation import Operation, State
from shared.policy.policy_file import ApprovalRules, CredentialRules, PermissionsToApprove, Policy
from tests.fakes.people import ADA, GRACE
from tests.fakes.world import World, example
from tests.policies import opened_policy

GRAPH = "Microsoft Graph"
RULES = ApprovalRules(
    unique_names=(".*-prod",),
    audiences=("AzureADMultipleOrgs",),
    lifetime_days=180,
    permissions=(PermissionsToApprove(api=GRAPH, delegated=("Mail.*", "Mail.Send"), application=("User.Read.All",)),),
)


def policy(rules: ApprovalRules = RULES, **changes: Any) -> Policy:
    """The repository's policy, with this third group."""
    longest = CredentialRules(max_lifetime_days=365)
    return opened_policy().model_copy(update={"approval": rules, "credentials": longest, **changes})


def asking(**changes: Any) -> dict[str, Any]:
    """A request of Ada's, from ServiceNow, for a name that needs approval."""
    application = example()["application"] | {"uniqueName": "adt-client-prod"}
    known = {"requestedByObjectId": ADA, "source": "servicenow", "ticket": "RITM0010042"}
    return example(application=application) | known | changes


def operation(world: World) -> Operation:
    """The one operation there is."""
    (found,) = world.operations.all()
    return found


def binding(world: World) -> str:
    """What a decision has to name at this moment."""
    approval = operation(world).approval
    assert approval is not None
    return approval.binding


async def say(
    world: World,
    decision: str,
    who: str = GRACE,
    bound_to: str | None = None,
    reason: str = "",
    holder: Holder = Holder.PERSON,
    source: str = "servicenow",
) -> Operation | None:
    """Decide over HTTP, as far as it is ours."""
    body = ApprovalBody.model_validate({"decision": decision, "binding": bound_to or binding(world), "reason": reason})
    caller = Caller(object_id=who, client_id="c", roles=frozenset({APPROVER}), holder=holder)
    return await world.registrar.callers_decisions.decide(Named(source, "RITM0010042"), caller, body)


async def tell(world: World, outcome: Outcome, **changes: Any) -> None:
    """Have the ticket's decision about what waits arrive by its queue, made just now."""
    every = [each for each in world.operations.all() if each.replaced_by is None]
    waiting = [each for each in every if each.state is State.AWAITING_APPROVAL] or every
    message = DecisionMessage.model_validate(
        {
            "source": "servicenow",
            "request_id": "RITM0010042",
            "decision_id": "approval-1",
            "ticket": "RITM0010042",
            "outcome": outcome,
            "decided_by": "grace@contoso.example",
            "decided_by_object_id": GRACE,
            "decided_at": world.clock.now(),
            "content": waiting[0].request.content_hash() if waiting else None,
            "received_at": world.clock.now(),
        }
        | changes
    )
    await world.queues.send_decision(message.to_json())


def written(world: World) -> bool:
    """Return whether anything was made in the directory or the vault."""
    return bool(world.directory.applications or world.vault.secrets)


def awaiting_events(world: World) -> list[dict[str, Any]]:
    """The events that ask for a decision, each as often as it was sent."""
    return [each for each in world.queues.events if each["type"] == "registrar.registration.awaiting_approval.v1"]


def codes(answer: dict[str, Any]) -> list[str]:
    """The codes of an answer's errors."""
    return [each["code"] for each in json.loads(json.dumps(answer))["data"]["errors"]]


async def waiting(
    request: dict[str, Any] | None = None, rules: ApprovalRules = RULES, *, may_look: bool = True
) -> World:
    world = World(policy(rules))
    world.people.allowed = may_look
    await world.send(request or asking())
    await world.settle()
    assert operation(world).state is State.AWAITING_APPROVAL
    assert not written(world)
    assert world.queues.answers == []
    return world


def unknown(request: dict[str, Any]) -> dict[str, Any]:
    """The same of somebody whose object id nobody knows."""
    return {name: value for name, value in request.items() if name != "requestedByObjectId"}


def application(**changes: Any) -> dict[str, Any]:
    """An application whose name needs no approval."""
    return {"application": example()["application"] | changes}


def permissions(*, delegated: tuple[str, ...] = (), roles: tuple[str, ...] = ()) -> dict[str, Any]:
    return application(apiPermissions=[{"api": GRAPH, "delegated": list(delegated), "application": list(roles)}])
