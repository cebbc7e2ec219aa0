"""The end of a worker's session: a stop or a lost connection. A waiting handler leaves its message to the next session."""

import asyncio

from chassis.messaging.connection import Session
from chassis.waiting import wait_any


class Left(Exception):  # an outcome, not an error
    """The session ended while the message waited; the broker delivers it again."""


class Ending:
    """Says whether a worker's session ends."""

    def __init__(self, session: Session) -> None:
        self._lost = session.lost
        self._stopping = asyncio.Event()

    def begin(self) -> None:
        self._stopping.set()

    @property
    def has_begun(self) -> bool:
        return self._stopping.is_set() or self._lost.is_set()

    async def wait(self, *others: asyncio.Event, seconds: float | None) -> None:
        """Wait for one of the events or `seconds`; raises Left if the session ends before."""
        if not self.has_begun:
            await wait_any(self._stopping, self._lost, *others, seconds=seconds)
        if self.has_begun:
            raise Left
