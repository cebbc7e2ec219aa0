"""The amounts that a payer may move per transfer, day and month, by the payer's tier."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Final
from uuid import UUID

from kernel.errors import InvalidValue
from kernel.money import Currency, CurrencyMismatch, Money
from payments.domain.errors import LimitExceeded
from payments.domain.rounding import EXACT
from payments.domain.validity import Validity

STANDARD_TIER: Final = "standard"
# Days and months are in Namibian time, which has been UTC+2 all year since 2017.
NAMIBIA: Final = timezone(timedelta(hours=2), "CAT")
_TIER = re.compile(r"[a-z][a-z0-9-]{0,30}", re.ASCII)
_SUM_MAX = Decimal(10) ** 30


def require_tier(tier: str) -> str:
    """Return the name if it is valid for a tier; otherwise raise InvalidValue."""
    if not _TIER.fullmatch(tier):
        raise InvalidValue(field="tier", expected="lower-case letters, digits and hyphens, at most 31", given=tier)
    return tier


def day_of(at: datetime) -> date:
    """Return the date in Namibia at this moment."""
    return at.astimezone(NAMIBIA).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """The amounts that an owner has moved in one currency on `day` and in the month that starts on `month`."""

    owner_id: UUID
    currency: str
    day: date
    day_total: Decimal
    month: date
    month_total: Decimal

    @classmethod
    def none(cls, owner_id: UUID, currency: str, at: datetime) -> "Spending":
        day = day_of(at)
        return cls(owner_id=owner_id, currency=currency, day=day, day_total=_ZERO, month=day.replace(day=1), month_total=_ZERO)

    def rolled(self, at: datetime) -> "Spending":
        """The totals at `at`: a new day or month starts at zero. A time in the past changes nothing."""
        day = day_of(at)
        if day <= self.day:
            return self
        month = day.replace(day=1)
        return replace(
            self, day=day, day_total=_ZERO, month=month, month_total=self.month_total if month == self.month else _ZERO
        )

    def plus(self, amount: Money, at: datetime) -> "Spending":
        self._require_currency(amount)
        now = self.rolled(at)
        return replace(
            now, day_total=EXACT.add(now.day_total, amount.amount), month_total=EXACT.add(now.month_total, amount.amount)
        )

    def less(self, amount: Money, *, spent_at: datetime, at: datetime) -> "Spending":
        """Subtract what was counted at `spent_at` but did not move, if that day or month is still the current one."""
        self._require_currency(amount)
        now, day = self.rolled(at), day_of(spent_at)
        of_day = amount.amount if day == now.day else _ZERO
        of_month = amount.amount if day.replace(day=1) == now.month else _ZERO
        return replace(now, day_total=max(_ZERO, now.day_total - of_day), month_total=max(_ZERO, now.month_total - of_month))

    def _require_currency(self, amount: Money) -> None:
        if amount.currency.code != self.currency:
            raise CurrencyMismatch(field="currency", left=self.currency, right=amount.currency.code)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One version of what a tier may move in a currency; None means no limit."""

    id: UUID
    tier: str
    currency: str
    version: int
    validity: Validity
    single_max: Decimal | None = None
    day_max: Decimal | None = None
    month_max: Decimal | None = None

    def __post_init__(self) -> None:
        require_tier(self.tier)
        quantum = Currency.of(self.currency).quantum
        for field in ("single_max", "day_max", "month_max"):
            value = getattr(self, field)
            if value is None:
                continue
            if not 0 <= value < _SUM_MAX or EXACT.remainder(value, quantum):
                raise InvalidValue(
                    field=field, expected=f"0 or more, in whole units of {quantum:f} {self.currency}", given=f"{value:f}"
                )
            object.__setattr__(self, field, value.quantize(quantum, context=EXACT))

    @property
    def series(self) -> str:
        return f"{self.tier}/{self.currency}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The amounts that a payer has spent in one currency, and those that the limit in force leaves; None means no limit.

    `left` is the highest amount of the next transfer. A period's totals restart at its `renews_at`.
    """

    spending: Spending
    limit: Limit | None

    @property
    def day_left(self) -> Decimal | None:
        return _left(self.limit.day_max, self.spending.day_total) if self.limit else None

    @property
    def month_left(self) -> Decimal | None:
        return _left(self.limit.month_max, self.spending.month_total) if self.limit else None

    @property
    def left(self) -> Decimal | None:
        single = self.limit.single_max if self.limit else None
        return min((most for most in (single, self.day_left, self.month_left) if most is not None), default=None)

    @property
    def day_renews_at(self) -> datetime:
        return _midnight(self.spending.day + timedelta(days=1))

    @property
    def month_renews_at(self) -> datetime:
        # 31 days after the first of a month is always in the next month.
        return _midnight((self.spending.month + timedelta(days=31)).replace(day=1))


class TierLimits:
    """All limits of one tier."""

    __slots__ = ("_by_currency", "tier")

    def __init__(self, tier: str, limits: Iterable[Limit]) -> None:
        self.tier = tier
        self._by_currency: dict[str, list[Limit]] = defaultdict(list)
        for limit in limits:
            self._by_currency[limit.currency].append(limit)

    def in_force(self, currency: str, at: datetime) -> Limit | None:
        for limit in self._by_currency.get(currency, ()):
            if limit.validity.covers(at):
                return limit
        return None

    def allowance(self, spending: Spending, at: datetime) -> Allowance:
        """Return the allowance that `admit` would apply at `at`."""
        return Allowance(spending=spending.rolled(at), limit=self.in_force(spending.currency, at))

    def admit(self, spending: Spending, amount: Money, at: datetime) -> Spending:
        """Add an amount and return the new totals. Raise LimitExceeded, with the amount that is left.

        Amounts without a limit are counted too, because a limit may be set within the day.
        """
        after = spending.plus(amount, at)
        limit = self.in_force(spending.currency, at)
        if limit:
            self._require("transfer", amount.amount, limit.single_max, _ZERO, spending.currency)
            self._require("day", after.day_total, limit.day_max, after.day_total - amount.amount, spending.currency)
            self._require("month", after.month_total, limit.month_max, after.month_total - amount.amount, spending.currency)
        return after

    def _require(self, period: str, total: Decimal, most: Decimal | None, before: Decimal, currency: str) -> None:
        if most is not None and total > most:
            left = max(_ZERO, most - before).quantize(Currency.of(currency).quantum)
            raise LimitExceeded(field="amount", period=period, limit=f"{most:f}", left=f"{left:f}", currency=currency)


class LimitBook:
    """The limits of every tier. A tier without limits is unlimited."""

    __slots__ = ("_tiers",)

    def __init__(self, limits: Sequence[Limit] = ()) -> None:
        by_tier: dict[str, list[Limit]] = defaultdict(list)
        for limit in limits:
            by_tier[limit.tier].append(limit)
        self._tiers = {tier: TierLimits(tier, of_tier) for tier, of_tier in by_tier.items()}

    def of(self, tier: str) -> TierLimits:
        return self._tiers.get(tier) or TierLimits(tier, ())


_ZERO: Final = Decimal(0)


def _left(most: Decimal | None, spent: Decimal) -> Decimal | None:
    return None if most is None else max(_ZERO, EXACT.subtract(most, spent))


def _midnight(day: date) -> datetime:
    """Return the start of a day in Namibia, in UTC."""
    return datetime.combine(day, time.min, NAMIBIA).astimezone(UTC)
