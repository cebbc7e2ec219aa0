"""The steady signing of checkpoints."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from chassis.errors import as_domain_error
from chassis.telemetry import log
from compliance.application.sign_checkpoint import SignCheckpoint
from kernel.errors import Kind


def sign_steadily(sign_checkpoint: SignCheckpoint, *, pause_seconds: float) -> Callable[[asyncio.Event], Awaitable[None]]:
    """Make the background work that signs the head whenever it has grown, at most every `pause_seconds`."""

    async def run(stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                if checkpoint := await sign_checkpoint():
                    log.debug("checkpoint", size=checkpoint.size)
            except Exception as error:
                # The database may be away for a while; the next round signs what has gathered. All else is a defect.
                if as_domain_error(error).kind is not Kind.UNAVAILABLE:
                    raise
                log.warning("checkpoint_not_signed", reason=str(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_seconds)

    return run
