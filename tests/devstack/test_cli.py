"""The commands on a stack of doubles and Azurite; the Functions host has its part in the end-to-end tests."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import jwt
import pytest
from azure.storage.queue import QueueClient

from demo import cli as demo
from demo.queues import INTAKE, RESULTS, RequesterQueues
from devstack import cli
from devstack.config import StackConfig
from devstack.environment import azurite
from devstack.lock import find_holder

_PATIENCE_SECONDS = 60
_OF_DEMO = ("send", "answers")

# What any script may do in the environment: sign in, ask Graph, write to the vault, and reach nothing else.
_SCRIPT = """
import os, httpx
from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient
names = ("AZURE_TENANT_ID", "DEVSTACK_ADMIN_CLIENT_ID", "DEVSTACK_ADMIN_CLIENT_SECRET")
administrator = ClientSecretCredential(*(os.environ[name] for name in names))
token = administrator.get_token("https://graph.microsoft.com/.default").token
graph = httpx.get("https://graph.microsoft.com/v1.0/applications", headers={"Authorization": f"Bearer {token}"})
vault = SecretClient(os.environ["KEY_VAULT_URL"], administrator)
vault.set_secret("from-a-script", "value")
try:
    httpx.get("https://example.com")
except httpx.ProxyError as refusal:
    print(graph.status_code, vault.get_secret("from-a-script").value, str(refusal)[:3])
"""


def _devstack(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "devstack", *arguments]


class Done(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


type Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process, which is faster; those that wait for signals are started as processes."""

    def command(*arguments: str) -> Done:
        main = demo.main if arguments[0] in _OF_DEMO else cli.main
        code = main(arguments)
        out, err = capsys.readouterr()
        return Done(code, out, err)

    return command


@contextmanager
def _up(state: Path, *prefix: str) -> Generator[subprocess.Popen[str]]:
    """`devstack up`, ready; stopped at the end if it still runs."""
    command = [*prefix, *_devstack("up", "--hosts", "0", "--state", str(state))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            _wait_until(lambda: _phase(state) == "ready" or process.poll() is not None)
            assert process.poll() is None, process.communicate()[0]
            yield process
        finally:
            process.terminate()


def _phase(state: Path) -> str | None:
    holder = find_holder(state)
    return holder.phase if holder else None


def _wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _processes_of(state: Path) -> list[str]:
    listing = subprocess.run(["ps", "-A", "-ww", "-o", "args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listing.splitlines() if str(state) in line]


def _wait_until_nothing_is_left(state: Path) -> None:
    _wait_until(lambda: find_holder(state) is None)
    _wait_until(lambda: not _processes_of(state))


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    folder = tmp_path_factory.mktemp("a state's folder")
    with _up(folder):
        yield folder


@pytest.fixture
def queues(state: Path) -> RequesterQueues:
    return RequesterQueues(azurite(StackConfig.load(state), state).connection_string(), "")


def test_a_command_is_run_as_the_stacks_administrator_or_as_it_is(run: Run, state: Path, tmp_path: Path) -> None:
    administrator = StackConfig.load(state).administrator.client_id
    is_administrator = ["sh", "-c", f'test "$AZURE_CLIENT_ID" = {administrator}']
    assert run("run", "--state", str(state), "--", *is_administrator).code == 0
    assert run("run", "--state", str(tmp_path), "--", *is_administrator).code == 1
    assert run("run", "--state", str(tmp_path), "--", "sh", "-c", "exit 3").code == 3


def test_env_prints_only_export_lines(run: Run, state: Path) -> None:
    printed = run("env", "--state", str(state)).out.splitlines()
    assert [line for line in printed if not re.fullmatch(r"export [A-Za-z_]+=\S.*", line)] == []
    assert {re.split("[ =]", line)[1] for line in printed} >= {
        "AZURE_TENANT_ID",
        "DEVSTACK_ADMIN_CLIENT_ID",
        "DEVSTACK_ADMIN_CLIENT_SECRET",
        "KEY_VAULT_URL",
        "DEVSTACK_CONTROL_URL",
        "AZURE_STORAGE_CONNECTION_STRING",
        "HTTPS_PROXY",
    }


def test_people_sign_in_and_get_a_token_of_their_own(run: Run, state: Path) -> None:
    signed_in = run("token", "margaret", "--state", str(state))
    claims = jwt.decode(signed_in.out.strip(), options={"verify_signature": False})
    assert (claims["preferred_username"], claims["scp"]) == ("margaret@contoso.onmicrosoft.com", "user_impersonation")
    assert claims["aud"] == StackConfig.load(state).api.client_id
    refused = run("token", "ada", "--state", str(state))
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("error: AADSTS50105")


def test_a_script_works_in_the_environment_that_a_shell_evaluates(state: Path) -> None:
    env = f'{sys.executable} -m devstack env --state "{state}"'
    shell = f'set -eu; eval "$({env})"; exec {sys.executable} -c "$0"'
    done = subprocess.run(["sh", "-c", shell, _SCRIPT], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("200 value 403\n", "")


def test_send_puts_the_file_on_the_intake_queue_as_it_is(
    run: Run, state: Path, queues: RequesterQueues, tmp_path: Path
) -> None:
    body = '{"displayName": "Zoë <&> Söhne",\n "note": "not even JSON"'
    file = tmp_path / "a request.json"
    file.write_text(body)
    assert run("send", str(file), "--state", str(state)).code == 0
    with QueueClient.from_connection_string(queues.connection_string, INTAKE) as intake:
        assert [message.content for message in intake.receive_messages()] == [body]
        intake.clear_messages()


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"\xff\xfe", "a queue message has to be UTF-8 text, and this is not"),
        (b"x" * 65537, "the message has 65537 bytes, more than a queue message can have"),
        (None, "No such file or directory"),
    ],
)
def test_what_no_queue_can_carry_is_refused_in_one_line(
    run: Run, state: Path, tmp_path: Path, body: bytes | None, complaint: str
) -> None:
    file = tmp_path / "request"
    if body is not None:
        file.write_bytes(body)
    done = run("send", str(file), "--state", str(state))
    assert done.code == 1
    assert complaint in done.err.splitlines()[0]


def test_answers_are_shown_and_left(run: Run, state: Path, queues: RequesterQueues) -> None:
    event = {"id": "1", "data": {"requestId": "mine"}}
    with QueueClient.from_connection_string(queues.connection_string, RESULTS) as results:
        results.send_message(json.dumps(event))
    assert json.loads(run("answers", "--state", str(state)).out) == event
    assert queues.take_answers("mine") == [event]
    assert queues.take_answers("mine") == []


def test_only_the_answers_to_one_request_are_taken(state: Path, queues: RequesterQueues) -> None:
    others = [{"data": {"requestId": f"other-{number}"}} for number in range(40)]
    mine = [{"data": {"requestId": "mine"}, "id": number} for number in range(2)]
    with QueueClient.from_connection_string(queues.connection_string, RESULTS) as results:
        events = [*others[:20], mine[0], *others[20:], mine[1]]
        for text in ["not JSON", '{"data": []}', *(json.dumps(event) for event in events)]:
            results.send_message(text)
        assert queues.take_answers("mine") == mine
        left = [message.content for message in results.receive_messages(messages_per_page=32)]
        results.clear_messages()
    assert len(left) == len(others) + 2


def test_settings_are_a_local_settings_file(run: Run, state: Path) -> None:
    settings = json.loads(run("settings", "--state", str(state)).out)
    config = StackConfig.load(state)
    assert settings["IsEncrypted"] is False
    assert settings["Values"]["AZURE_CLIENT_ID"] == config.app.client_id
    assert f"127.0.0.1:{config.ports.queue}/" in settings["Values"]["AzureWebJobsStorage"]


def test_a_second_stack_in_the_same_folder_is_refused(run: Run, state: Path) -> None:
    holder = find_holder(state)
    assert holder is not None
    refused = run("up", "--hosts", "0", "--state", str(state))
    assert refused.code == 1
    assert refused.err == (
        f"error: a stack is already running in {state} (process {holder.pid}): use it, or stop it with `make down`\n"
    )
    assert run("env", "--state", str(state)).code == 0


@pytest.mark.parametrize("command", ["env", "settings", "answers"])
def test_without_a_stack_there_is_nothing_to_say(run: Run, tmp_path: Path, command: str) -> None:
    done = run(command, "--state", str(tmp_path))
    assert (done.code, done.out) == (1, "")
    assert done.err == f"error: no stack is running in {tmp_path}: start one with `make up`\n"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("up", "--port", "blob"), "error: 'blob' is not a port: write service=number"),
        (("up", "--port", "blob=70000"), "error: 'blob=70000' is not a port"),
        (("up", "--port", "web=80"), "error: there is no port for 'web'"),
        (("up", "--throttle", "10"), "Error: Invalid value for '--throttle'"),
        (("send",), "error: which file? make send FILE="),
    ],
)
def test_misuse_is_explained(run: Run, tmp_path: Path, arguments: tuple[str, ...], complaint: str) -> None:
    done = run(*arguments, "--state", str(tmp_path))
    assert done.code != 0
    assert done.err.splitlines()[-1].startswith(complaint)


def test_ctrl_c_ends_up_well_and_leaves_nothing(tmp_path: Path) -> None:
    with _up(tmp_path) as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(_PATIENCE_SECONDS) == 0
        _wait_until_nothing_is_left(tmp_path)


def test_ctrl_c_during_the_start_leaves_nothing(tmp_path: Path) -> None:
    with subprocess.Popen(_devstack("up", "--hosts", "0", "--state", str(tmp_path))) as process:
        try:
            _wait_until(lambda: _processes_of(tmp_path / "azurite"))
            process.send_signal(signal.SIGINT)
            assert process.wait(_PATIENCE_SECONDS) == 128 + signal.SIGINT
        finally:
            process.terminate()
    _wait_until_nothing_is_left(tmp_path)


def test_the_stack_ends_when_whoever_started_it_dies(tmp_path: Path) -> None:
    with _up(tmp_path, "sh", "-c", '"$@"; :', "sh") as shell:
        shell.kill()
        _wait_until_nothing_is_left(tmp_path)


def test_a_process_that_dies_ends_the_stack_with_its_name(tmp_path: Path) -> None:
    with _up(tmp_path) as process:
        azurite_pid = subprocess.run(
            ["pgrep", "-f", f"azurite.js.*{tmp_path}"], capture_output=True, text=True, check=True
        ).stdout
        os.kill(int(azurite_pid), signal.SIGKILL)
        output, _ = process.communicate(timeout=_PATIENCE_SECONDS)
        assert process.returncode == 1
        assert "error: azurite ended by signal SIGKILL; the end of " in output
        _wait_until_nothing_is_left(tmp_path)
