"""The screening blocks' table; the log's own tables are written by hand (log.py)."""

from functools import cache

from sqlalchemy import Column, DateTime, MetaData, Table, Text, Uuid
from sqlalchemy.orm import registry

from compliance.domain.screening import ScreeningBlock

metadata = MetaData()

screening_blocks = Table(
    "screening_blocks",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("subject_id", Uuid, nullable=False),
    Column("reason", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("lifted_by", Text),
    Column("lifted_at", DateTime(timezone=True)),
)


@cache
def map_aggregates() -> None:
    registry(metadata=metadata).map_imperatively(ScreeningBlock, screening_blocks)
