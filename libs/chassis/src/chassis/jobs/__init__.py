"""Background jobs, in the service's own database (procrastinate).

A job is queued in the transaction of the effect that it belongs to, by its declared name (`chassis.job_queue`), so that neither
exists without the other. The database deduplicates periodic jobs, so any number of workers can run, without a scheduler process.
A tick more than ten minutes late is skipped, and any job may run twice; so write jobs that "catch up to now", never jobs that "do
today's".
"""

from chassis.jobs.app import JobDatabaseError, JobWithoutCode, make_jobs
from chassis.jobs.long_work import WorkJob, long_work_jobs
from chassis.jobs.ticks import each
from chassis.jobs.worker import JobWorker

__all__ = [
    "JobDatabaseError",
    "JobWithoutCode",
    "JobWorker",
    "WorkJob",
    "each",
    "long_work_jobs",
    "make_jobs",
]
