"""The child's end of the connection to the host, and the log handler that writes into it."""

import logging
import socket
import threading
from collections.abc import Callable
from typing import override

from devstack.host import wire


class Channel:
    """Sends from any thread; reads in a thread of its own, so that a blocked event loop cannot hide the host's end."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    def send(self, message: wire.Message) -> None:
        """Send one message. Raises OSError when the host is gone."""
        frame = wire.encode(message)
        with self._lock:
            self._connection.sendall(frame)

    def listen(self, received: Callable[[wire.Message], object], closed: Callable[[], object]) -> None:
        """Hand over every message, then tell that the connection closed; both from the reading thread."""

        def read() -> None:
            with self._connection.makefile("rb") as stream:
                while message := wire.receive_blocking(stream):
                    received(message)
            closed()

        threading.Thread(target=read, name="host-channel", daemon=True).start()


class ChannelHandler(logging.Handler):
    """Sends log records to the host, with the id of the invocation that they were written in."""

    def __init__(self, channel: Channel, invocation_id: Callable[[], str | None]) -> None:
        super().__init__()
        self._channel = channel
        self._invocation_id = invocation_id

    @override
    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._channel.send(
                {
                    "type": "log",
                    "level": record.levelno,
                    "logger": record.name,
                    "message": self.format(record),
                    "invocationId": self._invocation_id(),
                }
            )
        except Exception:
            self.handleError(record)
