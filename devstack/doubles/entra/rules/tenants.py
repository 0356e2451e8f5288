"""Which tenant a path means."""

from devstack.doubles.entra import errors
from devstack.doubles.world import World

ANY_TENANT = ("common", "organizations")


def known_tenant(world: World, name: str) -> str | None:
    """The tenant id behind a path's first segment: an id, a domain, or the word for any tenant."""
    lowered = name.casefold()
    if lowered in (world.tenant.id.casefold(), world.tenant.domain.casefold()):
        return world.tenant.id
    return lowered if lowered in ANY_TENANT else None


def check_tenant(world: World, name: str) -> None:
    """Raises SignInRefusedError unless the path names the one tenant."""
    tenant = known_tenant(world, name)
    if tenant is None:
        raise errors.unknown_tenant(name)
    if tenant != world.tenant.id:
        raise errors.no_tenant()
