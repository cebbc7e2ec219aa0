"""The mapping of aggregates to tables; the file of each noun adds its own when it is imported."""

from sqlalchemy.orm import registry

mapper = registry()
metadata = mapper.metadata
