"""How a command ends early: Ctrl-C, SIGTERM, a closed terminal, or the end of its parent process."""

import os
import signal
from types import FrameType

_KINDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """A signal asked this process to end; not an Exception, so that nothing on the way takes it for an error."""

    def __init__(self, kind: int) -> None:
        super().__init__(signal.Signals(kind).name)
        self.exit_code = 128 + kind


def raise_on_signals() -> None:
    """Make the first of the signals raise Interrupted in the main thread, and the later ones do nothing.

    Stopping must not be interrupted in its turn. SIGHUP stays ignored where nohup ignored it; SIGINT does not,
    which a shell ignores for whatever it starts in the background.
    """
    for kind in _KINDS:
        if kind != signal.SIGHUP or signal.getsignal(kind) != signal.SIG_IGN:
            signal.signal(kind, _interrupt)


class Parent:
    """The process that started this one. Under nohup (SIGHUP ignored) its end does not matter."""

    def __init__(self) -> None:
        self._pid = os.getppid()
        self._matters = signal.getsignal(signal.SIGHUP) != signal.SIG_IGN

    def check(self) -> None:
        """Raise Interrupted if the parent died."""
        if self._matters and os.getppid() != self._pid:
            raise Interrupted(signal.SIGHUP)


def _interrupt(kind: int, _: FrameType | None) -> None:
    for other in _KINDS:
        signal.signal(other, signal.SIG_IGN)
    raise Interrupted(kind)
