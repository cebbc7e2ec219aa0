"""The steady signing of checkpoints."""

import asyncio

from chassis.errors import as_domain_error
from chassis.telemetry import log
from chassis.waiting import wait_any
from compliance.application.audit.sign_checkpoint import SignCheckpoint
from kernel.errors import Kind

# Another process may have appended and died before it signed.
IDLE_SECONDS_MAX = 5.0


class CheckpointSigning:
    """Signs the head soon after it has grown, at most once every `pause_seconds`."""

    def __init__(self, sign_checkpoint: SignCheckpoint, *, pause_seconds: float) -> None:
        self._sign_checkpoint = sign_checkpoint
        self._pause_seconds = pause_seconds
        self._grown = asyncio.Event()

    def log_grew(self) -> None:
        """Have a checkpoint signed soon; returns at once."""
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
            # The database may be away for a while; the next round signs what has gathered. All else is a defect.
            if as_domain_error(error).kind is not Kind.UNAVAILABLE:
                raise
            log.warning("checkpoint_not_signed", reason=str(error))
            self._grown.set()
