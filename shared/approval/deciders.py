"""Who may decide: an existing person who is neither the requester nor an owner of the app."""

from shared.approval.refusals import NotAllowedToDecideError
from shared.model.approval import ApprovalDecision
from shared.model.operation import Operation, named_owner_of, requester_of
from shared.model.person import Person, may_be_one
from shared.people.search import Found, Search
from shared.ports import Applications, People


async def made_by(
    operation: Operation, decision: ApprovalDecision, applications: Applications, people: People
) -> ApprovalDecision:
    """Return the decision with its author's object id. Raises NotAllowedToDecideError if they may not decide, or do not
    exist.

    People cannot decide about their own requests, nor about apps that they own or are to own. They are compared by
    object ids, which cannot be chosen, from the directory if the registrar may look. Raises DeferredError if it does
    not respond.
    """
    decider = Person(decision.decided_by, decision.decided_by_object_id)
    if not decider.name:
        raise NotAllowedToDecideError("The decision does not say who made it.", "decider_unnamed")
    requester, named = requester_of(operation), named_owner_of(operation)
    owner = (await applications.read(operation.unique_name)).value.owned_by
    if owner is not None and owner.object_id is None and owner.goes_by(requester):
        owner = None  # an owner of version 1 who is the requester: comparing with the requester is enough
    parties = [party for party in (requester, named, owner) if party is not None]
    found, *known = await Search(people).find_all([decider, *(each for each in parties if each.object_id is None)])
    _check_that_they_are_there(found, decision)
    by_name = {each.person.address: each for each in known}
    for party in parties:
        looked_up = by_name.get(party.address) if party.object_id is None else None
        if party is owner and looked_up is not None and looked_up.is_looked_up and looked_up.hits == 0:
            continue  # the address no longer exists
        _check_told_apart(looked_up.person if looked_up is not None else party, found.person, is_owner=party is owner)
    return decision.model_copy(update={"decided_by_object_id": found.person.object_id})


def _check_that_they_are_there(found: Found, decision: ApprovalDecision) -> None:
    """Raises NotAllowedToDecideError for a decider whom the directory does not know, or has disabled.

    A token proves that its holder exists; an app, which policy may allow to decide, is not found among people.
    """
    problem = found.problem("decidedBy")
    if problem is not None and (decision.way == "ticket" or problem.code == "person_disabled"):
        raise NotAllowedToDecideError(problem.message, problem.code)


def _check_told_apart(party: Person, decider: Person, *, is_owner: bool) -> None:
    """Raises NotAllowedToDecideError for a decider who is, or cannot be told apart from, a party to the request."""
    if not may_be_one(party, decider):
        return
    if party.goes_by(decider) or (party.object_id is not None and party.object_id == decider.object_id):
        what = "an app that they own" if is_owner else "their own request"
        raise NotAllowedToDecideError(
            f"Nobody can approve or refuse {what}. Ask somebody else to decide.",
            "own_app" if is_owner else "own_request",
        )
    if party.object_id is None:
        message = (
            f"The registrar does not know the object id of {party.shown}, so it cannot tell whether you are somebody "
            "else."
        )
        raise NotAllowedToDecideError(message, "owner_unknown" if is_owner else "requester_unknown")
    raise NotAllowedToDecideError(
        "The ticket does not give the object id of the person who decided.", "decider_unknown"
    )
