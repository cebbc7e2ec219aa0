"""What maps aggregates to tables: each noun's file maps its own, once a process."""

from sqlalchemy.orm import registry

mapper = registry()
metadata = mapper.metadata
