"""The maximum number of database connections of a process. Tests add these up for each environment."""

from typing import Final, Literal

from chassis.settings import ServiceSettings

Role = Literal["serve", "work", "jobs", "migrate"]

# The leading relay holds its lock and listens on one connection, and reads the outbox on another.
RELAY: Final = 2
# A `jobs` process listens for new jobs on one connection.
JOB_LISTENER: Final = 1


def connections_max(role: Role, settings: ServiceSettings) -> int:
    """Return the most connections that a process has at one time. The connection that waits for the schema is closed before."""
    match role:
        case "serve":
            return settings.database_pool_size
        case "work":
            return settings.database_pool_size + RELAY
        case "jobs":
            return settings.database_pool_size + settings.job_pool_size + JOB_LISTENER
        case "migrate":
            return 1
