"""All doubles of one stack, running: TLS port, proxy, managed-identity endpoint, ticketing systems, control plane."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from devstack import certificates
from devstack.clock import StackClock
from devstack.config import StackConfig, StateFolder
from devstack.doubles.control import app as control
from devstack.doubles.dispatch import by_host
from devstack.doubles.entra import app as entra
from devstack.doubles.faults import StorageName
from devstack.doubles.gateway import gateways
from devstack.doubles.graph import app as graph
from devstack.doubles.graph import control as graph_control
from devstack.doubles.identity import app as identity
from devstack.doubles.keyvault import app as keyvault
from devstack.doubles.proxy import proxying
from devstack.doubles.seed import plant
from devstack.doubles.servicebus import app as servicebus
from devstack.doubles.servicebus import control as servicebus_control
from devstack.doubles.servicebus.transport import serving_tcp
from devstack.doubles.serving import serving
from devstack.doubles.ticketing import app as ticketing
from devstack.doubles.ticketing import control as ticketing_control
from devstack.doubles.ticketing.flow import flowing
from devstack.doubles.tokens import Tokens
from devstack.doubles.world import Tenant, World, open_world
from devstack.environment import azurite
from devstack.project import project

HOSTS = ("login.microsoftonline.com", "graph.microsoft.com", "*.vault.azure.net", "*.servicebus.windows.net")
"""The host names that have a double; the proxy refuses every other."""


@asynccontextmanager
async def running(state: Path, config: StackConfig) -> AsyncGenerator[World]:
    """Run the doubles of a state folder on the configuration's ports, and yield their world.

    Ready when entered: the control plane is the last to open its port. Raises OSError when a port is taken.
    """
    folder = StateFolder(state)
    names = project().tenant
    tenant = Tenant(config.tenant_id, names.display_name, names.domain)
    world = open_world(tenant, StackClock(folder.clock), folder.documents)
    tokens = Tokens(tenant.id, world.clock.time, state, world.issued.tokens.append)
    plant(world, config)
    bus = servicebus.create(world, tokens, config.bus_entities)
    apps = (*(app.create(world, tokens) for app in (entra, graph, keyvault)), bus.app)
    doubles = by_host(dict(zip(HOSTS, apps, strict=True)), world.clock)
    ports = config.ports
    async with AsyncExitStack() as stack:
        stack.callback(world.documents.close)
        files = certificates.ensure(folder.certificates)
        await stack.enter_async_context(bus.keeping_time())
        https = await stack.enter_async_context(serving(doubles, ports.https, files))
        await stack.enter_async_context(proxying(HOSTS, https, ports.proxy))
        endpoint = identity.create(world, tokens, config.identity_header)
        await stack.enter_async_context(serving(endpoint, ports.identity))
        if config.recording:
            await _serve_gateways(world, state, config, stack)
        flow = await stack.enter_async_context(flowing(world, config))
        systems = ticketing.build(world, flow, project().ticketing.jira)
        await stack.enter_async_context(serving(ticketing.create(systems, config), ports.ticketing, files))

        if bus.broker is not None:
            await stack.enter_async_context(serving_tcp(bus.broker, ports.amqp))

        def plant_again() -> None:
            flow.abandon()
            flow.is_on = True
            if bus.broker is not None:
                bus.broker.entities.clear()
            plant(world, config)

        further = [
            *ticketing_control.routes(systems),
            *graph_control.routes(world),
            *servicebus_control.routes(bus.broker),
        ]
        plane = control.create(world, plant_again, further)
        await stack.enter_async_context(serving(plane, ports.control))
        yield world


async def _serve_gateways(world: World, state: Path, config: StackConfig, stack: AsyncExitStack) -> None:
    """Serve a gateway to each storage service of Azurite, with TLS if Azurite has it."""
    storage, ports = azurite(config, state), config.ports
    files = certificates.Certificates(StateFolder(state).certificates) if storage.certificate else None
    served: dict[StorageName, int] = {
        "blob": ports.blob_gateway,
        "queue": ports.queue_gateway,
        "table": ports.table_gateway,
    }
    origins: dict[StorageName, str] = {name: storage.origin(name) for name in served}
    apps = await stack.enter_async_context(gateways(world, origins, str(files.ca) if files else None))
    for name, app in apps.items():
        await stack.enter_async_context(serving(app, served[name], files))
