"""Cleans up after requests, however they ended: orphaned credentials, and pending removals."""

from shared.core import log
from shared.core.errors import RegistrarError
from shared.core.naming import NARROWING
from shared.core.runtime import within
from shared.credentials.cleanup import clean_up_credentials
from shared.operations.attempt import AppPorts
from shared.ports import Cleanup
from shared.registration.finishing import finish_taking_back


async def clean_up(ports: AppPorts) -> int:
    """Process the clean-up entries and remove what their operations left; return how many removals were made.

    These are secrets whose value never reached the vault, credentials that were never promoted, and removals from an
    app that were not certainly seen gone.

    An entry is closed only by a read that is younger than the lag window and shows none of it. A failing entry
    does not stop the others; the first failure is raised at the end.
    """
    removed, failures = 0, list[RegistrarError]()
    async for cleanup in ports.cleanups.all():
        try:
            removed += await _clean_up(ports, cleanup)
        except RegistrarError as error:
            log.warning("cleanup.postponed", app=cleanup.unique_name, reason=error.reason)
            failures.append(error)
    if failures:
        raise failures[0]
    return removed


async def _clean_up(ports: AppPorts, cleanup: Cleanup) -> int:
    if within(ports.lag_window, cleanup.since, ports.runtime.now()):
        return 0
    if cleanup.operation_id == NARROWING:
        return await finish_taking_back(ports, cleanup)
    return await clean_up_credentials(ports, cleanup)
