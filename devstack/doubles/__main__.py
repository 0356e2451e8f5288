"""`python -m devstack.doubles --state DIR`: run the doubles of a prepared state folder until SIGTERM or SIGINT."""

import argparse
import asyncio
import logging
import signal
import sys
from pathlib import Path

from devstack.config import ConfigError, StackConfig
from devstack.doubles.stack import running

_log = logging.getLogger("devstack.doubles")


async def _run(state: Path) -> None:
    config = StackConfig.load(state)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(state, config):
        _log.info("doubles are ready, control plane on http://127.0.0.1:%d", config.ports.control)
        await stop.wait()


def main() -> int:
    """Run until told to stop; 1 when the folder or a port does not allow it."""
    parser = argparse.ArgumentParser(prog="devstack.doubles", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="state folder with stack.json")
    state: Path = parser.parse_args().state
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    try:
        asyncio.run(_run(state))
    except (ConfigError, OSError) as error:
        print(f"doubles: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
