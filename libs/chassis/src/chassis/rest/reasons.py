"""The reason for reading others' data, recorded with the read (kernel.reads)."""

from typing import Annotated

from fastapi import Query

from chassis.rest.texts import REASON

# For searches over people, which always read others' data.
ReadReason = Annotated[
    str,
    Query(
        min_length=3, max_length=200, description="The reason for reading; recorded in the audit log", examples=["complaint 4711"]
    ),
    REASON,
]
# For data that is the caller's or another's. The use case requires it for another's (ReasonRequired).
ReadReasonOfOthers = Annotated[
    str | None,
    Query(
        min_length=3,
        max_length=200,
        description="Required to read another person's data: the reason, for the audit log",
        examples=["complaint 4711"],
    ),
    REASON,
]
