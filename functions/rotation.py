"""Rotation: a timer finds what is due and a queue carries it, along with Key Vault's own events."""

import azure.functions as func

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


@blueprint.function_name("rotate_credential")
@blueprint.queue_trigger("message", "credential-rotations", "AzureWebJobsStorage")  # pyright: ignore[reportUnknownMemberType]  the SDK does not type its **kwargs
async def rotate_credential(message: func.QueueMessage) -> None:
    """Check whether a credential is due, and rotate or retire it."""
    from shared.bootstrap import get_app

    await get_app().rotations.receive(message.get_body())
