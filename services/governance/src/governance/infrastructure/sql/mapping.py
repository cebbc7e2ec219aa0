"""The registry that maps aggregates to tables. The module of each noun adds its mapping when it is imported."""

from sqlalchemy.orm import registry

mapper = registry()
metadata = mapper.metadata
