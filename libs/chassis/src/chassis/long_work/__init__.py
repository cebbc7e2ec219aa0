"""Long work (kernel.long_work): its rows, its queue, and its runs."""

from chassis.long_work.reads import SqlLongWorkReads
from chassis.long_work.repository import SqlLongWorks
from chassis.long_work.rows import JobRun
from chassis.long_work.run import SqlWorkRun
from chassis.long_work.runner import LongWorkRunner

__all__ = ["JobRun", "LongWorkRunner", "SqlLongWorkReads", "SqlLongWorks", "SqlWorkRun"]
