"""The timers: stalled operations are resent, lost secrets are removed, messages the host poisoned are answered.

Once a night, owners of version 1 are pinned to their objects in the directory.
"""

import azure.functions as func

blueprint = func.Blueprint()


@blueprint.function_name("resume_registrations")
@blueprint.timer_trigger("timer", "0 * * * * *", run_on_startup=True, use_monitor=False)
async def resume_registrations(timer: func.TimerRequest) -> None:
    """Resend unsettled operations that make no progress, every minute and at start."""
    from shared.bootstrap import get_app
    from shared.operations.resume import resume_unsettled

    services = get_app().services
    await resume_unsettled(services.operations, services.queues, services.runtime)


@blueprint.function_name("clean_up_credentials")
@blueprint.timer_trigger("timer", "30 */5 * * * *")
async def clean_up_credentials(timer: func.TimerRequest) -> None:
    """Remove secrets whose value never reached the vault, every five minutes."""
    from shared.bootstrap import get_app
    from shared.registration.cleanup import clean_up

    await clean_up(get_app().ports)


@blueprint.function_name("settle_poison")
@blueprint.timer_trigger("timer", "45 */5 * * * *")
async def settle_poison(timer: func.TimerRequest) -> None:
    """Answer messages that the host gave up on, and keep them with a reason, every five minutes."""
    from shared.bootstrap import get_app
    from shared.intake.poison import drain_poison_queues

    app = get_app()
    services = app.services
    await drain_poison_queues(
        services.queues, services.operations, services.ticket_updates, app.intake, app.webhook_intake
    )


@blueprint.function_name("pin_owners")
@blueprint.timer_trigger("timer", "0 20 3 * * *")
async def pin_owners(timer: func.TimerRequest) -> None:
    """Pin owners known only by an address to their object ids, every night."""
    from shared.bootstrap import get_app
    from shared.credentials.owners import pin_owners as pin

    services = get_app().services
    await pin(services.applications, services.people, services.leases, services.backoff, services.runtime)
