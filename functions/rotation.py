"""Rotation: a timer finds what is due and a queue carries it, along with Key Vault's own events."""

import azure.functions as func

from functions.brokers import Received, on_queue

blueprint = func.Blueprint()


@blueprint.function_name("sweep_credentials")
@blueprint.timer_trigger("timer", "%ROTATION_SCHEDULE%")
async def sweep_credentials(timer: func.TimerRequest) -> None:
    """Send a message for each credential that is due, hourly by default."""
    from shared.bootstrap import get_app
    from shared.rotation.sweep import sweep

    services = get_app().services
    await sweep(services.due, services.queues, services.runtime)


@blueprint.function_name("check_due_index")
@blueprint.timer_trigger("timer", "0 40 3 * * *")
async def check_due_index(timer: func.TimerRequest) -> None:
    """Compare a slice of the due index with the vault and the directory, every night."""
    from shared.bootstrap import get_app

    await get_app().index_check.run()


@on_queue(blueprint, "credential-rotations")
async def rotate_credential(received: Received) -> None:
    """Check whether a credential is due, and rotate or retire it."""
    from shared.bootstrap import get_app

    await get_app().rotations.receive(received.body)
