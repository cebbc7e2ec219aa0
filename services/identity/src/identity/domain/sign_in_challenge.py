"""A sign-in that waits for its second factor."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self
from uuid import UUID

from identity.domain import code_failures

LIFE: Final = timedelta(minutes=5)
TRIES_MAX: Final = 5


@dataclass(eq=False)
class SignInChallenge:
    """`digest` is SHA-256 of the text that the client has. A right code, five wrong codes, or its expiry ends it.

    `enrolment`: the user has no second factor, must have one, and can set it up with this challenge. `known_device`: the device
    has proven to be known to the account.
    """

    id: UUID
    digest: bytes
    user_id: UUID
    device_id: UUID
    methods: tuple[str, ...]
    password_changed_at: datetime
    enrolment: bool
    created_at: datetime
    expires_at: datetime
    tries: int = 0
    finished_at: datetime | None = None
    known_device: bool = False

    @classmethod
    def issue(
        cls,
        challenge_id: UUID,
        digest: bytes,
        *,
        user_id: UUID,
        device_id: UUID,
        methods: tuple[str, ...],
        password_changed_at: datetime,
        enrolment: bool,
        at: datetime,
        known_device: bool = False,
    ) -> Self:
        return cls(
            id=challenge_id,
            digest=digest,
            user_id=user_id,
            device_id=device_id,
            methods=methods,
            password_changed_at=password_changed_at,
            enrolment=enrolment,
            created_at=at,
            expires_at=at + LIFE,
            known_device=known_device,
        )

    @property
    def failures_counter(self) -> str:
        """The counter of wrong codes (code_failures.py)."""
        return code_failures.of_device(self.device_id) if self.known_device else code_failures.UNKNOWN_DEVICES

    def is_open(self, *, at: datetime) -> bool:
        return self.finished_at is None and at < self.expires_at

    def fail(self, *, at: datetime) -> None:
        """Count a wrong code. The fifth ends the sign-in."""
        self.tries += 1
        if self.tries >= TRIES_MAX:
            self.finished_at = at

    def finish(self, *, at: datetime) -> None:
        self.finished_at = at
