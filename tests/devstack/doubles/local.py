"""All doubles on real sockets, in a thread of the test process."""

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devstack.certificates import Certificates
from devstack.config import StackConfig, StateFolder
from devstack.doubles.stack import running
from devstack.doubles.world import World
from devstack.ports import PortReservations


@dataclass(frozen=True)
class Local:
    """A running set of doubles; `world` belongs to another thread, but documents and weather may be changed."""

    state: Path
    config: StackConfig
    world: World

    @property
    def environment(self) -> dict[str, str]:
        """What a client is given, and no more."""
        bundle = str(Certificates(StateFolder(self.state).certificates).ca)
        return {
            "HTTPS_PROXY": f"http://127.0.0.1:{self.config.ports.proxy}",
            "NO_PROXY": "localhost,127.0.0.1",
            "SSL_CERT_FILE": bundle,
            "REQUESTS_CA_BUNDLE": bundle,
        }

    @property
    def control(self) -> str:
        """The control plane's URL."""
        return f"http://127.0.0.1:{self.config.ports.control}"


@contextmanager
def doubles(state: Path, *, bus_entities: Path | None = None) -> Generator[Local]:
    """Run the doubles of a state folder; `bus_entities` says what the namespace holds instead of the product's."""
    reserved = PortReservations()
    config = StackConfig.prepare(state, take_port=reserved.take, bus_entities=bus_entities)
    ready, stop = threading.Event(), asyncio.Event()
    worlds: list[World] = []
    failures: list[BaseException] = []
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with running(state, config) as world:
            worlds.append(world)
            ready.set()
            await stop.wait()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        except BaseException as error:
            failures.append(error)
        finally:
            ready.set()
            loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait()
    try:
        if failures:
            raise failures[0]
        yield Local(state, config, worlds[0])
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(stop.set)
        thread.join()
        reserved.release()
    assert failures == []
