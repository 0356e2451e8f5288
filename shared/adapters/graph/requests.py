"""Small additions to the requests that the Graph SDK's builders make."""

from copy import copy
from typing import Any

from kiota_abstractions.request_information import RequestInformation
from msgraph.graph_service_client import GraphServiceClient

from shared.adapters.graph.models import GraphBody


def builders(client: GraphServiceClient) -> GraphServiceClient:
    """Return a copy of the client with its own path parameters: use one for every call by alternate key.

    Builders by alternate key write the key into the parameters of the client that made them (msgraph-sdk 1.65.0),
    and the URL is built only once the token is there: concurrent calls would all go to the last key.
    """
    own = copy(client)
    own.path_parameters = dict(client.path_parameters)
    return own


def body(fields: dict[str, Any]) -> Any:  # noqa: ANN401  builders declare their own models, any Parsable works
    """Return a request body for a builder, which only ever has it serialised."""
    return GraphBody(fields)


def selected(request: RequestInformation, fields: list[str]) -> RequestInformation:
    """Ask for these fields only."""
    request.query_parameters["%24select"] = fields
    return request


def filtered(request: RequestInformation, expression: str, fields: list[str]) -> RequestInformation:
    """Ask for the objects an OData expression matches, and these fields of them."""
    request.query_parameters["%24filter"] = expression
    return selected(request, fields)


def create_if_missing(request: RequestInformation) -> RequestInformation:
    """Make a PATCH by alternate key an upsert (Microsoft Learn, application-upsert)."""
    request.headers.add("Prefer", "create-if-missing")
    return request
