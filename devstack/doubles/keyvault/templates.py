"""New secrets and certificates, and their versions, with the vault's defaults."""

from uuid import uuid4

from devstack.doubles.documents import Document


def new_item(vault: str, name: str) -> Document:
    """An object without a version."""
    return {"vault": vault, "name": name, "versions": []}


def new_version(given: Document, now: int) -> Document:
    """A version with an id (unless one is given) and times; `given` has at least `attributes`."""
    return {
        "version": uuid4().hex,
        "tags": {},
        **given,
        "attributes": {"enabled": True, **given["attributes"], "created": now, "updated": now},
    }
