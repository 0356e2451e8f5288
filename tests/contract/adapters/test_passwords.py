"""Client secrets behind the port `Directory`, and the proof that they work behind `SignIn`."""

from datetime import timedelta
from uuid import uuid4

import pytest

from shared.core.errors import NotYetVisibleError
from shared.core.secret import Secret
from tests.contract.adapters.registering import (
    TWINS_URI,
    add_password,
    key_ids,
    make_application,
    make_principal,
    plain_state,
)
from tests.contract.adapters.sides import Side


async def test_an_issued_secret_is_read_back_without_its_value(side: Side, name: str) -> None:
    made = await make_application(side, name)
    issued = await add_password(side, made.object_id, "reg:0123 my text", days=180)
    seen = await side.directory.application(name)
    assert seen is not None
    (password,) = seen.passwords
    assert (password.key_id, password.display_name) == (issued.key_id, "reg:0123 my text")
    assert password.end is not None
    assert abs(password.end - side.now() - timedelta(days=180)) < timedelta(seconds=10)
    assert issued.value.reveal() not in repr(seen)


async def test_our_applications_are_listed_with_their_secrets_and_no_others(side: Side, name: str) -> None:
    made = await make_application(side, name)
    issued = await add_password(side, made.object_id)
    await side.directory.upsert_application(f"{name}-theirs", plain_state().model_copy(update={"tags": frozenset()}))
    every = (await side.directory.changed_applications(None)).seen
    listed = {each: seen for each, seen in every.items() if each.startswith(name)}
    assert list(listed) == [name]
    assert listed[name].client_id == made.client_id
    assert [password.key_id for password in listed[name].passwords] == [issued.key_id]


async def test_secrets_add_up(side: Side, name: str) -> None:
    made = await make_application(side, name)
    issued = [await add_password(side, made.object_id) for _ in range(2)]
    assert sorted(await key_ids(side, name)) == sorted(each.key_id for each in issued)


async def test_a_secret_is_removed_once(side: Side, name: str) -> None:
    made = await make_application(side, name)
    kept, gone = await add_password(side, made.object_id), await add_password(side, made.object_id)
    assert await side.directory.remove_password(made.object_id, gone.key_id) is True
    assert await side.directory.remove_password(made.object_id, gone.key_id) is False
    assert await key_ids(side, name) == [kept.key_id]


async def test_an_unknown_secret_is_not_removed(side: Side, name: str) -> None:
    made = await make_application(side, name)
    assert await side.directory.remove_password(made.object_id, str(uuid4())) is False


async def test_a_secret_that_is_not_replicated_is_not_removed(side: Side, name: str) -> None:
    made = await make_application(side, name)
    side.let_reads_lag(30)
    side.advance(31)
    issued = await add_password(side, made.object_id)
    assert await side.directory.remove_password(made.object_id, issued.key_id) is False
    side.advance(31)
    assert await key_ids(side, name) == [issued.key_id]
    assert await side.directory.remove_password(made.object_id, issued.key_id) is True


async def test_secrets_of_an_application_that_is_not_replicated_wait(side: Side, name: str) -> None:
    side.let_reads_lag(30)
    made = await make_application(side, name)
    with pytest.raises(NotYetVisibleError):
        await side.directory.remove_password(made.object_id, str(uuid4()))


async def test_an_upsert_leaves_the_secrets_alone(side: Side, name: str) -> None:
    made = await make_application(side, name)
    issued = await add_password(side, made.object_id)
    seen = await side.directory.application(name)
    assert seen is not None
    assert await side.directory.upsert_application(name, seen.state) is None
    assert await key_ids(side, name) == [issued.key_id]


async def test_a_live_secret_is_proven(side: Side, name: str) -> None:
    principal = await make_principal(side, name)
    issued = await add_password(side, principal.object_id)
    await side.sign_in.verify(principal.client_id, issued.value, TWINS_URI, "secret")
    await side.directory.remove_password(principal.object_id, issued.key_id)
    with pytest.raises(NotYetVisibleError):
        await side.sign_in.verify(principal.client_id, issued.value, TWINS_URI, "secret")


async def test_a_new_secret_is_not_proven_before_it_works(side: Side, name: str) -> None:
    principal = await make_principal(side, name)
    side.let_secrets_take(18)
    issued = await add_password(side, principal.object_id)
    with pytest.raises(NotYetVisibleError):
        await side.sign_in.verify(principal.client_id, issued.value, TWINS_URI, "secret")
    side.advance(19)
    await side.sign_in.verify(principal.client_id, issued.value, TWINS_URI, "secret")


async def test_another_value_is_not_proven(side: Side, name: str) -> None:
    principal = await make_principal(side, name)
    await add_password(side, principal.object_id)
    with pytest.raises(NotYetVisibleError):
        await side.sign_in.verify(principal.client_id, Secret("wrong"), TWINS_URI, "secret")


async def test_an_expired_secret_is_not_proven(side: Side, name: str) -> None:
    principal = await make_principal(side, name)
    issued = await add_password(side, principal.object_id, days=60 / 86_400)
    await side.sign_in.verify(principal.client_id, issued.value, TWINS_URI, "secret")
    side.advance(61)
    with pytest.raises(NotYetVisibleError):
        await side.sign_in.verify(principal.client_id, issued.value, TWINS_URI, "secret")


async def test_an_application_without_service_principal_is_not_proven(side: Side, name: str) -> None:
    made = await make_application(side, name)
    issued = await add_password(side, made.object_id)
    with pytest.raises(NotYetVisibleError):
        await side.sign_in.verify(made.client_id, issued.value, TWINS_URI, "secret")


async def test_an_unknown_client_is_not_proven(side: Side) -> None:
    with pytest.raises(NotYetVisibleError):
        await side.sign_in.verify(str(uuid4()), Secret("any"), TWINS_URI, "secret")
