"""Exchange rates in PostgreSQL."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from kernel.pages import Page, PageRequest
from payments.application.versions import VersionRecord
from payments.domain.fx_rate import FxRate
from payments.domain.rounding import Rounding
from payments.domain.validity import Validity
from payments.infrastructure.sql.versions import SqlVersionReads, VersionTable


def _fx_rate(row: Any) -> FxRate:
    return FxRate(
        id=row.id,
        base=row.base,
        quote=row.quote,
        version=row.version,
        mid=row.mid,
        spread_percent=row.spread_percent,
        validity=Validity(row.valid_from, row.valid_until),
        rounding=Rounding(row.rounding),
    )


def _rate_values(rate: FxRate) -> Mapping[str, object]:
    return {
        "base": rate.base,
        "quote": rate.quote,
        "mid": rate.mid,
        "spread_percent": rate.spread_percent,
        "rounding": rate.rounding.value,
    }


FX_RATES: Final = VersionTable("fx_rates", ("base", "quote", "mid", "spread_percent", "rounding"), _fx_rate, _rate_values)


class SqlRateViews(SqlVersionReads):
    async def in_force(
        self, page: PageRequest, *, at: datetime, base: str | None = None, quote: str | None = None
    ) -> Page[FxRate]:
        return await self._in_force(FX_RATES, page, at, base=base, quote=quote)

    async def history(
        self, page: PageRequest, *, base: str | None = None, quote: str | None = None
    ) -> Page[VersionRecord[FxRate]]:
        return await self._history(FX_RATES, page, base=base, quote=quote)
