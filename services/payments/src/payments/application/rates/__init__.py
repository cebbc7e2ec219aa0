"""Exchange rates: the table of contents."""

from dataclasses import dataclass

from payments.application.rates.end_rate import EndRate
from payments.application.rates.list_rate_history import ListRateHistory
from payments.application.rates.list_rates import ListRates
from payments.application.rates.set_rate import SetRate


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    end_rate: EndRate
    list_rate_history: ListRateHistory
    list_rates: ListRates
    set_rate: SetRate
