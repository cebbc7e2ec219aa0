"""How a user authenticated at one moment, with RFC 8176's names of the methods."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from kernel.assurance import MULTI_FACTOR

PASSWORD: Final = "pwd"  # noqa: S105  # RFC 8176's name for the method
OTP: Final = "otp"
# A key in hardware, a key that its provider synchronizes, and that the authenticator verified its user.
HARDWARE_KEY: Final = "hwk"
SOFTWARE_KEY: Final = "swk"
USER_VERIFIED: Final = "user"
PASSKEY_METHODS: Final = frozenset({HARDWARE_KEY, SOFTWARE_KEY, USER_VERIFIED})


@dataclass(frozen=True, slots=True)
class Proof:
    """`methods` contain "mfa" if and only if they are two factors: password and code, or a passkey.

    `at` is the time of the earliest factor: with a password from five minutes before the code, the proof is five minutes old.
    `passkey_id` is the passkey used. It is also None in sessions that are older than this field.
    """

    methods: tuple[str, ...]
    at: datetime
    passkey_id: UUID | None = None

    @classmethod
    def of(cls, methods: Iterable[str], *, at: datetime, passkey_id: UUID | None = None) -> Self:
        return cls(with_multi_factor(methods), at, passkey_id)

    def without_codes(self) -> Self:
        return self._without(frozenset({OTP}))

    def without_passkey(self, passkey_id: UUID) -> Self:
        """Remove what one passkey proved. A proof that does not name its passkey may be of this one."""
        return self._without(PASSKEY_METHODS) if self.passkey_id in {None, passkey_id} else self

    def _without(self, methods: frozenset[str]) -> Self:
        left = [method for method in self.methods if method not in methods]
        if len(left) == len(self.methods):
            return self
        return replace(self, methods=with_multi_factor(left), passkey_id=self.passkey_id if USER_VERIFIED in left else None)


def with_multi_factor(methods: Iterable[str]) -> tuple[str, ...]:
    """Add "mfa" to methods that are two factors, and remove it from others."""
    single = tuple(dict.fromkeys(method for method in methods if method != MULTI_FACTOR))
    return (*single, MULTI_FACTOR) if _are_two_factors(frozenset(single)) else single


def _are_two_factors(methods: frozenset[str]) -> bool:
    by_passkey = USER_VERIFIED in methods and bool(methods & {HARDWARE_KEY, SOFTWARE_KEY})
    return by_passkey or {PASSWORD, OTP} <= methods
