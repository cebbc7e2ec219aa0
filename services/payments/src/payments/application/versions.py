"""Prices are never edited: a new version begins where the one before it ends."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar
from uuid import UUID

from kernel.audit import Audited, State
from kernel.errors import InvalidValue, NotFound
from kernel.ids import new_id
from payments.application.ports.prices import PricingTransaction, Versions
from payments.domain.events import PricingChanged
from payments.domain.validity import Dated, Validity, replaced_by

T = TypeVar("T")
PriceT = TypeVar("PriceT", bound=Dated)
Draft = Callable[[UUID, Validity], PriceT]


@dataclass(frozen=True, slots=True)
class Recorded(Generic[T]):
    """A version, and who recorded it, when and why."""

    item: T
    recorded_by: str
    recorded_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedPeriod:
    """From when to when a version is to hold: from now on, and without an end, where nothing else is said."""

    since: datetime | None
    until: datetime | None


async def set_version(
    tx: PricingTransaction,
    versions: Versions[PriceT],
    audited: Audited[PriceT],
    draft: Draft[PriceT],
    *,
    period: RequestedPeriod,
    by: str,
    at: datetime,
    reason: str,
) -> PriceT:
    """Record the next version of a series, from now or from a later time on. The one that holds then ends there.

    Never from an earlier time: what was charged was charged (InvalidValue). Raises LaterVersion when a version that begins
    no earlier is recorded already.
    """
    new = draft(new_id(), Validity(_not_before(at, period.since, "valid_from"), period.until))
    replaced = replaced_by(await versions.lock(new.series, new.validity.since), new.validity.since)
    if replaced:
        replaced = await versions.end(replaced, new.validity.since)
    recorded = await versions.add(new, by=by, at=at, reason=reason)
    before = audited.state(replaced) if replaced else None
    tx.record(audited.fact(recorded, "set", at=at, before=before, after=audited.state(recorded), reason=reason))
    tx.announce(PricingChanged(occurred_at=at, noun=audited.resource_type, series=recorded.series))
    return recorded


async def end_version(
    tx: PricingTransaction,
    versions: Versions[PriceT],
    audited: Audited[PriceT],
    version_id: UUID,
    *,
    until: datetime | None,
    at: datetime,
    reason: str,
) -> PriceT:
    """End a version now or at a later time; one that has not begun never will. Raises NotFound or AlreadyEnded."""
    version = await versions.lock_one(version_id)
    if version is None:
        raise NotFound(version_id=version_id)
    validity = version.validity.ended(_not_before(at, until, "valid_until"))
    ended = await versions.end(version, validity.until or at)
    before, after = audited.state(version), audited.state(ended)
    tx.record(audited.fact(ended, "end", at=at, before=before, after=after, reason=reason))
    tx.announce(PricingChanged(occurred_at=at, noun=audited.resource_type, series=ended.series))
    return ended


def version_state(item: Dated) -> State:
    """Return what the audit log shows of every version."""
    until = item.validity.until
    return {
        "series": item.series,
        "version": item.version,
        "valid_from": item.validity.since.isoformat(),
        "valid_until": until.isoformat() if until else None,
    }


def number_text(value: Decimal) -> str:
    # A column has digits of its own: what is read from it must not look changed.
    return f"{value.normalize():f}"


def amount_text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _not_before(now: datetime, asked: datetime | None, field: str) -> datetime:
    if asked is not None and asked < now:
        raise InvalidValue(field=field, expected="a time that has not passed", given=asked)
    return asked or now
