"""Why the data of others is read: recorded with the read (kernel.reads)."""

from typing import Annotated

from fastapi import Query

from chassis.rest.texts import REASON

# Of searches over people, which are always of others.
ReadReason = Annotated[
    str,
    Query(min_length=3, max_length=200, description="Why it is read: goes into the audit log", examples=["complaint 4711"]),
    REASON,
]
# Of what is the caller's own or another's. The use case asks for it of others' (ReasonRequired).
ReadReasonOfOthers = Annotated[
    str | None,
    Query(
        min_length=3,
        max_length=200,
        description="Required of what is another's: why it is read, for the audit log",
        examples=["complaint 4711"],
    ),
    REASON,
]
