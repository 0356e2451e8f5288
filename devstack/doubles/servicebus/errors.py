"""What an entity refuses, with the condition that clients know it by (the clients' own tables of conditions)."""


class BusError(Exception):
    """A refusal. `status` is what a request to `$management` is answered with."""

    def __init__(self, condition: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.condition = condition
        self.description = description
        self.status = status


def message_lock_lost(path: str) -> BusError:
    """The lock has lapsed, or the message is gone."""
    return BusError(
        "com.microsoft:message-lock-lost",
        "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue,"
        f" or was received by a different receiver instance. Entity: {path}",
        410,
    )


def session_lock_lost(path: str, session_id: str) -> BusError:
    """Somebody else may have the session now."""
    return BusError(
        "com.microsoft:session-lock-lost",
        f"The session lock has expired on the MessageSession '{session_id}' of {path}. Accept a new MessageSession.",
        410,
    )


def session_cannot_be_locked(path: str, session_id: str) -> BusError:
    """Another receiver holds it."""
    return BusError(
        "com.microsoft:session-cannot-be-locked",
        f"The requested session '{session_id}' of {path} cannot be accepted. It may be locked by another receiver.",
        409,
    )


def no_session_in_time(path: str) -> BusError:
    """No session had messages and was free while the client waited."""
    return BusError("com.microsoft:timeout", f"No session of {path} was available within the time asked for.", 408)


def message_not_found(path: str, sequence_number: int) -> BusError:
    """There is no such message, or it is not deferred, or not scheduled."""
    return BusError(
        "com.microsoft:message-not-found",
        f"Failed to find a message with the sequence number {sequence_number} in {path}.",
        404,
    )


def entity_not_found(path: str) -> BusError:
    """There is no such entity."""
    return BusError("amqp:not-found", f"The messaging entity '{path}' could not be found.", 404)


def entity_already_exists(name: str) -> BusError:
    """A rule of that name is there already."""
    return BusError("com.microsoft:entity-already-exists", f"The messaging entity '{name}' already exists.", 409)


def not_allowed(description: str) -> BusError:
    """Not with this entity, or not in this way."""
    return BusError("amqp:not-allowed", description)


def other_receiver_needed(path: str, *, needs_session: bool) -> BusError:
    """Entities with sessions are read a session at a time, others are not."""
    if needs_session:
        return not_allowed(
            "It is not possible for an entity that requires sessions to create a non-sessionful message receiver:"
            f" {path}."
        )
    return not_allowed(
        f"A sessionful message receiver cannot be created on an entity that does not require sessions: {path}."
    )


def bad_argument(description: str) -> BusError:
    """A request that cannot be understood."""
    return BusError("com.microsoft:argument-error", description)


def unauthorized(description: str) -> BusError:
    """No token, or one that does not give the right."""
    return BusError("amqp:unauthorized-access", description, 401)


def server_busy() -> BusError:
    """Too many requests for a moment."""
    return BusError(
        "com.microsoft:server-busy",
        "The request was terminated because the namespace is being throttled. Please wait 2 seconds and try again.",
        503,
    )


def internal_error() -> BusError:
    """The broker's own fault."""
    return BusError(
        "amqp:internal-error", "The service was unable to process the request; please retry the operation.", 500
    )


def too_large(size: int, largest: int) -> BusError:
    """A message over the limit."""
    return BusError(
        "amqp:link:message-size-exceeded",
        f"The received message (delivery-id:0, size:{size} bytes) exceeds the limit ({largest} bytes) currently allowed"
        " on the link.",
    )
