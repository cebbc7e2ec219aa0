from typing import ClassVar

from pydantic import Field

from chassis.settings import ServiceSettings


class ComplianceSettings(ServiceSettings):
    NAME: ClassVar[str] = "compliance"
    PEERS: ClassVar[tuple[str, ...]] = ("governance", "identity", "payments")

    # The log's name, which is in every checkpoint and never changes.
    log_origin: str = "elcorp.na/audit"
    # Facts per transaction, how long a single fact waits for more, and the pause between checkpoints.
    append_batch_max: int = Field(default=500, ge=1, le=5000)
    append_wait_ms_max: int = Field(default=100, ge=0, le=1000)
    checkpoint_seconds: float = Field(default=0.5, gt=0, le=60)
    # How often each producer's journal is compared with the log, and how long a fact may take from its number to the log.
    reconcile_seconds: float = Field(default=5, gt=0, le=30)
    reconcile_grace_seconds: float = Field(default=30, gt=0, le=600)
    # How long the decisions of policies are kept. They name people and their addresses.
    policy_decisions_keep_days: int = Field(default=30, ge=1, le=365)
