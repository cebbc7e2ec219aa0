"""What the tables of all nouns share: the metadata, the mapping of aggregates, and types of columns."""

from enum import StrEnum

from sqlalchemy import DateTime, Enum, MetaData
from sqlalchemy.orm import registry

metadata = MetaData()
# Aggregates are mapped beside their tables. Profiles and keys of subjects are no aggregates: they pass through the vault.
mapper = registry(metadata=metadata)


def enum_text(words: type[StrEnum]) -> Enum:
    """Keep an enum as its text; the table's own check says which texts there are."""
    return Enum(words, native_enum=False, create_constraint=False, values_callable=lambda them: [word.value for word in them])


def timestamp() -> DateTime:
    return DateTime(timezone=True)
