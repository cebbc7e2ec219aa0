"""Prices are never edited: a new version begins where the one before it ends."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from kernel.actor import Actor
from kernel.clock import Clock
from kernel.errors import InvalidValue, NotFound
from kernel.ids import new_id
from payments.application.ports.prices import PricingTransaction, PricingUnitOfWork, Versions
from payments.application.pricing import facts
from payments.domain.events import PricingChanged
from payments.domain.fee_rule import FeeRule
from payments.domain.fx_rate import FxRate
from payments.domain.limits import Limit
from payments.domain.validity import Validity, replaced_by

PriceT = TypeVar("PriceT", FeeRule, FxRate, Limit)
Catalogue = Callable[[PricingTransaction], Versions[PriceT]]


@dataclass(frozen=True, slots=True)
class SetVersion(Generic[PriceT]):
    """Record the next version of a fee rule, a rate or a limit, from now or from a later time on.

    The one that holds then ends there. Never from an earlier time: what was charged was charged. Raises LaterVersion when
    a version that begins no earlier is recorded already.
    """

    uow: PricingUnitOfWork
    catalogue: Catalogue[PriceT]
    clock: Clock

    async def __call__(
        self,
        *,
        actor: Actor,
        draft: Callable[[UUID, Validity], PriceT],
        since: datetime | None,
        until: datetime | None,
        reason: str,
    ) -> PriceT:
        async with self.uow.begin(actor) as tx:
            now = self.clock.now()
            new = draft(new_id(), Validity(_not_before(now, since, "valid_from"), until))
            versions = self.catalogue(tx)
            replaced = replaced_by(await versions.lock(new.series, new.validity.since), new.validity.since)
            if replaced:
                replaced = await versions.end(replaced, new.validity.since)
            recorded = await versions.add(new, by=actor.subject_id, at=now, reason=reason)
            tx.record(facts.version_changed("set", recorded, replaced, at=now, reason=reason))
            tx.announce(PricingChanged(occurred_at=now, noun=facts.NOUNS[type(recorded)], series=recorded.series))
            return recorded


@dataclass(frozen=True, slots=True)
class EndVersion(Generic[PriceT]):
    """End a version, now or at a later time; one that has not begun never will. Raises AlreadyEnded."""

    uow: PricingUnitOfWork
    catalogue: Catalogue[PriceT]
    clock: Clock

    async def __call__(self, *, actor: Actor, version_id: UUID, until: datetime | None, reason: str) -> PriceT:
        async with self.uow.begin(actor) as tx:
            now = self.clock.now()
            versions = self.catalogue(tx)
            standing = await versions.lock_one(version_id)
            if standing is None:
                raise NotFound(version_id=version_id)
            validity = standing.validity.ended(_not_before(now, until, "valid_until"))
            ended = await versions.end(standing, validity.until or now)
            tx.record(facts.version_changed("end", ended, standing, at=now, reason=reason))
            tx.announce(PricingChanged(occurred_at=now, noun=facts.NOUNS[type(ended)], series=ended.series))
            return ended


def _not_before(now: datetime, asked: datetime | None, field: str) -> datetime:
    if asked is not None and asked < now:
        raise InvalidValue(field=field, expected="a time that has not passed", given=asked)
    return asked or now
