"""Sign checkpoints continuously."""

import asyncio

from chassis.errors import as_domain_error
from chassis.telemetry import log
from chassis.waiting import wait_any
from compliance.application.audit.sign_checkpoint import SignCheckpoint
from kernel.errors import Kind

# Another process may have appended entries and stopped before it signed them.
IDLE_SECONDS_MAX = 5.0


class CheckpointSigning:
    """Sign the head soon after the log has grown, at most once every `pause_seconds`."""

    def __init__(self, sign_checkpoint: SignCheckpoint, *, pause_seconds: float) -> None:
        self._sign_checkpoint = sign_checkpoint
        self._pause_seconds = pause_seconds
        self._grown = asyncio.Event()

    def log_grew(self) -> None:
        """Request a checkpoint and return immediately."""
        self._grown.set()

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self._grown.clear()
            await self._sign()
            await wait_any(stop, seconds=self._pause_seconds)
            await wait_any(stop, self._grown, seconds=IDLE_SECONDS_MAX)

    async def _sign(self) -> None:
        try:
            if checkpoint := await self._sign_checkpoint():
                log.debug("checkpoint_signed", size=checkpoint.size)
        except Exception as error:
            # The database may be unavailable for a while; the next round then signs. Any other error is a defect.
            if as_domain_error(error).kind is not Kind.UNAVAILABLE:
                raise
            log.warning("checkpoint_not_signed", reason=str(error))
            self._grown.set()
