"""Results of the ledger's own check, as metrics and log lines for alerts."""

from collections.abc import Sequence
from datetime import datetime

from prometheus_client import Counter, Gauge

from chassis.telemetry import log
from payments.application.ledger.views import CurrencySum
from payments.application.ports.ledger import Break

_BREAKS = Counter("ledger_breaks_total", "What was found not to add up in the ledger.", ("what",))
_SUM = Gauge("ledger_sum", "The sum of all balances of a currency; anything but 0 is money made or lost.", ("currency",))
_CHECKED = Gauge("ledger_checked_timestamp_seconds", "When the ledger last checked itself.")


class LedgerMetrics:
    def broken(self, found: Break) -> None:
        _BREAKS.labels(found.what).inc()
        log.error(
            "ledger_broken",
            account_id=str(found.account_id),
            what=found.what,
            expected=f"{found.expected:f}",
            found=f"{found.found:f}",
        )

    def sums(self, sums: Sequence[CurrencySum]) -> None:
        for one in sums:
            _SUM.labels(one.currency).set(float(one.total))
            if one.total:
                log.error("ledger_out_of_balance", currency=one.currency, total=f"{one.total:f}")

    def checked(self, at: datetime) -> None:
        _CHECKED.set(at.timestamp())
