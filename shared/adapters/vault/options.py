"""Call options of the SDKs for Key Vault's secrets and certificates."""

from typing import TypedDict


class CallOptions(TypedDict):
    """Keyword arguments that every client of the Azure SDK takes."""

    retry_total: int
    retry_status: int
    retry_backoff_factor: float
    connection_timeout: int
    read_timeout: int


# One quick retry when the connection is lost. Answers are never retried here: the SDK would sleep through a
# Retry-After of any length, which is for the operation to handle, not for a function.
ONCE_MORE = CallOptions(retry_total=1, retry_status=0, retry_backoff_factor=0.2, connection_timeout=10, read_timeout=30)
