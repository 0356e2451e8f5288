"""The HTTP trigger, the host's own endpoints, keys and settings."""

import json
import socket
import stat
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from devstack.host.http_front import body_limit
from tests.devstack.host.running import BODY_LIMIT as LIMIT
from tests.devstack.host.running import RunningHost, running_host


def test_a_request_reaches_the_function_whole(host: RunningHost) -> None:
    response = httpx.post(
        f"{host.url}/api/things/7/a/b%20c",
        params={"x": "1", "empty": ""},
        headers={"X-Colour": "blue"},
        content=b"\x00\xff",
        trust_env=False,
    )
    assert response.status_code == 201
    assert response.headers["x-answer"] == "yes"
    assert response.headers["content-type"] == "application/json"
    assert response.json() == {
        "method": "POST",
        "route": {"id": "7", "rest": "a/b c"},
        "query": {"x": "1"},
        "header": "blue",
        "body": "00ff",
    }
    cookies = response.headers.get_list("set-cookie")
    assert [cookie.split(";")[0] for cookie in cookies] == ["a=1", "b=2"]
    assert "HttpOnly" in cookies[0]
    assert "Max-Age=60" in cookies[1]


def test_a_line_break_in_a_path_is_a_parameter_like_any_other(host: RunningHost) -> None:
    assert host.get("/api/things/7/a%0Ab%3Fc").json()["route"] == {"id": "7", "rest": "a\nb?c"}


def test_the_more_precise_route_wins_and_constraints_decide(host: RunningHost) -> None:
    assert host.get("/api/things/special").text == "special"
    assert host.get("/api/things/7").json()["route"] == {"id": "7"}
    assert host.get("/api/things/seven/a").status_code == 404
    assert httpx.delete(f"{host.url}/api/things/7", trust_env=False).status_code == 404


def test_a_failing_function_is_a_500(host: RunningHost) -> None:
    assert host.get("/api/boom").status_code == 500
    assert host.lines("Executed 'Functions.boom' (Failed", "ValueError: boom")


def test_a_body_larger_than_the_setting_allows_is_refused_unread(host: RunningHost) -> None:
    """The platform answers 500, as for whatever fails while it binds a parameter; nobody waits for 110 MB."""
    target = urlsplit(host.url)
    for length, expected in ((LIMIT, b"HTTP/1.1 201"), (LIMIT + 1, b"HTTP/1.1 500"), (110_000_000, b"HTTP/1.1 500")):
        with socket.create_connection((target.hostname, target.port), timeout=10) as client:
            head = f"POST /api/things/7 HTTP/1.1\r\nHost: {target.netloc}\r\nContent-Length: {length}\r\n\r\n"
            client.sendall(head.encode() + b"x" * min(length, LIMIT))
            assert client.recv(12) == expected, length
    assert len(host.lines("Request body too large")) == 2


def test_a_body_limit_that_is_no_number_is_none() -> None:
    assert [body_limit(each) for each in (None, "", "many", "-1", "²")] == [104_857_600] * 5
    assert body_limit("131072") == 131_072


def test_settings_come_from_the_environment_and_then_from_the_file(host: RunningHost) -> None:
    assert host.get("/api/environment/FROM_FILE").text == "file"
    assert host.get("/api/environment/FROM_BOTH").text == "environment"
    assert host.get("/api/environment/AZURE_FUNCTIONS_ENVIRONMENT").text == "Development"


def test_the_functions_are_listed_with_what_keeps_them_from_running(host: RunningHost) -> None:
    functions = {one["name"]: one for one in host.get("/admin/functions").json()}
    assert functions["off"]["isDisabled"]
    assert not functions["echo"]["isDisabled"]
    assert "'blobTrigger' is not covered" in functions["uncovered"]["error"]
    assert host.lines("The 'uncovered' function is in error")
    assert host.get("/admin/host/status").json()["state"] == "Running"


def test_unknown_keys_of_host_json_are_named(host: RunningHost) -> None:
    assert host.lines("'extensions.queues.colour' is not read")


def test_keys_are_asked_for_when_enforced(tmp_path: Path, settings: dict[str, str], port: int) -> None:
    with running_host("keys", port, tmp_path / "clock", settings, "--enforce-keys") as host:
        keys_file = tmp_path / "function-keys.json"
        keys = json.loads(keys_file.read_text())
        assert stat.S_IMODE(keys_file.stat().st_mode) == 0o600
        function, master = keys["functionKeys"]["default"], keys["masterKey"]
        assert host.get("/locked").status_code == 401
        assert host.get("/locked?code=wrong").status_code == 401
        assert host.get(f"/locked?code={function}").text == "in"
        assert host.get("/locked", **{"x-functions-key": master}).text == "in"
        assert host.get("/unlocked").text == "in"
        assert host.get("/admin/functions", **{"x-functions-key": function}).status_code == 401
        assert host.get("/admin/functions", **{"x-functions-key": master}).status_code == 200
