"""The stack's own certificate authority, which clients are given, and its server certificate.

Trusted by nobody but those who are pointed at it (`SSL_CERT_FILE`, `REQUESTS_CA_BUNDLE`); nothing is installed on the
machine. The public roots are not beside it: the proxy lets nothing out to where they would be needed, and every process
and many a connection would take a twentieth of a second to read them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography import x509

HOSTS = (
    "localhost",
    "127.0.0.1",
    "*.vault.azure.net",
    "login.microsoftonline.com",
    "graph.microsoft.com",
    "*.servicebus.windows.net",
)
_SERVER_LIFETIME = timedelta(days=397)
"""The longest life that every platform's verifier accepts."""
_RENEW_BEFORE = timedelta(days=30)


@dataclass(frozen=True)
class Certificates:
    """The files of one stack: the CA's certificate and key, the server's chain and key."""

    folder: Path

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def ca_key(self) -> Path:
        return self.folder / "ca.key"

    @property
    def server(self) -> Path:
        return self.folder / "server.pem"

    @property
    def server_key(self) -> Path:
        return self.folder / "server.key"


def ensure(folder: Path) -> Certificates:
    """Make what is missing, lacks a host or expires within 30 days; keep the rest, so that clients' bundles stay valid.

    Times are the wall clock's: TLS libraries know no other.
    """
    files = Certificates(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if _lasts(files.ca) and files.ca_key.exists():
        authority = trustme.CA.from_pem(files.ca.read_bytes(), files.ca_key.read_bytes())
    else:
        authority = trustme.CA(organization_name="devstack")
        _write_private(files.ca_key, authority.private_key_pem.bytes())
        files.ca.write_bytes(authority.cert_pem.bytes())
        files.server.unlink(missing_ok=True)
    if not (_lasts(files.server) and _covers_all(files.server) and files.server_key.exists()):
        issued = authority.issue_cert(*HOSTS, not_after=datetime.now(UTC) + _SERVER_LIFETIME)
        _write_private(files.server_key, issued.private_key_pem.bytes())
        files.server.write_bytes(b"".join(pem.bytes() for pem in issued.cert_chain_pems))
    return files


def _lasts(file: Path) -> bool:
    if not file.exists():
        return False
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    return certificate.not_valid_after_utc - datetime.now(UTC) > _RENEW_BEFORE


def _covers_all(file: Path) -> bool:
    """Return whether the certificate is for all hosts: one that an older stack made may not be."""
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(HOSTS) <= {
        str(name) for kind in (x509.DNSName, x509.IPAddress) for name in names.get_values_for_type(kind)
    }


def _write_private(file: Path, content: bytes) -> None:
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(content)
