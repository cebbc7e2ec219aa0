"""Parameters for the reason of a read of others' data, recorded with it (kernel.reads)."""

from typing import Annotated

from fastapi import Query

from chassis.rest.texts import REASON

# For searches of people, which always read others' data.
ReadReason = Annotated[
    str,
    Query(
        min_length=3,
        max_length=200,
        description="The reason for reading the data; recorded in the audit log",
        examples=["complaint 4711"],
    ),
    REASON,
]
# For data of the caller or of another person; the use case requires it for another's (ReasonRequired).
ReadReasonOfOthers = Annotated[
    str | None,
    Query(
        min_length=3,
        max_length=200,
        description="Required to read another person's data; recorded in the audit log",
        examples=["complaint 4711"],
    ),
    REASON,
]
