"""How many connections to its database a process may hold at most: what the budgets of environments add up."""

from typing import Final, Literal

from chassis.settings import ServiceSettings

Role = Literal["serve", "work", "jobs", "migrate"]

# The relay that leads holds its lock and listens on one connection, and reads the outbox on another.
RELAY: Final = 2
# On which a `jobs` process hears of new jobs.
JOB_LISTENER: Final = 1


def connections_max(role: Role, settings: ServiceSettings) -> int:
    """Return the most that a process holds at one time. What waits for the schema uses one, and closes it before."""
    match role:
        case "serve":
            return settings.database_pool_size
        case "work":
            return settings.database_pool_size + RELAY
        case "jobs":
            return settings.database_pool_size + settings.job_pool_size + JOB_LISTENER
        case "migrate":
            return 1
