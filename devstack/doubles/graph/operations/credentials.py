"""What a PATCH does to the credentials of an application or a service principal."""

from typing import cast

from devstack.doubles.documents import Document
from devstack.doubles.graph.operations.certificates import replace_keys
from devstack.doubles.graph.operations.passwords import kept_passwords
from devstack.doubles.graph.rules.payload import Fields
from devstack.doubles.graph.store import Directory


def with_credentials(directory: Directory, collection: str, current: Document, changes: Fields) -> Fields:
    """The changes with their credentials as they will be kept: secrets stay or go, certificates are replaced.

    Raises GraphError 400 for a new secret, which only addPassword makes, and for a certificate that is none.
    """
    resolved = dict(changes)
    if "passwordCredentials" in changes:
        sent = cast("list[Document]", changes["passwordCredentials"])
        resolved["passwordCredentials"] = kept_passwords(current["passwordCredentials"], sent)
    if "keyCredentials" in changes:
        resolved["keyCredentials"] = replace_keys(directory, collection, current, changes["keyCredentials"])
    return resolved
