"""Protections around who may decide about a request: how each is switched off, and the test that misses it."""

from tests.chaos.sabotage.replacement import off

_TOKENS = "tests/unit/adapters/test_entra_tokens.py"
_DECIDES = "tests/component/approval/test_who_decides.py"
_REFUSED = "tests/component/approval/test_refused_decisions.py"

APPROVER_SABOTAGES = (
    off(
        "an ID token is no token for the registrar",
        f"{_TOKENS}::test_a_token_that_is_wrong_in_one_thing_is_refused",
        "shared/adapters/entra/tokens.py",
        "if not isinstance(client, str) or not client:",
        'if client == "":',
    ),
    off(
        "a token is a person's only with the scope of the registrar's API",
        f"{_TOKENS}::test_a_token_says_whether_a_person_or_an_app_holds_it",
        "shared/adapters/entra/tokens.py",
        'return Holder.PERSON if SCOPE in scopes.split() and kind in (None, "user") else Holder.OTHER',
        'return Holder.PERSON if scopes and kind in (None, "user") else Holder.OTHER',
    ),
    off(
        "scp and idtyp of a token agree",
        f"{_TOKENS}::test_a_token_that_is_wrong_in_one_thing_is_refused",
        "shared/adapters/entra/tokens.py",
        'if kind == ("user" if scopes is None else "app"):',
        'if kind == "nobody":',
    ),
    off(
        "apps do not decide unless policy says so",
        f"{_REFUSED}::test_only_people_decide",
        "shared/api/approvals.py",
        "if not self._may_decide(caller):",
        "if not caller.object_id:",
    ),
    off(
        "a decision that names nobody decides nothing",
        f"{_REFUSED}::test_a_decision_that_names_nobody_is_told_of_as_such",
        "shared/approval/deciders.py",
        "if not decider.name:",
        'if decider.name == "nobody":',
    ),
    off(
        "whoever owns the app approves nothing about it",
        f"{_DECIDES}::test_the_owner_of_an_app_approves_nothing_about_it_either",
        "shared/approval/deciders.py",
        "for party in (requester, named, owner) if party is not None]",
        "for party in (requester, named) if party is not None and party is not owner]",
    ),
    off(
        "an owner who is known by an address alone is told apart by nobody",
        f"{_DECIDES}::test_an_owner_of_version_1_is_a_party_too",
        "shared/approval/deciders.py",
        "if party is owner and looked_up is not None and looked_up.is_looked_up and looked_up.hits == 0:",
        "if party is owner and party.object_id is None:",
    ),
    off(
        "the doctor sees what was approved by those it is for",
        "tests/unit/doctor/test_approvals.py::test_an_approval_by_a_party_is_a_breach",
        "doctor/invariants/approvals.py",
        "elif record.approval.by in record.approval.parties:",
        "elif record.approval.by == record.id:",
    ),
    off(
        "whoever tried to decide in vain is in the audit record",
        f"{_REFUSED}::test_who_tried_is_told_once_for_each_reason",
        "shared/approval/refusals.py",
        "await audit.note(entry)",
        "del entry",
    ),
    off(
        "trying again adds nothing to the audit record",
        f"{_REFUSED}::test_who_tried_is_told_once_for_each_reason",
        "shared/audit/events.py",
        "[operation.id, way, decider, code], at, who=who, what=what, ids={}",
        "[operation.id, way, decider, code, utc_text(at)], at, who=who, what=what, ids={}",
    ),
)
