"""The stack's processes: what each is started with, and how one sees that it is ready."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Literal

import httpx

from devstack.config import StackConfig, StateFolder
from devstack.environment import azurite, functions_settings, own_environment
from devstack.forked import SETTING as FORKED_SETTING
from devstack.process import Service
from devstack.project import REPOSITORY, project

type HostName = Literal["host", "host-2"]
type ServiceName = Literal["doubles", "azurite", "template"] | HostName

HOSTS: Sequence[HostName] = ("host", "host-2")
"""Two instances of the app, as when Azure scales out: same queues, same storage, same settings."""


def describe_services(
    config: StackConfig, state: Path, app: Path, template: Path | None = None
) -> dict[ServiceName, Service]:
    """The services of one stack.

    `app` is the Functions app's folder. `template` is the socket of the process that forks the doubles, hosts and
    workers, where one is to.
    """
    ports, folder = config.ports, StateFolder(state)
    own = own_environment() | {"TMPDIR": str(folder.temporary)}
    python = own | {"PYTHONPATH": str(REPOSITORY)}
    storage = azurite(config, state)
    arguments, _ = storage.command()
    # Which of the app's processes makes a call is read from here: the SDKs add it to their User-Agent.
    caller = {"AZURE_HTTP_USER_AGENT": "devstack-host"}
    environment = python | functions_settings(config, state) | caller | config.settings
    forked = {FORKED_SETTING: str(template)} if template is not None else {}
    services: dict[ServiceName, Service] = {
        "doubles": Service(
            "doubles",
            [sys.executable, "-m", "devstack.doubles", "--state", str(state)],
            python,
            partial(_answers, f"http://127.0.0.1:{ports.control}/health"),
            template=template,
        ),
        "azurite": Service("azurite", arguments, storage.environment(own), storage.is_ready),
    }
    for name in HOSTS:
        host = _host(name, app, host_url(config, name), folder.clock, environment | forked)
        services[name] = replace(host, template=template)
    if template is not None:
        services["template"] = describe_template(template)
    return services


def describe_template(socket: Path, *preload: str) -> Service:
    """The process that forks others of this checkout when asked at `socket`; `preload` is what it imports besides."""
    arguments = ["--socket", str(socket), "--preload", *project().app.preload, *preload]
    environment = own_environment() | {"PYTHONPATH": str(REPOSITORY)}
    return Service("template", [sys.executable, "-m", "devstack.template", *arguments], environment, socket.exists)


def host_url(config: StackConfig, name: HostName) -> str:
    """Where the HTTP functions of one host are."""
    port = config.ports.functions if name == "host" else config.ports.functions_2
    return f"http://127.0.0.1:{port}"


def _host(name: HostName, app: Path, url: str, clock: Path, environment: dict[str, str]) -> Service:
    command = [sys.executable, "-m", "devstack.host"]
    options = ["--app", str(app), "--port", url.rpartition(":")[2], "--clock-file", str(clock)]
    return Service(name, [*command, *options], environment, partial(_answers, f"{url}/admin/host/status"))


def _answers(url: str) -> bool:
    try:
        # Asked many times a second over plain HTTP: each reading of certificates would cost 25 ms.
        return httpx.get(url, trust_env=False, verify=False, timeout=2).is_success  # noqa: S501
    except httpx.TransportError:
        return False
