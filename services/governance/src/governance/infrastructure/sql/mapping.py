"""The registry that maps aggregates to tables. The module of each noun adds its mapping when it is imported."""

from enum import StrEnum

from sqlalchemy import Enum
from sqlalchemy.orm import registry

mapper = registry()
metadata = mapper.metadata


def enumerated(kind: type[StrEnum]) -> Enum:
    """Return a column type that stores the values of an enumeration as text."""
    return Enum(kind, native_enum=False, values_callable=lambda members: [member.value for member in members])
