"""Consents behind the port `Directory`: one grant per resource, one assignment per role."""

import pytest

from shared.core.errors import NotReplicatedError, NotYetVisibleError
from shared.model.directory import Consent, PermissionType, SeenConsents
from tests.contract.adapters.registering import MICROSOFT_GRAPH, TWINS, make_application, make_principal
from tests.contract.adapters.sides import Side

USER_READ_ALL = "df021288-bdef-4463-88db-98f22de89214"
BOTH = frozenset[PermissionType]({"Scope", "Role"})
NONE = frozenset[Consent]()


async def consent(side: Side, app_id: str, name: str) -> Consent:
    """A permission of an API as admin consent to it looks like, by the permission's name."""
    api = await side.directory.api(app_id)
    assert api is not None
    (found,) = [each for each in api.permissions if each.name == name]
    return Consent(
        resource_id=api.service_principal_id, type=found.type, name=name if found.type == "Scope" else found.id
    )


async def scope_named(side: Side, name: str) -> Consent:
    """A delegated permission of Microsoft Graph; a grant takes whatever scope it is given."""
    known = await consent(side, MICROSOFT_GRAPH, "User.Read")
    return known.model_copy(update={"name": name})


async def role_of_graph(side: Side) -> Consent:
    """The application permission User.Read.All of Microsoft Graph."""
    resource = (await scope_named(side, "openid")).resource_id
    return Consent(resource_id=resource, type="Role", name=USER_READ_ALL)


async def give(side: Side, principal_id: str, *consents: Consent) -> None:
    """Read what is there, and add."""
    seen = await side.directory.consents(principal_id, BOTH)
    await side.directory.write_consents(principal_id, seen, frozenset(consents), NONE)


async def take(side: Side, principal_id: str, *consents: Consent) -> None:
    """Read what is there, and remove."""
    seen = await side.directory.consents(principal_id, BOTH)
    await side.directory.write_consents(principal_id, seen, NONE, frozenset(consents))


async def given(side: Side, principal_id: str, types: frozenset[PermissionType] = BOTH) -> set[Consent]:
    return set((await side.directory.consents(principal_id, types)).consents)


async def test_a_new_client_has_no_consent(side: Side, name: str) -> None:
    principal = await make_principal(side, name)
    assert await side.directory.consents(principal.id, BOTH) == SeenConsents()


async def test_an_api_is_found_by_the_principal_that_consents_name(side: Side, name: str) -> None:
    scope = await consent(side, TWINS, "Read.Write")
    found = await side.directory.api_of(scope.resource_id)
    assert found == await side.directory.api(TWINS)
    assert await side.directory.api_of("5b000000-0000-4000-8000-00000000dead") is None


async def test_consents_are_read_as_they_were_given(side: Side, name: str) -> None:
    principal = await make_principal(side, name)
    twins, graph = await consent(side, TWINS, "Read.Write"), await consent(side, MICROSOFT_GRAPH, "User.Read")
    role = await role_of_graph(side)
    await give(side, principal.id, twins, graph, role)
    assert await given(side, principal.id) == {twins, graph, role}
    assert await given(side, principal.id, frozenset({"Role"})) == {role}
    assert await given(side, principal.id, frozenset({"Scope"})) == {twins, graph}


async def test_scopes_added_later_keep_the_others(side: Side, name: str) -> None:
    principal = await make_principal(side, name)
    first, second = await consent(side, MICROSOFT_GRAPH, "User.Read"), await scope_named(side, "openid")
    await give(side, principal.id, first)
    await give(side, principal.id, second)
    assert await given(side, principal.id) == {first, second}


async def test_scopes_taken_back_keep_the_others(side: Side, name: str) -> None:
    principal = await make_principal(side, name)
    kept, gone = await consent(side, MICROSOFT_GRAPH, "User.Read"), await scope_named(side, "openid")
    await give(side, principal.id, kept, gone)
    await take(side, principal.id, gone)
    assert await given(side, principal.id) == {kept}


async def test_the_last_scope_and_a_role_are_taken_back(side: Side, name: str) -> None:
    principal = await make_principal(side, name)
    scope = await consent(side, TWINS, "Read.Write")
    role = await role_of_graph(side)
    await give(side, principal.id, scope, role)
    await take(side, principal.id, scope, role)
    assert await given(side, principal.id) == set()


async def test_what_is_already_there_is_a_success(side: Side, name: str) -> None:
    principal = await make_principal(side, name)
    role = await role_of_graph(side)
    await give(side, principal.id, role)
    await side.directory.write_consents(principal.id, SeenConsents(), frozenset({role}), NONE)
    assert await given(side, principal.id) == {role}


async def test_what_is_already_gone_is_a_success(side: Side, name: str) -> None:
    principal = await make_principal(side, name)
    scope = await consent(side, TWINS, "Read.Write")
    role = await role_of_graph(side)
    await give(side, principal.id, scope, role)
    seen = await side.directory.consents(principal.id, BOTH)
    for _ in range(2):
        await side.directory.write_consents(principal.id, seen, NONE, frozenset({scope, role}))
    assert await given(side, principal.id) == set()


async def test_consents_show_after_the_lag(side: Side, name: str) -> None:
    principal = await make_principal(side, name)
    scope = await consent(side, TWINS, "Read.Write")
    side.let_reads_lag(30)
    side.advance(31)
    await give(side, principal.id, scope)
    assert await given(side, principal.id) == set()
    side.advance(31)
    assert await given(side, principal.id) == {scope}


async def test_the_consents_of_a_client_that_is_not_replicated_are_unknown(side: Side, name: str) -> None:
    made = await make_application(side, name)
    scope = await consent(side, TWINS, "Read.Write")
    side.let_reads_lag(30)
    side.advance(31)
    principal_id = await side.directory.upsert_service_principal(made.client_id, "Exam")
    assert principal_id is not None
    with pytest.raises(NotYetVisibleError):
        await side.directory.consents(principal_id, BOTH)
    with pytest.raises(NotReplicatedError) as refused:
        await side.directory.write_consents(principal_id, SeenConsents(), frozenset({scope}), NONE)
    assert refused.value.took_effect is False
