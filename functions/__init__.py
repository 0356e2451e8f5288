"""The entry points, one file each: triggers translate what the host delivers and delegate to `shared`.

Nothing heavy is imported while the host indexes: `shared.bootstrap` loads the SDKs at a worker's first event.
"""

from azure.functions import Blueprint

from functions import (
    approval,
    audit,
    health,
    openapi,
    operations,
    process_registration,
    reports,
    requests,
    rotation,
    tickets,
    upkeep,
    webhooks,
)

BLUEPRINTS: tuple[Blueprint, ...] = (
    process_registration.blueprint,
    webhooks.blueprint,
    requests.blueprint,
    approval.blueprint,
    tickets.blueprint,
    rotation.blueprint,
    upkeep.blueprint,
    audit.blueprint,
    reports.blueprint,
    operations.blueprint,
    health.blueprint,
    openapi.blueprint,
)
