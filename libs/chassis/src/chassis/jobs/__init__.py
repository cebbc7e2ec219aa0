"""Background jobs, in the service's own database (procrastinate).

A job is deferred in the transaction of the effect it belongs to, so that neither is ever there without the other.
Periodic jobs are deduplicated by the database: any number of workers, no scheduler process. A tick later than ten
minutes is skipped, and any job may run twice; so a job says "catch up to now", never "do today's".
"""

from chassis.jobs.app import JobDatabaseError, make_jobs
from chassis.jobs.deferring import defer
from chassis.jobs.ticks import each
from chassis.jobs.worker import JobWorker

__all__ = ["JobDatabaseError", "JobWorker", "defer", "each", "make_jobs"]
