"""What the doctor takes for a proof that a stored value signs in, and what for none."""

from typing import Any

import httpx
import pytest

from doctor.collect.access import UnreachableError
from doctor.collect.vault import signs_in
from tests.unit.doctor.test_access import access, in_turn

ENDPOINT = "https://login.microsoftonline.com/tenant/oauth2/v2.0/token"


async def tried(codes: Any, status: int = 400) -> bool:
    answer = httpx.Response(status, json={"error": "invalid_grant", "error_codes": codes})
    async with access(in_turn(answer)) as reader:
        return await signs_in(reader, "client", ENDPOINT, {"client_secret": "value"})


async def test_a_token_and_a_refusal_that_follows_a_proof_are_one() -> None:
    async with access(in_turn(httpx.Response(200, json={"access_token": "x"}))) as reader:
        assert await signs_in(reader, "client", ENDPOINT, {"client_secret": "value"})
    assert [await tried([code]) for code in (53003, 501051, 65001)] == [True, True, True]


async def test_a_credential_that_is_not_known_does_not_sign_in() -> None:
    assert [await tried([code], 401) for code in (7000215, 7000222, 700027, 700016, 7000112)] == [False] * 5


@pytest.mark.parametrize(
    "codes",
    [[500014], [50196], [50027], [90033], [7000216], [90002], [53003, 50027], [7000215, 53003], ["53003"], [True], []],
)
async def test_what_says_nothing_about_the_credential_leaves_it_untried(codes: Any) -> None:
    with pytest.raises(UnreachableError):
        await tried(codes)
