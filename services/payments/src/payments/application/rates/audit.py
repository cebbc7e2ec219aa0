"""The audit facts of exchange rates."""

from typing import Final

from kernel.audit import Audited, State
from payments.application.versions import number_text, version_state
from payments.domain.fx_rate import FxRate


def _state(rate: FxRate) -> State:
    return {
        **version_state(rate),
        "mid": number_text(rate.mid),
        "spread_percent": number_text(rate.spread_percent),
        "rounding": rate.rounding.value,
    }


RATE: Final = Audited(
    action="payments.fx_rate",
    resource_type="fx_rate",
    state=_state,
    id_of=lambda rate: rate.id,
    related=lambda rate: (f"fx_rate:{rate.series}",),
)
