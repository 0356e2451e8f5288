"""Soft deletion of secrets: delete, look, recover, purge."""

from starlette.routing import Route

from devstack.doubles.documents import Document
from devstack.doubles.keyvault import errors
from devstack.doubles.keyvault.gateway import Call, Gateway
from devstack.doubles.keyvault.paging import page
from devstack.doubles.keyvault.secret_calls import properties, summary


def routes(gateway: Gateway) -> list[Route]:
    """The routes of this file."""
    name, metadata = "/deletedsecrets/{name}", "secrets/readMetadata/action"
    return [
        *gateway.routes("DELETE", "/secrets/{name}", "secrets/delete", delete),
        *gateway.routes("GET", "/deletedsecrets", metadata, list_deleted),
        *gateway.routes("POST", f"{name}/recover", "secrets/recover/action", recover),
        *gateway.routes("GET", name, metadata, get_deleted),
        *gateway.routes("DELETE", name, "secrets/purge/action", purge),
    ]


def delete(call: Call) -> Document:
    """All versions at once; a single version cannot be deleted."""
    item = call.secrets.live(call.name)
    if "kid" in item["versions"][-1]:
        raise errors.managed("delete")
    return deleted_bundle(call, call.secrets.delete(item))


def get_deleted(call: Call) -> Document:
    """404 until the deletion is complete."""
    return deleted_bundle(call, call.secrets.read_deleted(call.name))


def list_deleted(call: Call) -> Document:
    """The deleted secrets by name."""
    items = call.secrets.all(deleted=True)
    return page(
        call,
        "/deletedsecrets",
        items,
        lambda item: item["name"].casefold(),
        lambda item: summary(call, item) | _deletion(call, item),
    )


def recover(call: Call) -> Document:
    """The secret as it was, under its newest version's id."""
    item = call.secrets.recover(call.secrets.deleted(call.name))
    return properties(call, item, item["versions"][-1])


def purge(call: Call) -> None:
    """Gone for good, where the vault allows it."""
    call.secrets.purge(call.secrets.deleted(call.name))


def deleted_bundle(call: Call, item: Document) -> Document:
    """A deleted secret."""
    return _deletion(call, item) | properties(call, item, item["versions"][-1])


def _deletion(call: Call, item: Document) -> Document:
    return {
        "recoveryId": f"{call.base}/deletedsecrets/{item['name']}",
        "deletedDate": item["deletedDate"],
        "scheduledPurgeDate": item["scheduledPurgeDate"],
    }
