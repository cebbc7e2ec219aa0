from typing import ClassVar

from pydantic import Field

from chassis.settings import ServiceSettings


class PaymentsSettings(ServiceSettings):
    NAME: ClassVar[str] = "payments"
    PEERS: ClassVar[tuple[str, ...]] = ("governance", "compliance")

    # Transfers per commit, and how many may wait before new ones are told to come back.
    batch_max: int = Field(default=200, ge=1, le=1000)
    waiting_max: int = Field(default=2000, ge=1, le=100_000)
