from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr

from chassis.settings import ServiceSettings, read_key
from payments.application.ports.transfers import Terms
from payments.domain.payer_policy import PayerPolicy


class PaymentsSettings(ServiceSettings):
    NAME: ClassVar[str] = "payments"
    PEERS: ClassVar[tuple[str, ...]] = ("governance", "compliance", "identity")

    KEYS: ClassVar[tuple[str, ...]] = (*ServiceSettings.KEYS, "approval_key")

    # The key with which payments signs its decisions on approvals.
    approval_key: SecretStr = SecretStr("")
    approval_key_file: Path | None = None

    # Transfers per commit, and how many may wait before new ones are refused with a retry time.
    batch_max: int = Field(default=200, ge=1, le=1000)
    waiting_max: int = Field(default=2000, ge=1, le=100_000)

    # How long money stays on hold without a capture, and how long a transfer waits for a decision.
    hold_days: int = Field(default=7, ge=1, le=31)
    approval_hours: int = Field(default=72, ge=1, le=720)

    # Above these amounts a transfer must be signed by a device key of its payer: {"NAD": "100000.00"}.
    signature_required_above: dict[str, Decimal] = Field(default_factory=dict)

    # Requests above these amounts require a two-factor sign-in within five minutes; files and linked transfers count as a whole.
    strong_sign_in_above: dict[str, Decimal] = Field(default_factory=dict)

    # How old the knowledge of the copies of standings and roles may be for the decision about a payment; beyond it, payments asks
    # identity and governance. 0: always ask.
    projection_seconds_max: float = Field(default=6, ge=0, le=30)

    def decision_key(self) -> bytes:
        """Return the key of decisions: 32 bytes."""
        return read_key("APPROVAL_KEY", self.approval_key, self.approval_key_file)

    @property
    def payer_policy(self) -> PayerPolicy:
        return PayerPolicy(self.signature_required_above, self.strong_sign_in_above)

    @property
    def terms(self) -> Terms:
        return Terms(hold_life=timedelta(days=self.hold_days), approval_life=timedelta(hours=self.approval_hours))
