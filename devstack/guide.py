"""What `devstack up` tells its user: where the stack's parts are, and how to write one's own scripts."""

import textwrap
from pathlib import Path

from devstack.config import StackConfig, StateFolder
from devstack.environment import client_environment
from devstack.project import project

_GUIDE = """\
The local stack is running; Ctrl-C stops it. Its state is kept in {state}.

{of_app}
The stack
  {logs}/*.log
  {control}        the control plane: clock, weather, faults, counters (GET / lists them)
  {control}/ticketing         tickets: make one, decide on it, read it
  {ticketing}       ServiceNow's and Jira's APIs
  queues, tables, blobs         any storage client with AZURE_STORAGE_CONNECTION_STRING

Your own scripts: eval "$(make -s env)" sets
  {names}
  From then on that shell reaches login.microsoftonline.com, graph.microsoft.com and {vault}
  of this stack, and no other host over HTTPS.
"""


def describe(config: StackConfig, state: Path) -> str:
    """The guide to one running stack, with what `devstack.toml` says of the app."""
    environment = client_environment(config, state)
    return _GUIDE.format(
        state=state,
        of_app=config.filled_in({"guide": project().guide.text})["guide"],
        logs=StateFolder(state).logs,
        control=environment["DEVSTACK_CONTROL_URL"],
        ticketing=config.ticketing_url,
        vault=config.vault_url.removeprefix("https://"),
        names=_wrapped(sorted(environment)),
    )


def _wrapped(names: list[str]) -> str:
    return textwrap.fill(" ".join(names), width=96, subsequent_indent="  ")
