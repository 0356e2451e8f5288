"""The calls on certificates, as far as a credential's life needs them: self-signed or imported, no contacts,
no issuers, no renewal. The secret of the same name holds the private key, and lives and dies with its certificate.
"""

import base64
from uuid import uuid4

from pydantic import ValidationError

from devstack.doubles.documents import Document
from devstack.doubles.keyvault import errors
from devstack.doubles.keyvault.admission import Call
from devstack.doubles.keyvault.certificate_material import Material, Policy, imported, self_signed, signing_request
from devstack.doubles.keyvault.paging import page
from devstack.doubles.keyvault.presentation import (
    certificate_bundle,
    certificate_policy,
    certificate_properties,
    certificate_summary,
    deleted_certificate,
    pending_operation,
)
from devstack.doubles.keyvault.rules.values import checked_fields
from devstack.doubles.keyvault.store import version_of


def create(call: Call) -> Document:
    """A new version by the body's policy; it is there when the caller first asks after the pending operation."""
    policy = _asked_policy(call)
    material = self_signed(policy, call.world.clock.now())
    _store(call, material, policy)
    item = call.certificates.live(call.name)
    item["pending"] = {"csr": signing_request(material), "request_id": uuid4().hex}
    call.certificates.save(item)
    return pending_operation(call, item, "inProgress")


def import_certificate(call: Call) -> Document:
    """A new version from the client's own certificate and key."""
    material = imported(call.body.get("value"), call.body.get("pwd"))
    version = _store(call, material, _asked_policy(call))
    return certificate_bundle(call, call.certificates.live(call.name), version)


def get_pending(call: Call) -> Document:
    """The operation of the last creation. 404 when there was none."""
    item = call.certificates.read(call.name)
    if "pending" not in item:
        raise errors.not_found("Certificate", f"{call.name}/pending")
    return pending_operation(call, item, "completed") | {"target": f"{call.base}/certificates/{item['name']}"}


def get_certificate(call: Call) -> Document:
    """One version, the newest by default."""
    item = call.certificates.read(call.name)
    return certificate_bundle(call, item, _existing_version(call, item))


def get_policy(call: Call) -> Document:
    """The policy of the newest version."""
    item = call.certificates.read(call.name)
    return certificate_policy(call, item, item["versions"][-1])


def list_certificates(call: Call) -> Document:
    """The newest version of each certificate, under an id without a version."""
    items = call.certificates.all(deleted=False)
    return page(call, "/certificates", items, _sort_key, lambda i: certificate_summary(call, i))


def list_versions(call: Call) -> Document:
    """All versions of one certificate."""
    item = call.certificates.read(call.name)
    versions: list[Document] = sorted(item["versions"], key=lambda version: version["version"])
    path = f"/certificates/{item['name']}/versions"
    return page(call, path, versions, lambda v: v["version"], lambda v: certificate_properties(call, item, v))


def update(call: Call) -> Document:
    """Change attributes, which the secret of the same name mirrors, and tags (Microsoft Learn, about-certificates)."""
    item = call.certificates.live(call.name)
    version = _existing_version(call, item)
    given = checked_fields(call.body)
    version["attributes"] |= given.pop("attributes") | {"updated": call.certificates.now()}
    version |= given
    call.certificates.save(item)
    secret = call.secrets.live(call.name)
    mirrored = version_of(secret, version["version"])
    if mirrored is not None:
        mirrored["attributes"] = dict(version["attributes"])
        call.secrets.save(secret)
    return certificate_bundle(call, item, version)


def delete(call: Call) -> Document:
    """All versions, and the secret with them."""
    item = call.certificates.delete(call.certificates.live(call.name))
    call.secrets.delete(call.secrets.live(call.name))
    return deleted_certificate(call, item)


def get_deleted(call: Call) -> Document:
    """404 until the deletion is complete."""
    return deleted_certificate(call, call.certificates.read_deleted(call.name))


def list_deleted(call: Call) -> Document:
    """The deleted certificates by name."""
    items = call.certificates.all(deleted=True)
    return page(
        call,
        "/deletedcertificates",
        items,
        lambda item: item["name"].casefold(),
        lambda i: deleted_certificate(call, i),
    )


def recover(call: Call) -> Document:
    """The certificate and its secret as they were."""
    item = call.certificates.recover(call.certificates.deleted(call.name))
    call.secrets.recover(call.secrets.deleted(call.name))
    return certificate_bundle(call, item, item["versions"][-1])


def purge(call: Call) -> None:
    """Gone for good, the secret with it."""
    call.certificates.purge(call.certificates.deleted(call.name))
    call.secrets.purge(call.secrets.deleted(call.name))


def _asked_policy(call: Call) -> Policy:
    try:
        return Policy.model_validate(call.body.get("policy") or {})
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise errors.invalid_value(f"policy.{place}") from error


def _store(call: Call, material: Material, policy: Policy) -> Document:
    secret = call.secrets.existing(call.name)
    if secret is not None and "kid" not in secret["versions"][-1]:
        raise errors.already_exists("Secret", call.name)
    given = checked_fields(call.body)
    certificate = material.certificate
    attributes = given["attributes"] | {
        "nbf": int(certificate.not_valid_before_utc.timestamp()),
        "exp": int(certificate.not_valid_after_utc.timestamp()),
    }
    content_type = policy.secret_props.contentType
    version: Document = {
        "attributes": attributes,
        "tags": given.get("tags", {}),
        "cer": base64.b64encode(material.der).decode(),
        "x5t": material.thumbprint,
        "policy": policy.model_dump(),
    }
    stored = call.certificates.add_version(call.name, version)
    shared: Document = {"version": stored["version"], "attributes": attributes, "tags": version["tags"]}
    call.secrets.add_version(
        call.name,
        {
            **shared,
            "value": material.exported(content_type),
            "contentType": content_type,
            "kid": f"{call.base}/keys/{call.name}/{stored['version']}",
        },
    )
    return stored


def _sort_key(item: Document) -> str:
    return item["name"].casefold()


def _existing_version(call: Call, item: Document) -> Document:
    version = version_of(item, call.path.get("version"))
    if version is None:
        raise errors.not_found("Certificate", f"{call.name}/{call.path['version']}")
    return version
