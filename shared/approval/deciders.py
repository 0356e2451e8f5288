"""Who decides: somebody who is there, and neither asked nor is to have what is asked for."""

from collections.abc import Iterable

from shared.approval.model import ApprovalDecision
from shared.approval.refusing import NotTheirs
from shared.operation import Operation
from shared.parties import named_owner_of, requester_of
from shared.people import Found, Search
from shared.person import Person, is_surely, may_be_one
from shared.services import Services


async def made_by(services: Services, operation: Operation, decision: ApprovalDecision) -> ApprovalDecision:
    """Return the decision with the object id of whoever made it. Raises NotTheirs when they may not, or are nobody.

    Nobody decides about their own request, nor about what is to be theirs or is. People are compared by object ids,
    which nobody can choose: the directory's, where the registrar may look. Raises Deferred when it does not answer.
    """
    decider = Person(decision.decided_by, decision.decided_by_object_id)
    if not decider.name:
        raise NotTheirs("The decision does not say who made it.", "decider_unknown")
    requester, named = requester_of(operation), named_owner_of(operation)
    parties = [party for party in (requester, named) if party is not None]
    unsure = [party for party in parties if party.object_id is None]
    found, *others = await Search(services).find_all([decider, *unsure])
    _check_that_they_are_there(found, decision)
    decider = found.person
    _check_that_they_are_none_of(
        decider, [*(party for party in parties if party.object_id is not None), *(each.person for each in others)]
    )
    owner = (await services.applications.read(operation.unique_name)).value.owned_by
    if owner is not None and (is_surely(owner, decider) or owner.goes_by(decider)):
        raise NotTheirs("Nobody decides about an app of their own.", "own_app")
    return decision.model_copy(update={"decided_by_object_id": decider.object_id})


def _check_that_they_are_there(found: Found, decision: ApprovalDecision) -> None:
    """Raises NotTheirs for somebody whom the directory does not know, or has disabled.

    A token proves who holds it, so its holder is there; an app, which policy may let decide, is nobody among people.
    """
    problem = found.problem("decidedBy")
    if problem is not None and (decision.way == "ticket" or problem.code == "person_disabled"):
        raise NotTheirs(problem.message, problem.code)


def _check_that_they_are_none_of(decider: Person, parties: Iterable[Person]) -> None:
    for party in parties:
        if not may_be_one(party, decider):
            continue
        if party.goes_by(decider) or (party.object_id is not None and party.object_id == decider.object_id):
            raise NotTheirs("Nobody decides about their own request.", "own_request")
        if party.object_id is None:
            message = f"The object id of {party.shown} is not known, so nobody can be told apart from them here."
            raise NotTheirs(message, "requester_unknown")
        raise NotTheirs("The ticket does not say the object id of whoever decided.", "decider_unknown")
