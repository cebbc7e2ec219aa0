"""The background jobs that use cases queue by name. The `jobs` process does not start without the code of each."""

from typing import Final

from kernel.long_work import JobName

RUN_BULK: Final = JobName(task="run_bulk", queue="bulks")
CHECK_WHOLE_LEDGER: Final = JobName(task="check_whole_ledger", queue="ledger_verifications")

QUEUED: Final = (RUN_BULK, CHECK_WHOLE_LEDGER)
