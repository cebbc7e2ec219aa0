"""The other services' answers to an erasure, and the job that carries it out."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chassis.testing.clocks import ControlledClock
from identity.application import Identity
from identity.application.erasures.carry_out_erasures import CarryOutErasures
from identity.domain.erasure import CONTEXTS, Acknowledgement


@dataclass
class ErasureSteps:
    identity: Identity
    carry_out: CarryOutErasures
    clock: ControlledClock

    async def answer(self, erasure_id: str, *contexts: str, until: datetime | None = None) -> None:
        for context in contexts or sorted(CONTEXTS):
            retain_until = until if context == "compliance" else None
            acknowledgement = Acknowledgement(self.clock.now(), (f"{context}: something",), retain_until)
            await self.identity.erasures.acknowledge_erasure(
                erasure_id=UUID(erasure_id), context=context, acknowledgement=acknowledgement
            )
