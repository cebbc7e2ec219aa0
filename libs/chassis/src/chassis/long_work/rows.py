"""The rows of long work, and the runs of the jobs that write them."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from kernel.long_work import LongWork, WorkState

FIELDS: Final = (
    "id",
    "kind",
    "requested_by",
    "created_at",
    "updated_at",
    "arguments",
    "exclusive",
    "can_resume",
    "state",
    "done",
    "total",
    "message",
    "checkpoint",
    "result",
    "error_code",
    "error",
    "started_at",
    "finished_at",
    "run_at",
    "run_done",
    "attempts",
    "attempts_before",
    "version",
)
COLUMNS: Final = ", ".join(FIELDS)
JSON: Final = frozenset({"arguments", "checkpoint", "result"})
FIXED: Final = frozenset({"id", "kind", "requested_by", "created_at", "arguments", "exclusive", "can_resume"})

if {field.name for field in fields(LongWork)} != set(FIELDS):
    raise TypeError("the columns of long work are not its fields")


def work_of(row: Sequence[Any]) -> LongWork:
    values = dict(zip(FIELDS, row, strict=True))
    return LongWork(**values | {"state": WorkState(values["state"])})


@dataclass(frozen=True, slots=True)
class JobRun:
    """One run of a job: its id and attempt."""

    job_id: int
    attempt: int
