"""What a Ctrl-C, a SIGTERM or a closed terminal does."""

import signal
from collections.abc import Callable


class StopRequested(BaseException):
    """The user asks to stop; raised in the main thread wherever it is, so that a start is broken off too."""


class StopSignals:
    """The first signal stops; a later one, while stopping takes its time, calls `insist`."""

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
