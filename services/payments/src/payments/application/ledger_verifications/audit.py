"""The audit facts of verifications of the whole ledger."""

from typing import Final

from kernel.audit import Audited, State
from kernel.long_work import LongWork

KIND: Final = "ledger_verification"
# One at a time on the whole platform: it reads every posting.
WHOLE_LEDGER: Final = "ledger"


def _state(work: LongWork) -> State:
    result = {name: value for name, value in (work.result or {}).items() if name != "findings"}
    return {
        "state": work.state.value,
        "attempts": work.attempts,
        "accounts": work.done,
        **result,
        **({"error_code": work.error_code} if work.error_code else {}),
    }


VERIFICATION: Final = Audited(action="payments.ledger_verification", resource_type=KIND, id_of=lambda work: work.id, state=_state)
