"""Registers one application with the product's real adapters, in a process of its own, and reports on the process.

    python -m tests.contract.one_registration <request file>

The environment is the Functions app's. Prints one JSON object: the answer, and the SDK's models that were imported.
"""

import asyncio
import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


async def register(request: bytes) -> dict[str, Any]:
    """Hand the request to the app as its trigger does, and read the answer it sent."""
    from shared.bootstrap import get_app
    from shared.operations.claims import find

    app = get_app()
    await app.intake.accept(request, "message-1", datetime.now(UTC))
    operation_id = await find(app.services.operations, "queue", json.loads(request)["requestId"])
    assert operation_id is not None
    stored = await app.services.operations.read(operation_id)
    assert stored is not None
    return json.loads(stored.value.model_dump_json())


def main() -> None:
    """Register, then report."""
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    operation = asyncio.run(register(Path(sys.argv[1]).read_bytes()))
    models = sorted(name for name in sys.modules if name.startswith("msgraph.generated.models."))
    print(json.dumps({"operation": operation, "models": models}))  # noqa: T201 - the report


if __name__ == "__main__":
    main()
