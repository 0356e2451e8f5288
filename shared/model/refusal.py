"""What a refused operation may have left behind."""

from shared.model.application import ApplicationRecord
from shared.model.operation import Operation


def has_given(operation: Operation, record: ApplicationRecord) -> bool:
    """Return whether anything may exist that a refusal must remove, or that its answer must name."""
    has_issued = any(made.has_begun for made in operation.credentials.values())
    return has_issued or bool(record.given_by(operation.id)) or is_unnamed(operation, record)


def is_unnamed(operation: Operation, record: ApplicationRecord) -> bool:
    """Return whether this operation may have created an application or principal whose id it never learned."""
    if record.founded_by != operation.id or record.application_write is None:
        return False
    has_principal = record.principal_written_at is None or record.service_principal_id is not None
    return record.object_id is None or not has_principal
