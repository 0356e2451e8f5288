"""The calls that the double of Key Vault serves, with the data action that each needs; the more special ones first."""

from starlette.routing import Route

from devstack.doubles.keyvault.admission import Admission
from devstack.doubles.keyvault.operations import certificates, deleted_secrets, secrets

_SECRET, _DELETED_SECRET = "/secrets/{name}", "/deletedsecrets/{name}"
_SECRET_VERSION = f"{_SECRET}/{{version}}"
_METADATA_READ = "secrets/readMetadata/action"
_CERTIFICATE, _DELETED_CERTIFICATE = "/certificates/{name}", "/deletedcertificates/{name}"
_CERTIFICATE_READ = "certificates/read"


def routes(admission: Admission) -> list[Route]:
    """All routes."""
    return [*_secrets(admission), *_deleted_secrets(admission), *_certificates(admission)]


def _secrets(admission: Admission) -> list[Route]:
    route = admission.routes
    return [
        *route("GET", "/secrets", _METADATA_READ, secrets.list_secrets),
        *route("POST", "/secrets/restore", "secrets/restore/action", secrets.restore, creates=True),
        *route("POST", f"{_SECRET}/backup", "secrets/backup/action", secrets.backup),
        *route("GET", f"{_SECRET}/versions", _METADATA_READ, secrets.list_versions),
        *route("PUT", _SECRET, "secrets/setSecret/action", secrets.set_secret, creates=True),
        *route("GET", _SECRET, "secrets/getSecret/action", secrets.get_secret),
        *route("GET", _SECRET_VERSION, "secrets/getSecret/action", secrets.get_secret),
        *route("PATCH", _SECRET, "secrets/setSecret/action", secrets.update),
        *route("PATCH", _SECRET_VERSION, "secrets/setSecret/action", secrets.update),
    ]


def _deleted_secrets(admission: Admission) -> list[Route]:
    route = admission.routes
    return [
        *route("DELETE", _SECRET, "secrets/delete", deleted_secrets.delete),
        *route("GET", "/deletedsecrets", _METADATA_READ, deleted_secrets.list_deleted),
        *route("POST", f"{_DELETED_SECRET}/recover", "secrets/recover/action", deleted_secrets.recover),
        *route("GET", _DELETED_SECRET, _METADATA_READ, deleted_secrets.get_deleted),
        *route("DELETE", _DELETED_SECRET, "secrets/purge/action", deleted_secrets.purge),
    ]


def _certificates(admission: Admission) -> list[Route]:
    route = admission.routes
    created, imported = "certificates/create/action", "certificates/import/action"
    return [
        *route("GET", "/certificates", _CERTIFICATE_READ, certificates.list_certificates),
        *route("POST", f"{_CERTIFICATE}/create", created, certificates.create, status=202, creates=True),
        *route("POST", f"{_CERTIFICATE}/import", imported, certificates.import_certificate, creates=True),
        *route("GET", f"{_CERTIFICATE}/pending", _CERTIFICATE_READ, certificates.get_pending),
        *route("GET", f"{_CERTIFICATE}/policy", _CERTIFICATE_READ, certificates.get_policy),
        *route("GET", f"{_CERTIFICATE}/versions", _CERTIFICATE_READ, certificates.list_versions),
        *route("GET", _CERTIFICATE, _CERTIFICATE_READ, certificates.get_certificate),
        *route("GET", f"{_CERTIFICATE}/{{version}}", _CERTIFICATE_READ, certificates.get_certificate),
        *route("PATCH", f"{_CERTIFICATE}/{{version}}", "certificates/update/action", certificates.update),
        *route("DELETE", _CERTIFICATE, "certificates/delete", certificates.delete),
        *route("GET", "/deletedcertificates", _CERTIFICATE_READ, certificates.list_deleted),
        *route("POST", f"{_DELETED_CERTIFICATE}/recover", "certificates/recover/action", certificates.recover),
        *route("GET", _DELETED_CERTIFICATE, _CERTIFICATE_READ, certificates.get_deleted),
        *route("DELETE", _DELETED_CERTIFICATE, "certificates/purge/action", certificates.purge),
    ]
