"""Versions of prices. Prices are never edited: a new version starts when the previous one ends."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar
from uuid import UUID

from kernel.audit import Audited, State
from kernel.errors import InvalidValue, NotFound
from kernel.ids import new_id
from payments.application.ports.prices import PricingTransaction, VersionRepository
from payments.domain.events import PricingChanged
from payments.domain.validity import Dated, Validity, replaced_by

T = TypeVar("T")
PriceT = TypeVar("PriceT", bound=Dated)
Draft = Callable[[UUID, Validity], PriceT]


@dataclass(frozen=True, slots=True)
class VersionRecord(Generic[T]):
    """A version, and who recorded it, when and why."""

    item: T
    recorded_by: str
    recorded_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedPeriod:
    """The period in which a version is to be in force. The default is from now, without an end."""

    since: datetime | None
    until: datetime | None


async def set_version(
    tx: PricingTransaction,
    versions: VersionRepository[PriceT],
    audited: Audited[PriceT],
    draft: Draft[PriceT],
    *,
    period: RequestedPeriod,
    by: str,
    at: datetime,
    reason: str,
) -> PriceT:
    """Record the next version of a series, from now or a later time. The version in force at that time ends then.

    Raise InvalidValue for an earlier time, because past charges cannot change. Raise LaterVersion if a version with the same
    or a later start exists.
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
    versions: VersionRepository[PriceT],
    audited: Audited[PriceT],
    version_id: UUID,
    *,
    until: datetime | None,
    at: datetime,
    reason: str,
) -> PriceT:
    """End a version now or at a later time. A version that has not started is cancelled. Raise NotFound or AlreadyEnded."""
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
    """Return the state of a version for the audit log."""
    until = item.validity.until
    return {
        "series": item.series,
        "version": item.version,
        "valid_from": item.validity.since.isoformat(),
        "valid_until": until.isoformat() if until else None,
    }


def number_text(value: Decimal) -> str:
    # Drop the trailing zeros of the column, so that a value read from it does not look changed.
    return f"{value.normalize():f}"


def amount_text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _not_before(now: datetime, asked: datetime | None, field: str) -> datetime:
    if asked is not None and asked < now:
        raise InvalidValue(field=field, expected="the present or a future time", given=asked)
    return asked or now
