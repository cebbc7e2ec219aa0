from typing import ClassVar

from pydantic import Field

from chassis.settings import ServiceSettings


class PaymentsSettings(ServiceSettings):
    NAME: ClassVar[str] = "payments"
    PEERS: ClassVar[tuple[str, ...]] = ("governance", "compliance")

    # Transfers per commit, commits side by side, and how many transfers may wait before new ones are told to come back.
    batch_max: int = Field(default=200, ge=1, le=1000)
    batches_at_once: int = Field(default=2, ge=1, le=16)
    waiting_max: int = Field(default=2000, ge=1, le=100_000)
