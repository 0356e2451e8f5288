"""One stack's configuration: made once, private, with ports that are free."""

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.config import ConfigError, StackConfig, StateFolder
from devstack.ports import PortReservations, is_free


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_ids_and_secrets_are_made_once(tmp_path: Path) -> None:
    first = StackConfig.prepare(tmp_path)
    assert StackConfig.prepare(tmp_path) == first == StackConfig.load(tmp_path)
    assert StackConfig.prepare(tmp_path / "other").tenant_id != first.tenant_id


def test_only_the_owner_may_read_the_secrets(tmp_path: Path) -> None:
    config = StackConfig.prepare(tmp_path)
    file = StateFolder(tmp_path).config
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert config.clients["requester"].client_secret in file.read_text()
    assert config.clients["requester"].client_secret not in repr(config)


def test_ports_are_free_and_differ(tmp_path: Path) -> None:
    ports = list(StackConfig.prepare(tmp_path).ports.model_dump().values())
    assert len(set(ports)) == len(ports)
    assert all(is_free(port) for port in ports)
    assert not {10000, 10001, 10002, 7071} & set(ports)


def test_no_other_stack_chooses_a_reserved_port(tmp_path: Path) -> None:
    """Whether or not anybody listens there yet."""
    ours, theirs = PortReservations(), PortReservations()
    before = StackConfig.prepare(tmp_path, take_port=ours.take)
    ports = before.ports.model_dump().values()
    try:
        assert all(is_free(port) for port in ports)
        assert not any(theirs.take(port) for port in ports)
        after = StackConfig.prepare(tmp_path, take_port=theirs.take)
        assert not set(after.ports.model_dump().values()) & set(ports)
        with pytest.raises(ConfigError, match="is taken by another program"):
            StackConfig.prepare(tmp_path, {"queue": before.ports.queue}, take_port=theirs.take)
        ours.release()
        assert all(theirs.take(port) for port in ports)
    finally:
        ours.release()
        theirs.release()


def test_a_remembered_port_that_somebody_took_is_chosen_anew(tmp_path: Path) -> None:
    before = StackConfig.prepare(tmp_path)
    with socket.create_server(("127.0.0.1", before.ports.queue)):
        after = StackConfig.prepare(tmp_path)
    assert after.ports.queue != before.ports.queue
    assert after.model_copy(update={"ports": before.ports}) == before


def test_a_wish_wins_over_what_is_remembered(tmp_path: Path) -> None:
    before = StackConfig.prepare(tmp_path)
    after = StackConfig.prepare(tmp_path, {"functions": before.ports.blob})
    assert after.ports.functions == before.ports.blob
    assert after.ports.blob != before.ports.blob


def test_a_wished_for_port_that_is_taken_is_named(tmp_path: Path, taken_port: int) -> None:
    with pytest.raises(ConfigError, match=rf"port {taken_port} \(queue\) is taken by another program"):
        StackConfig.prepare(tmp_path, {"queue": taken_port})


@pytest.mark.parametrize(
    ("wishes", "complaint"),
    [({"queues": 7071}, "no port for 'queues'"), ({"blob": 20001, "queue": 20001}, "cannot share a port")],
)
def test_wishes_that_make_no_sense_are_refused(tmp_path: Path, wishes: dict[str, int], complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        StackConfig.prepare(tmp_path, wishes)


def test_a_damaged_file_is_named_with_its_cure(tmp_path: Path) -> None:
    StackConfig.prepare(tmp_path)
    StateFolder(tmp_path).config.write_text('{"ports": 1}')
    with pytest.raises(ConfigError, match=r"stack\.json is not a stack's configuration; `make clean` removes it"):
        StackConfig.prepare(tmp_path)


def test_an_empty_folder_has_no_stack(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no stack"):
        StackConfig.load(tmp_path)
