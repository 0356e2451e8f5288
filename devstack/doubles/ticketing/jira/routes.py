"""The calls that the double of Jira serves."""

from starlette.routing import Route

from devstack.doubles.ticketing.jira.operations import Api


def routes(api: Api) -> list[Route]:
    """All routes, below `/rest/api/3`."""
    one = "/rest/api/3/issue/{key}"
    return [
        Route("/rest/api/3/issue", api.endpoint(api.create), methods=["POST"]),
        Route(one, api.endpoint(api.get)),
        Route(f"{one}/comment", api.endpoint(api.comments)),
        Route(f"{one}/comment", api.endpoint(api.comment), methods=["POST"]),
        Route(f"{one}/transitions", api.endpoint(api.transitions)),
        Route(f"{one}/transitions", api.endpoint(api.move), methods=["POST"]),
    ]
