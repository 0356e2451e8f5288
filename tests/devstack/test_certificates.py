"""The stack's CA and server certificate: kept while they last, renewed before they end."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from cryptography import x509

from devstack.certificates import Certificates, ensure


def contents(files: Certificates) -> list[bytes]:
    return [f.read_bytes() for f in (files.ca, files.server, files.server_key)]


@pytest.mark.parametrize("host", ["graph.microsoft.com", "contoso-registrar.vault.azure.net", "127.0.0.1"])
def test_a_client_with_the_authority_trusts_the_server(tmp_path: Path, host: str) -> None:
    files = ensure(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.server, files.server_key)
    ours, theirs = socket.socketpair()

    def answer() -> None:
        server.wrap_socket(theirs, server_side=True).close()

    thread = threading.Thread(target=answer)
    thread.start()
    client = ssl.create_default_context(cafile=files.ca)
    with client.wrap_socket(ours, server_hostname=host) as secured:
        assert secured.getpeercert()
    thread.join()


def test_nothing_changes_on_a_second_start(tmp_path: Path) -> None:
    before = contents(ensure(tmp_path))
    assert contents(ensure(tmp_path)) == before


def test_keys_are_private(tmp_path: Path) -> None:
    files = ensure(tmp_path)
    assert {f.stat().st_mode & 0o777 for f in (files.ca_key, files.server_key)} == {0o600}


def test_the_server_certificate_is_renewed_by_the_same_authority(tmp_path: Path) -> None:
    files = ensure(tmp_path)
    authority, first = files.ca.read_bytes(), x509.load_pem_x509_certificate(files.server.read_bytes())
    later = datetime.now(UTC) + timedelta(days=390)
    with time_machine.travel(later):
        ensure(tmp_path)
    second = x509.load_pem_x509_certificate(files.server.read_bytes())
    assert files.ca.read_bytes() == authority
    assert second.not_valid_after_utc > first.not_valid_after_utc
