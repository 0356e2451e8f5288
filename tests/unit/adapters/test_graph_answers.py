"""Error answers of Graph as the SDK reads them: status, code, details and the pause reach the table."""

from datetime import timedelta

import pytest
from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
from msgraph.generated.models.o_data_errors.o_data_error import ODataError

from shared.adapters.graph.client import translate
from shared.adapters.graph.refusals.refusal import Doing
from shared.adapters.retry_after import retry_after
from shared.core.errors import (
    ContendedError,
    NotReplicatedError,
    RefusedError,
    RegistrarError,
    RejectedError,
    ThrottledError,
)


def answered(status: int, body: str, headers: dict[str, str] | None = None) -> RegistrarError:
    """What becomes of an answer with this body to a write of an application."""
    node = JsonParseNodeFactory().get_root_parse_node("application/json", body.encode())
    error = node.get_object_value(ODataError.create_from_discriminator_value(node).__class__)
    assert error is not None
    error.response_status_code = status
    error.response_headers = headers or {}
    return translate(error, Doing.WRITE_APPLICATION)


def test_the_details_of_an_answer_decide() -> None:
    body = (
        '{"error": {"code": "Request_BadRequest", "message": "Invalid value specified for property.", "details": '
        '[{"code": "InvalidValue", "message": "Invalid value.", "target": "displayName"}], "innerError": {}}}'
    )
    found = answered(400, body)
    assert isinstance(found, RejectedError)
    assert [each.field for each in found.problems] == ["application.displayName"]
    assert "400 Request_BadRequest: Invalid value specified for property." in found.problems[0].message


def test_the_target_of_the_whole_answer_counts_where_there_are_no_details() -> None:
    body = '{"error": {"code": "Request_BadRequest", "message": "no", "target": "signInAudience"}}'
    found = answered(400, body)
    assert isinstance(found, RejectedError)
    assert [each.field for each in found.problems] == ["application.signInAudience"]


@pytest.mark.parametrize("details", ["", ', "details": null', ', "details": []', ', "details": [{}]'])
def test_an_answer_without_details_is_lag_at_most(details: str) -> None:
    found = answered(400, f'{{"error": {{"code": "Request_BadRequest", "message": "no"{details}}}}}')
    assert isinstance(found, NotReplicatedError if details != ', "details": [{}]' else RefusedError)


def test_the_pause_that_graph_asks_for_is_kept() -> None:
    body = '{"error": {"code": "TooManyRequests", "message": "Please retry again later."}}'
    found = answered(429, body, {"Retry-After": "7"})
    assert isinstance(found, ThrottledError)
    assert found.after == timedelta(seconds=7)
    contended = '{"error": {"code": "Directory_ConcurrencyViolation", "message": "x"}}'
    assert isinstance(answered(409, contended), ContendedError)


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("0.5", 0.5), ("-3", 0), ("soon", None), (None, None), ("", None)]
)
def test_a_pause_is_a_number_of_seconds(header: str | None, seconds: float | None) -> None:
    assert retry_after(header) == (timedelta(seconds=seconds) if seconds is not None else None)
