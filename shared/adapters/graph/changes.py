"""Changes of the applications since a moment: Graph's delta query.

The link that ends a round is where the next one begins (Microsoft Learn, "Use delta query to track changes in
Microsoft Graph data" and application-delta). We keep it in a table row, so it is checked before it is
followed.
"""

from msgraph.graph_service_client import GraphServiceClient

from shared.adapters.graph.client import GraphSender
from shared.adapters.graph.mapping import CREDENTIAL_FIELDS, credentials_from
from shared.adapters.graph.models import ApplicationChange, ApplicationChangePage
from shared.core.errors import RefusedError, UnavailableError
from shared.core.naming import APPLICATION_TAG
from shared.model.directory import SeenCredentials
from shared.ports import ChangedApplications


class GraphChanges:
    """Reads the changes of the tenant's applications, and selects ours."""

    def __init__(self, client: GraphServiceClient, sender: GraphSender) -> None:
        self._builder = client.applications
        self._root = f"{client.request_adapter.base_url}/"
        self._sender = sender

    async def from_now_on(self) -> str:
        """Request a link for changes from now on, without earlier ones."""
        select = ",".join(CREDENTIAL_FIELDS)
        return (await self.since(f"{self._root}applications/delta?$select={select}&$deltatoken=latest")).link

    async def since(self, link: str) -> ChangedApplications:
        """Read all pages from a link to the next. Raises RefusedError when it is not honoured, or not Graph's own.

        Every change carries the fields selected with the first link, changed or not.
        """
        seen, removed = dict[str, SeenCredentials](), list[str]()
        while True:
            page = await self._page(link)
            for change in page.list("value", ApplicationChange):
                unique_name = change.string("uniqueName")
                if change.is_removal:
                    removed.append(change.required("id"))
                elif unique_name is not None and APPLICATION_TAG in change.strings_of("tags"):
                    seen[unique_name] = credentials_from(change)
            following, last = page.string("@odata.nextLink"), page.string("@odata.deltaLink")
            if following is None and last is not None:
                return ChangedApplications(seen, tuple(removed), last)
            if following is None:
                raise UnavailableError("the list of changed applications ended without its end")
            link = following

    async def _page(self, link: str) -> ApplicationChangePage:
        if not link.startswith(self._root):
            raise RefusedError("a list of changes was to go on where Microsoft Graph is not")
        request = self._builder.with_url(link).to_get_request_information()
        page = await self._sender.get(request, ApplicationChangePage)
        if page is None:
            raise RefusedError("Microsoft Graph does not know a list of changes any more")
        return page
