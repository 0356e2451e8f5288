"""Route labels for the counters and the scripted faults."""

from collections.abc import Callable, Sequence

from starlette.routing import Route
from starlette.types import Scope


def label_by(routes: Sequence[Route]) -> Callable[[Scope], str]:
    """A function that names a call by method and route, e.g. `GET /secrets/{name}/{version}`.

    A trailing slash makes no difference. A call that no route serves is `<method> (unknown)`.
    """

    def label(scope: Scope) -> str:
        method, path = scope["method"], scope["path"]
        for route in routes:
            if route.path_regex.match(path) and (route.methods is None or method in route.methods):
                return f"{method} {route.path_format.rstrip('/')}"
        return f"{method} (unknown)"

    return label
