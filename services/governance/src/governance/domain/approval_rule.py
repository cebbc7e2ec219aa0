"""Approval rules: which transfers need another person's approval."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Self
from uuid import UUID

from governance.domain.role import ROLE_NAME
from governance.domain.window import Window
from kernel.errors import InvalidValue
from kernel.events import Aggregate
from kernel.money import Money

DESCRIPTION_LENGTH_MAX: Final = 500
KINDS_MAX: Final = 10
# Cedar's decimal has four digits after the point.
THRESHOLD_DIGITS_MAX: Final = 4

# Names, kinds and roles are quoted in Cedar text, so few characters are allowed. Only payments knows which kinds of transfer
# exist: an unknown kind matches nothing.
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}", re.ASCII)
_KIND = re.compile(r"[a-z][a-z_]{0,30}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalTerms:
    """The terms match transfers in this currency of the threshold or more.

    Kinds, role and counterparty (a wallet or its owner) restrict them further if given. With a window, the threshold is
    compared with the sum that the payer sent within it (to the counterparty, if given).
    """

    currency: str
    threshold: Decimal
    kinds: tuple[str, ...] = ()
    role: str | None = None
    counterparty: UUID | None = None
    window: Window | None = None
    description: str = ""

    def __post_init__(self) -> None:
        amount = Money.of(self.threshold, self.currency, field="threshold").amount
        if amount < 0 or amount != round(amount, THRESHOLD_DIGITS_MAX):
            raise InvalidValue(
                field="threshold", expected=f"0 or more, at most {THRESHOLD_DIGITS_MAX} decimals", given=f"{amount:f}"
            )
        object.__setattr__(self, "threshold", amount)
        object.__setattr__(self, "kinds", tuple(sorted(set(self.kinds))))
        if len(self.kinds) > KINDS_MAX or not all(_KIND.fullmatch(kind) for kind in self.kinds):
            raise InvalidValue(field="kinds", expected=f"at most {KINDS_MAX} kinds of transfer", given=", ".join(self.kinds))
        if self.role is not None and not ROLE_NAME.fullmatch(self.role):
            raise InvalidValue(field="role", expected="the name of a role", given=self.role)
        if len(self.description) > DESCRIPTION_LENGTH_MAX:
            raise InvalidValue(
                field="description", expected=f"at most {DESCRIPTION_LENGTH_MAX} characters", given=self.description
            )


@dataclass(eq=False)
class ApprovalRule(Aggregate):
    """A named rule. A withdrawn rule is kept and can be set again; its version continues."""

    name: str
    currency: str
    threshold: Decimal
    kinds: tuple[str, ...]
    role: str | None
    counterparty: UUID | None
    window: Window | None
    description: str
    version: int = 1
    is_withdrawn: bool = False

    @classmethod
    def make(cls, name: str, terms: ApprovalTerms) -> Self:
        if not _NAME.fullmatch(name):
            raise InvalidValue(field="name", expected="lower-case letters, digits and hyphens, at most 63", given=name)
        return cls(
            name,
            terms.currency,
            terms.threshold,
            terms.kinds,
            terms.role,
            terms.counterparty,
            terms.window,
            terms.description,
        )

    @property
    def terms(self) -> ApprovalTerms:
        return ApprovalTerms(
            currency=self.currency,
            threshold=self.threshold,
            kinds=self.kinds,
            role=self.role,
            counterparty=self.counterparty,
            window=self.window,
            description=self.description,
        )

    def is_in_force_with(self, terms: ApprovalTerms) -> bool:
        return not self.is_withdrawn and self.terms == terms

    def change(self, terms: ApprovalTerms) -> bool:
        """Put new terms in force. Return False if they are in force already."""
        if self.is_in_force_with(terms):
            return False
        self.currency, self.threshold, self.kinds = terms.currency, terms.threshold, terms.kinds
        self.role, self.counterparty, self.window = terms.role, terms.counterparty, terms.window
        self.description = terms.description
        self.is_withdrawn = False
        self.version += 1
        return True

    def withdraw(self) -> bool:
        """Withdraw the rule. Return False if it is withdrawn already."""
        if self.is_withdrawn:
            return False
        self.is_withdrawn = True
        self.version += 1
        return True
