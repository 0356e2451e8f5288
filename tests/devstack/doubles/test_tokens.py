"""Bearer tokens: what is accepted, and the reason when one is not."""

from datetime import timedelta
from itertools import count
from pathlib import Path

import jwt
import pytest

from devstack.doubles.tokens import RefusalReason, TokenRefusedError, Tokens
from devstack.doubles.world import World

GRAPH = "https://graph.microsoft.com"


def bearer(tokens: Tokens, audience: str = GRAPH) -> str:
    return "Bearer " + tokens.mint(audience=audience, app_id="app", object_id="oid", roles=["B", "A"]).text


def reason(tokens: Tokens, authorization: str | None) -> RefusalReason:
    with pytest.raises(TokenRefusedError) as refused:
        tokens.verify(authorization, {GRAPH})
    return refused.value.reason


def test_a_minted_token_names_its_caller(tokens: Tokens, world: World) -> None:
    caller = tokens.verify(bearer(tokens), {GRAPH})
    assert (caller.app_id, caller.object_id, caller.tenant_id) == ("app", "oid", world.tenant.id)
    assert caller.roles == {"A", "B"}
    assert caller.token_id


def test_version_2_tokens_carry_azp_and_the_v2_issuer(tokens: Tokens, world: World) -> None:
    token = tokens.mint(audience=GRAPH, app_id="app", object_id="oid", version="2.0").text
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["azp"] == "app"
    assert "appid" not in claims
    assert claims["iss"] == f"https://login.microsoftonline.com/{world.tenant.id}/v2.0"
    assert tokens.verify(f"Bearer {token}", {GRAPH}).app_id == "app"


def test_the_times_told_are_those_in_the_claims_though_the_clock_goes_on(world: World) -> None:
    seconds = count(1_000)
    minted = Tokens(world.tenant.id, lambda: float(next(seconds))).mint(audience=GRAPH, app_id="app", object_id="oid")
    claims = jwt.decode(minted.text, options={"verify_signature": False})
    assert (minted.not_before, minted.expires_on) == (claims["nbf"], claims["exp"])


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic eA=="])
def test_no_bearer_token_is_missing(tokens: Tokens, header: str | None) -> None:
    assert reason(tokens, header) is RefusalReason.MISSING


def test_garbage_is_malformed(tokens: Tokens) -> None:
    assert reason(tokens, "Bearer not.a.token") is RefusalReason.MALFORMED


def test_another_key_is_a_bad_signature(tokens: Tokens, world: World) -> None:
    stranger = Tokens(world.tenant.id, world.clock.time)
    assert reason(tokens, bearer(stranger)) is RefusalReason.BAD_SIGNATURE


def test_a_token_without_signature_is_refused(tokens: Tokens) -> None:
    unsigned = jwt.encode({"aud": GRAPH}, key="", algorithm="none")
    assert reason(tokens, f"Bearer {unsigned}") is RefusalReason.MALFORMED


def test_another_tenant_is_a_wrong_issuer(world: World, tmp_path: Path) -> None:
    ours = Tokens(world.tenant.id, world.clock.time, tmp_path)
    theirs = Tokens("00000000-0000-4000-8000-000000000000", world.clock.time, tmp_path)
    assert reason(ours, bearer(theirs)) is RefusalReason.WRONG_ISSUER


def test_a_trailing_slash_is_a_wrong_audience(tokens: Tokens) -> None:
    assert reason(tokens, bearer(tokens, GRAPH + "/")) is RefusalReason.WRONG_AUDIENCE


def test_tokens_expire_on_the_stack_clock(tokens: Tokens, world: World) -> None:
    token = bearer(tokens)
    world.clock.advance(timedelta(seconds=3590))
    tokens.verify(token, {GRAPH})
    world.clock.advance(timedelta(seconds=10))
    assert reason(tokens, token) is RefusalReason.EXPIRED


def test_the_signing_key_survives_a_restart_and_is_private(world: World, tmp_path: Path) -> None:
    first = Tokens(world.tenant.id, world.clock.time, tmp_path)
    second = Tokens(world.tenant.id, world.clock.time, tmp_path)
    assert second.verify(bearer(first), {GRAPH}).app_id == "app"
    assert (tmp_path / "signing-key.pem").stat().st_mode & 0o777 == 0o600
