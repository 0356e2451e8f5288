"""The calls that the double of ServiceNow serves."""

from starlette.routing import Route

from devstack.doubles.ticketing.servicenow.operations import ITEMS, JOURNAL, TableApi


def routes(api: TableApi) -> list[Route]:
    """All routes, below `/api/now/table`; those of any other table refuse it by its name."""
    return [
        route
        for table in (ITEMS, JOURNAL, "{table}")
        for route in (
            Route(f"/api/now/table/{table}", api.endpoint(api.query)),
            Route(f"/api/now/table/{table}", api.endpoint(api.insert), methods=["POST"]),
            Route(f"/api/now/table/{table}/{{sys_id}}", api.endpoint(api.get)),
            Route(f"/api/now/table/{table}/{{sys_id}}", api.endpoint(api.update), methods=["PATCH", "PUT"]),
        )
    ]
