"""The ways in, one file each: triggers translate what the host delivers and delegate to `shared`.

Nothing heavy is imported while the host indexes: `shared.bootstrap` brings the SDKs, at a worker's first event.
"""

from azure.functions import Blueprint

from functions import health, operations, process_registration, reports, requests, rotation, tickets, upkeep, webhooks

BLUEPRINTS: tuple[Blueprint, ...] = (
    process_registration.blueprint,
    webhooks.blueprint,
    requests.blueprint,
    tickets.blueprint,
    rotation.blueprint,
    upkeep.blueprint,
    reports.blueprint,
    operations.blueprint,
    health.blueprint,
)
