"""Where the namespace's messages are kept: among the documents of all doubles, so that they outlive the process."""

from devstack.doubles.documents import Documents
from devstack.doubles.servicebus.entities.stored import Stored

MESSAGES, SEQUENCES = "busMessages", "busSequences"
"""Collections of documents. A message's key is its entity's path in lower case, a blank, and its number."""


class DocumentKeeper:
    """Keeps each message as one document."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def put(self, path: str, message: Stored) -> None:
        """Keep a message as it is now."""
        document = message.document() | {"path": path}
        self._documents.put(MESSAGES, f"{path.casefold()} {message.sequence_number}", document)

    def remove(self, path: str, sequence_number: int) -> None:
        """Forget a message."""
        self._documents.delete(MESSAGES, f"{path.casefold()} {sequence_number}")

    def put_sequence(self, path: str, last: int) -> None:
        """Keep the last sequence number that was given out."""
        self._documents.put(SEQUENCES, path.casefold(), {"last": last})
