"""Identity's aggregates in PostgreSQL."""

from identity.infrastructure.tables import map_aggregates

map_aggregates()
