"""Entra's token endpoint behaves like this (OAuth 2.0 client credentials; Microsoft Learn, reference-error-codes)."""

import base64
import json
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential

from tests.contract.entra_http import AUTHORITY, Entra, oauth_error
from tests.contract.graph_http import GraphHttp
from tests.contract.subject import Subject

SCOPE = "https://graph.microsoft.com/.default"


@dataclass(frozen=True)
class NewClient:
    """An application with a secret that nobody has used yet."""

    object_id: str
    app_id: str
    key_id: str
    secret: str
    principal_id: str


def new_client(graph: GraphHttp, **password: str) -> NewClient:
    application = graph.create_application()
    principal = graph.create_principal(application["appId"])
    path = f"/applications/{application['id']}/addPassword"
    added = graph.post(path, {"passwordCredential": password}, expected=200)
    return NewClient(application["id"], application["appId"], added["keyId"], added["secretText"], principal["id"])


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_the_metadata_name_the_endpoints(subject: Subject, entra: Entra) -> None:
    metadata = entra.http.get(f"/{subject.tenant_id}/v2.0/.well-known/openid-configuration").raise_for_status().json()
    assert metadata["token_endpoint"] == f"{AUTHORITY}/{subject.tenant_id}/oauth2/v2.0/token"
    assert metadata["issuer"] == f"{AUTHORITY}/{subject.tenant_id}/v2.0"
    keys = httpx.get(metadata["jwks_uri"]).raise_for_status().json()["keys"]
    assert all({"kid", "n", "e"} <= key.keys() for key in keys)
    assert keys


def test_a_client_secret_gives_a_token_for_the_application(graph: GraphHttp, entra: Entra, subject: Subject) -> None:
    client = new_client(graph)
    answer = subject.expect(200, lambda: entra.sign_in(client.app_id, client.secret, SCOPE)).json()
    assert answer["token_type"] == "Bearer"
    assert 0 < answer["expires_in"] <= 86_400
    claims = claims_of(answer["access_token"])
    assert (claims["tid"], claims["appid"], claims["oid"]) == (subject.tenant_id, client.app_id, client.principal_id)
    assert claims["aud"] in ("https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000")
    assert claims["idtyp"] == "app"


@pytest.mark.parametrize("missing", ["grant_type", "client_id", "scope"])
def test_a_missing_parameter_is_named(subject: Subject, entra: Entra, missing: str) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": subject.client_id,
        "client_secret": subject.client_secret,
        "scope": SCOPE,
    }
    del form[missing]
    answer = subject.expect(400, lambda: entra.ask(**form))
    assert oauth_error(answer) == ("invalid_request", [900144])
    assert f"'{missing}'" in answer.json()["error_description"]


def test_a_refusal_describes_itself(subject: Subject, entra: Entra) -> None:
    body = subject.expect(401, lambda: entra.sign_in(subject.client_id, "wrong", SCOPE)).json()
    assert body["error_description"].startswith("AADSTS7000215: Invalid client secret provided.")
    assert {"error", "error_codes", "timestamp", "trace_id", "correlation_id"} <= body.keys()
    assert body["error_codes"] == [7000215]


def test_a_wrong_secret_is_refused(subject: Subject, entra: Entra) -> None:
    assert entra.refusal(401, subject.client_id, "wrong", SCOPE) == ("invalid_client", [7000215])


def test_an_unknown_application_is_refused(entra: Entra) -> None:
    assert entra.refusal(400, str(uuid4()), "any", SCOPE) == ("unauthorized_client", [700016])


def test_an_unknown_tenant_is_refused(subject: Subject, entra: Entra) -> None:
    answer = entra.sign_in(subject.client_id, subject.client_secret, SCOPE, tenant=str(uuid4()))
    assert (answer.status_code, oauth_error(answer)) == (400, ("invalid_request", [90002]))


def test_a_scope_must_end_in_default(subject: Subject, entra: Entra) -> None:
    scope = "https://graph.microsoft.com/User.Read"
    _, codes = entra.refusal(400, subject.client_id, subject.client_secret, scope)
    assert codes == [1002012]


def test_a_removed_secret_is_refused(graph: GraphHttp, entra: Entra) -> None:
    client = new_client(graph)
    assert entra.token(client.app_id, client.secret, SCOPE)
    graph.call(204, "POST", f"/applications/{client.object_id}/removePassword", {"keyId": client.key_id})
    assert entra.refusal(401, client.app_id, client.secret, SCOPE) == ("invalid_client", [7000215])


def test_an_expired_secret_is_refused(graph: GraphHttp, entra: Entra, subject: Subject) -> None:
    end = subject.now() + timedelta(seconds=120)
    client = new_client(graph, endDateTime=end.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert entra.token(client.app_id, client.secret, SCOPE)
    subject.wait(121)
    assert entra.refusal(401, client.app_id, client.secret, SCOPE) == ("invalid_client", [7000222])


def test_two_secrets_work_side_by_side(graph: GraphHttp, entra: Entra) -> None:
    client = new_client(graph)
    second = graph.post(f"/applications/{client.object_id}/addPassword", {}, expected=200)["secretText"]
    assert all(entra.token(client.app_id, secret, SCOPE) for secret in (client.secret, second))


def test_an_application_without_service_principal_is_refused(graph: GraphHttp, entra: Entra) -> None:
    application = graph.create_application()
    added = graph.post(f"/applications/{application['id']}/addPassword", {}, expected=200)
    assert entra.refusal(401, application["appId"], added["secretText"], SCOPE) == ("invalid_client", [7000229])


def test_an_application_that_is_not_known_to_the_resource_side_names_it(subject: Subject, entra: Entra) -> None:
    resource = f"https://{uuid4().hex}.example/.default"
    _, codes = entra.refusal(400, subject.client_id, subject.client_secret, resource)
    assert codes == [500011]


def test_azure_identity_signs_in(subject: Subject) -> None:
    with ClientSecretCredential(subject.tenant_id, subject.client_id, subject.client_secret) as credential:
        token = credential.get_token(SCOPE)
    assert claims_of(token.token)["appid"] == subject.client_id
    assert token.expires_on > time.time()


async def test_azure_identity_signs_in_asynchronously(subject: Subject) -> None:
    async with AsyncClientSecretCredential(subject.tenant_id, subject.client_id, subject.client_secret) as credential:
        token = await credential.get_token(SCOPE)
    assert claims_of(token.token)["appid"] == subject.client_id


def test_azure_identity_passes_the_refusal_on(subject: Subject) -> None:
    with (
        ClientSecretCredential(subject.tenant_id, subject.client_id, "wrong") as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS7000215"),
    ):
        credential.get_token(SCOPE)


async def test_azure_identity_leaves_the_refusals_body_readable(subject: Subject) -> None:
    """The registrar decides on `error_codes`, never on the text of the exception."""
    async with AsyncClientSecretCredential(subject.tenant_id, subject.client_id, "wrong") as credential:
        with pytest.raises(ClientAuthenticationError) as refused:
            await credential.get_token(SCOPE)
    response: Any = refused.value.response
    assert refused.value.status_code == 401
    assert json.loads(response.text())["error_codes"] == [7000215]
