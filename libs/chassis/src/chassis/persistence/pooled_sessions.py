"""Start-up checks of a process whose database URL leads to PgBouncer in transaction mode.

PgBouncer assigns a server connection per transaction, so nothing may depend on a session: no LISTEN, session advisory locks or
SET. It refuses session parameters at the start of a connection (`options`), so they are set for the role in the database.
"""

from sqlalchemy import text

from chassis.persistence.database import SESSION, Database
from chassis.process_settings import SettingRefused
from chassis.settings import ServiceSettings

_IN_FORCE = text("SELECT name, setting FROM pg_settings WHERE name = ANY(:names)")
_SCRIPT = "k8s/components/backing/databases/databases.sh"  # sets them for every login of the role


class UnlimitedSession(Exception):
    """The sessions behind the pooler lack parameters, without which statements or transactions have no time limit."""


async def require_session(database: Database) -> None:
    """Raise UnlimitedSession unless all session parameters are in force; the values of time limits may differ from ours."""
    async with database.read() as connection:
        found = {name.lower(): setting for name, setting in await connection.execute(_IN_FORCE, {"names": _names()})}
    missing = [name for name, value in SESSION.items() if not _is_in_force(name, value, found.get(name, ""))]
    if missing:
        raise UnlimitedSession(f"{', '.join(missing)} not in force behind ELCORP_DATABASE_URL: run {_SCRIPT} as a superuser")


def require_direct(settings: ServiceSettings, role: str) -> None:
    """Raise SettingRefused for a process that cannot run behind the pooler."""
    if settings.database_pooled:
        raise SettingRefused(
            f"ELCORP_DATABASE_POOLED is only for `serve`: `{role}` listens and holds locks for its whole session"
        )


def _names() -> list[str]:
    # PostgreSQL writes it "TimeZone".
    return [*SESSION, "TimeZone"]


def _is_in_force(name: str, wanted: str, setting: str) -> bool:
    return setting not in {"", "0"} if name.endswith(("_timeout", "_interval")) else setting == wanted
