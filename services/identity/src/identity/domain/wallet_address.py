"""A wallet address: issued by identity, and the id of the wallet that payments opens for it."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from identity.domain.errors import InvalidLabel
from identity.domain.events import WalletAddressIssued, WalletAddressRetired
from kernel.events import Aggregate
from kernel.ids import new_id
from kernel.money import Currency
from kernel.texts import is_readable, is_seen

# The currency of the account's first address.
FIRST_CURRENCY: Final = "NAD"
LIVE_MAX: Final = 20
LABEL_LENGTH = range(1, 65)


@dataclass(eq=False)
class WalletAddress(Aggregate):
    """An issued address is never issued again, to any user. The owner writes the label, so it is sealed."""

    address: UUID
    user_id: UUID
    issued_at: datetime
    retired_at: datetime | None = None
    currency: str = FIRST_CURRENCY

    @classmethod
    def issue(cls, user_id: UUID, *, at: datetime) -> Self:
        """Issue the account's first address, which the registration announces."""
        return cls(new_id(), user_id, at)

    @classmethod
    def issue_further(cls, user_id: UUID, currency: str, *, at: datetime) -> Self:
        """Issue another address. Raise UnknownCurrency."""
        address = cls(new_id(), user_id, at, currency=Currency.of(currency).code)
        address.announce(WalletAddressIssued(occurred_at=at, user_id=user_id, address=address.address, currency=address.currency))
        return address

    @property
    def is_live(self) -> bool:
        return self.retired_at is None

    def retire(self, *, at: datetime) -> None:
        """Retire the address, so that payers can no longer use it. Repeating it changes nothing."""
        if self.is_live:
            self.retired_at = at
            self.announce(WalletAddressRetired(occurred_at=at, user_id=self.user_id, address=self.address))


def tidy_label(label: str) -> str:
    """Return a label with spaces trimmed and collapsed. Raise InvalidLabel."""
    tidy = " ".join(unicodedata.normalize("NFC", label).split())
    if len(tidy) not in LABEL_LENGTH or not is_seen(tidy) or not is_readable(tidy):
        raise InvalidLabel(field="label", length_max=LABEL_LENGTH.stop - 1)
    return tidy


def masked(full_name: str) -> str:
    """Return a masked name: enough to notice a wrong address, too little to learn the name ("N••• S•••")."""
    return " ".join(f"{word[0]}•••" for word in full_name.split())
