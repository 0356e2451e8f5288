"""How secrets and certificates look to a caller: live and deleted, whole and in lists."""

from devstack.doubles.documents import Document
from devstack.doubles.keyvault.admission import Call


def secret_bundle(call: Call, item: Document, version: Document) -> Document:
    """A secret version with its value."""
    return {"value": version["value"], **secret_properties(call, item, version)}


def secret_properties(call: Call, item: Document, version: Document) -> Document:
    """A secret version without its value."""
    return _secret(call, version, f"{call.base}/secrets/{item['name']}/{version['version']}")


def secret_summary(call: Call, item: Document) -> Document:
    """The newest version as lists show it."""
    return _secret(call, item["versions"][-1], f"{call.base}/secrets/{item['name']}")


def _secret(call: Call, version: Document, identifier: str) -> Document:
    shown: Document = {"id": identifier, "attributes": version["attributes"] | _recovery(call), "tags": version["tags"]}
    if "contentType" in version:
        shown["contentType"] = version["contentType"]
    if "kid" in version:
        shown |= {"kid": version["kid"], "managed": True}
    return shown


def deleted_secret(call: Call, item: Document) -> Document:
    """A deleted secret."""
    return _deletion(call, item) | secret_properties(call, item, item["versions"][-1])


def _deletion(call: Call, item: Document, collection: str = "deletedsecrets") -> Document:
    return {
        "recoveryId": f"{call.base}/{collection}/{item['name']}",
        "deletedDate": item["deletedDate"],
        "scheduledPurgeDate": item["scheduledPurgeDate"],
    }


def deleted_secret_summary(call: Call, item: Document) -> Document:
    """A deleted secret as lists show it."""
    return secret_summary(call, item) | _deletion(call, item)


def certificate_bundle(call: Call, item: Document, version: Document) -> Document:
    """A certificate version with its public part."""
    name = f"{item['name']}/{version['version']}"
    shown = certificate_properties(call, item, version) | {
        "kid": f"{call.base}/keys/{name}",
        "sid": f"{call.base}/secrets/{name}",
        "cer": version["cer"],
        "policy": certificate_policy(call, item, version),
    }
    if "pending" in item:
        shown["pending"] = {"id": f"{call.base}/certificates/{item['name']}/pending"}
    return shown


def certificate_properties(call: Call, item: Document, version: Document) -> Document:
    """A certificate version as lists of versions show it."""
    return _certificate(call, version, f"{call.base}/certificates/{item['name']}/{version['version']}")


def certificate_summary(call: Call, item: Document) -> Document:
    """The newest version as lists show it."""
    return _certificate(call, item["versions"][-1], f"{call.base}/certificates/{item['name']}")


def _certificate(call: Call, version: Document, identifier: str) -> Document:
    return {
        "id": identifier,
        "x5t": version["x5t"],
        "attributes": version["attributes"] | _recovery(call),
        "tags": version["tags"],
    }


def certificate_policy(call: Call, item: Document, version: Document) -> Document:
    """The policy of a version."""
    return version["policy"] | {"id": f"{call.base}/certificates/{item['name']}/policy"}


def pending_operation(call: Call, item: Document, status: str) -> Document:
    """The operation of the last creation."""
    return {
        "id": f"{call.base}/certificates/{item['name']}/pending",
        "issuer": item["versions"][-1]["policy"]["issuer"],
        "csr": item["pending"]["csr"],
        "cancellation_requested": False,
        "status": status,
        "request_id": item["pending"]["request_id"],
    }


def deleted_certificate(call: Call, item: Document) -> Document:
    """A deleted certificate."""
    return certificate_bundle(call, item, item["versions"][-1]) | _deletion(call, item, "deletedcertificates")


def _recovery(call: Call) -> Document:
    return {"recoveryLevel": call.recovery_level, "recoverableDays": call.vault["recoverableDays"]}
