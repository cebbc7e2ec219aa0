"""Handling of Ctrl-C, SIGTERM and a closed terminal."""

import signal
from collections.abc import Callable


class StopRequested(BaseException):
    """The user asked to stop. Raised in the main thread at any point, so that it interrupts a start too."""


class StopSignals:
    """The first signal stops; a later one, during the stop, calls `insist`."""

    def __init__(self) -> None:
        self.insist: Callable[[], None] = lambda: None
        self._asked = False

    def listen(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, _number: int, _frame: object) -> None:
        if self._asked:
            self.insist()
            return
        self._asked = True
        raise StopRequested
