"""What `make up` tells its user: how to send a request, where to look, and how to write one's own scripts."""

import textwrap
from pathlib import Path

from devstack.config import StackConfig, StateFolder
from devstack.environment import client_environment
from devstack.queues import INTAKE, RESULTS

_GUIDE = """\
The local stack is running; Ctrl-C stops it. Its state is kept in {state}.

Send a request (from another terminal)
  make send FILE=examples/azure-digital-twins.json
  make demo                     the whole demo, on this stack

Look
  make answers                  answers that are on the queue {results}
  {logs}/*.log
  {control}        the control plane: clock, weather, faults, counters (GET / lists them)
  {control}/ticketing         tickets: make one, decide on it, read it
  {ticketing}       ServiceNow's and Jira's APIs
  {functions}/api/health
  {functions}/api/credentials and /api/reports/credentials: with a token, see docs/runbook.md
  queues, tables, blobs         any storage client with AZURE_STORAGE_CONNECTION_STRING; requests go to {intake}

Your own scripts: eval "$(make -s env)" sets
  {names}
  From then on that shell reaches login.microsoftonline.com, graph.microsoft.com and {vault}
  of this stack, and no other host over HTTPS.
"""


def describe(config: StackConfig, state: Path) -> str:
    """The guide to one running stack."""
    environment = client_environment(config, state)
    return _GUIDE.format(
        state=state,
        results=RESULTS,
        intake=INTAKE,
        logs=StateFolder(state).logs,
        control=environment["DEVSTACK_CONTROL_URL"],
        functions=environment["DEVSTACK_FUNCTIONS_URL"],
        ticketing=config.ticketing_url,
        vault=config.vault_url.removeprefix("https://"),
        names=_wrapped(sorted(environment)),
    )


def _wrapped(names: list[str]) -> str:
    return textwrap.fill(" ".join(names), width=96, subsequent_indent="  ")
