"""The jobs of payments that use cases queue by name."""

from typing import Final

from chassis.job_queue import JobQueue
from payments.application.ports.queued_jobs import QUEUED

JOB_QUEUE: Final = JobQueue("payments", QUEUED)
