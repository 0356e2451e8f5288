"""The audit record's timers: noted entries go into the chain, and the chain's end is anchored every day."""

import azure.functions as func

blueprint = func.Blueprint()


@blueprint.function_name("extend_audit")
@blueprint.timer_trigger("timer", "15 * * * * *")
async def extend_audit(timer: func.TimerRequest) -> None:
    """Move noted entries into the audit chain, every minute."""
    from shared.audit.writing import extend_chain
    from shared.bootstrap import get_app

    await extend_chain(get_app().services.audit)


@blueprint.function_name("anchor_audit")
@blueprint.timer_trigger("timer", "0 5 * * * *")
async def anchor_audit(timer: func.TimerRequest) -> None:
    """Anchor the end of the audit chain, once a day; it is tried every hour, and the first one counts."""
    from shared.audit.anchoring import anchor_chain
    from shared.bootstrap import get_app

    services = get_app().services
    await anchor_chain(services.audit, services.anchors, services.runtime)
