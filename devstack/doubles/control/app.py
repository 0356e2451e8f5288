"""The control plane as an ASGI application: plain HTTP and JSON."""

from collections.abc import Callable, Sequence

from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import ASGIApp

from devstack.doubles.control import errors
from devstack.doubles.control.operations import Control
from devstack.doubles.control.routes import routes
from devstack.doubles.world import World


def create(world: World, plant: Callable[[], object], further: Sequence[Route] = ()) -> ASGIApp:
    """The control plane of one world; `plant` fills the emptied world again after a reset.

    `further` are routes of doubles that have something of their own to control.
    """
    handlers = {
        ValidationError: errors.invalid,
        LookupError: errors.unfit,
        HTTPException: errors.unserved,
    }
    return Starlette(routes=routes(Control(world, plant), further), exception_handlers=handlers)
