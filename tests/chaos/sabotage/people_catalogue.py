"""Protections of who a person is: whom the directory means, whose an app is, and who decides about it."""

from tests.chaos.sabotage.replacement import RealSabotage, Replacement, off

_DECISIONS = "tests/component/approval/test_decisions.py"
_DECIDES = "tests/component/approval/test_who_decides.py"
_OWNERS = "tests/component/credentials/test_owners.py"
_OWNERSHIP = "tests/component/people/test_ownership.py"
_PEOPLE = "tests/contract/adapters/test_people.py"

PEOPLE_SABOTAGES = (
    off(
        "nobody approves their own request",
        f"{_DECISIONS}::test_nobody_approves_their_own_request",
        "shared/approval/deciders.py",
        "    if not may_be_one(party, decider):\n",
        "    if party is not decider:\n",
    ),
    RealSabotage(
        "an alias of the requester is the requester",
        f"{_DECIDES}::test_an_alias_of_the_requester_approves_nothing",
        (  # two: whoever is not looked up is refused, too, where the requester is known by id
            Replacement(
                "shared/approval/deciders.py", "else party, found.person, is_owner", "else party, decider, is_owner"
            ),
            Replacement(
                "shared/model/person.py",
                "return decider.object_id is None or decider.object_id == party.object_id",
                "return decider.object_id == party.object_id",
            ),
        ),
    ),
    off(
        "without the requester's object id nobody approves by token",
        f"{_DECISIONS}::test_without_the_requesters_object_id_only_the_ticket_decides",
        "shared/model/person.py",
        "    if party.address is None or decider.address is None:\n        return True\n",
        "    if party.address is None or decider.address is None:\n        return False\n",
    ),
    off(
        "whoever the app is for approves nothing about it",
        f"{_DECIDES}::test_whoever_the_app_is_for_approves_nothing_about_it",
        "shared/approval/deciders.py",
        "for party in (requester, named, owner) if party is not None]",
        "for party in (requester, owner) if party is not None and party is not named]",
    ),
    off(
        "somebody whose account is disabled decides nothing",
        f"{_DECIDES}::test_somebody_whose_account_is_disabled_approves_nothing",
        "shared/people/search.py",
        "        if self.enabled is False:\n",
        '        if self.enabled == "no":\n',
    ),
    off(
        "an object id on the public queue is a claim",
        f"{_OWNERSHIP}::test_an_object_id_in_a_message_on_the_public_queue_is_nobodys",
        "shared/model/operation.py",
        "if self.channel is Channel.WEBHOOK else None",
        "if self.channel is not Channel.OWN else None",
    ),
    off(
        "the id of an owner alone counts",
        f"{_OWNERSHIP}::test_whoever_inherits_an_address_inherits_no_app",
        "shared/model/person.py",
        "    if owner.object_id is not None:\n        return owner.object_id == person.object_id\n",
        "    if owner.object_id is not None and owner.address is None:\n"
        "        return owner.object_id == person.object_id\n",
    ),
    off(
        "who is younger than the app is not whom its record means",
        f"{_OWNERSHIP}::test_an_owner_of_version_1_who_is_younger_than_the_app_is_not_whom_it_means",
        "shared/people/search.py",
        "    return found.is_one and not is_younger\n",
        "    assert is_younger in (True, False)\n    return found.is_one\n",
    ),
    off(
        "only an administrator changes the owner of an app that exists",
        f"{_OWNERSHIP}::test_another_owner_of_an_app_that_exists_is_ignored_and_named_in_the_answer",
        "shared/policy/ownership.py",
        "        return self.administers and not takes_over\n",
        "        return not takes_over\n",
    ),
    off(
        "an administrator who names themself takes nothing over",
        f"{_OWNERSHIP}::test_an_administrators_ticket_leaves_the_app_to_its_owner",
        "shared/policy/ownership.py",
        "        return self.administers and not takes_over\n",
        "        return self.administers or takes_over\n",
    ),
    off(
        "a request that brings an app about gives it to whom it is for, after a crash too",
        f"{_OWNERSHIP}::test_a_worker_that_dies_at_any_call_leaves_a_new_app_to_whom_it_is_for",
        "shared/operations/parties.py",
        "        founds=not exists or record.founded_by == attempt.operation.id,\n",
        "        founds=not exists,\n",
    ),
    off(
        "a failed lookup makes nobody unknown",
        f"{_PEOPLE}::test_a_lookup_that_failed_says_of_nobody_that_they_are_not_there",
        "shared/adapters/graph/people.py",
        "            if isinstance(each, BaseException):\n                raise each\n",
        "            pass\n",
    ),
    off(
        "an apostrophe in a name stays one",
        f"{_PEOPLE}::test_what_a_question_is_made_of_stays_a_name",
        "shared/adapters/graph/people.py",
        """name.replace("'", "''")""",
        """name.replace("'", "'")""",
    ),
    off(
        "whom the directory knows twice is nobody",
        f"{_OWNERSHIP}::test_who_is_nobody_or_two_or_disabled_is_told_so_and_nothing_is_made",
        "shared/people/search.py",
        "        if self.hits > 1:\n",
        "        if self.hits > 2:\n",
    ),
    off(
        "an owner who is pinned is not pinned again",
        f"{_OWNERS}::test_an_owner_who_changes_while_they_are_looked_up_is_not_pinned_to_whom_they_were",
        "shared/credentials/owners.py",
        "            if stored.value.owned_by != owner:\n                return False\n",
        "",
    ),
    off(
        "an owner is pinned to somebody whom the directory knows, once",
        f"{_OWNERS}::test_who_is_nobody_or_two_or_younger_than_the_app_is_not_pinned",
        "shared/credentials/owners.py",
        "            if not is_whom_it_means(found, stored.value.known_since):\n",
        "            if not found.hits:\n",
    ),
    off(
        "a rotation keeps the owner by id",
        f"{_OWNERS}::test_a_rotation_of_the_registrars_own_keeps_the_owner_by_id",
        "shared/rotation/rotate.py",
        "owner=attempt.application.owner_id or found.tags.owner,",
        "owner=found.tags.owner,",
    ),
    off(
        "what the registrar does by itself asks for nobody",
        f"{_OWNERSHIP}::test_what_the_registrar_does_by_itself_depends_on_nobody_being_found",
        "shared/rotation/observe.py",
        "    if not attempt.operation.is_our_own and not problems:",
        "    if not problems:",
    ),
)
