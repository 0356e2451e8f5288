"""Where the namespace's messages are kept: among the documents of all doubles, so that they outlive the process."""

import base64

from devstack.doubles.documents import Documents
from devstack.doubles.servicebus.entities.stored import Stored

MESSAGES, SEQUENCES, SESSIONS = "busMessages", "busSequences", "busSessions"
"""Collections of documents. Keys are an entity's path in lower case; for a message with a blank and its number, for a
session with a blank and its id."""


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

    def put_session(self, path: str, session_id: str, state: bytes | None) -> None:
        """Keep what a receiver left in a session; None forgets it."""
        key = f"{path.casefold()} {session_id}"
        if state is None:
            self._documents.delete(SESSIONS, key)
        else:
            kept = {"path": path, "sessionId": session_id, "state": base64.b64encode(state).decode()}
            self._documents.put(SESSIONS, key, kept)
