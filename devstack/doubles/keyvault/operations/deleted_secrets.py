"""Soft deletion of secrets: delete, look, recover, purge."""

from devstack.doubles.documents import Document
from devstack.doubles.keyvault import errors
from devstack.doubles.keyvault.admission import Call
from devstack.doubles.keyvault.paging import page
from devstack.doubles.keyvault.presentation import deleted_secret, deleted_secret_summary, secret_properties


def delete(call: Call) -> Document:
    """All versions at once; a single version cannot be deleted."""
    item = call.secrets.live(call.name)
    if "kid" in item["versions"][-1]:
        raise errors.managed("delete")
    return deleted_secret(call, call.secrets.delete(item))


def get_deleted(call: Call) -> Document:
    """404 until the deletion is complete."""
    return deleted_secret(call, call.secrets.read_deleted(call.name))


def list_deleted(call: Call) -> Document:
    """The deleted secrets by name."""
    items = call.secrets.all(deleted=True)
    return page(
        call,
        "/deletedsecrets",
        items,
        lambda item: item["name"].casefold(),
        lambda item: deleted_secret_summary(call, item),
    )


def recover(call: Call) -> Document:
    """The secret as it was, under its newest version's id."""
    item = call.secrets.recover(call.secrets.deleted(call.name))
    return secret_properties(call, item, item["versions"][-1])


def purge(call: Call) -> None:
    """Gone for good, where the vault allows it."""
    call.secrets.purge(call.secrets.deleted(call.name))
