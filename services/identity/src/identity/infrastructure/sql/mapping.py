"""Common parts of all tables: the metadata, the mapping of aggregates, and column types."""

from enum import StrEnum

from sqlalchemy import DateTime, Enum, MetaData
from sqlalchemy.orm import registry

metadata = MetaData()
# Aggregates are mapped beside their tables. Profiles and subject keys are not aggregates: the vault seals and opens them.
mapper = registry(metadata=metadata)


def enum_text(words: type[StrEnum]) -> Enum:
    """Store an enum as text. The table's CHECK constraint lists the valid values."""
    return Enum(words, native_enum=False, create_constraint=False, values_callable=lambda them: [word.value for word in them])


def timestamp() -> DateTime:
    return DateTime(timezone=True)
