"""Remove the platform's data on this machine."""

import shutil
from pathlib import Path

from elcorp_local.backing import docker, postgres, rabbitmq, redis
from elcorp_local.locks import all_locks
from elcorp_local.platform import end_leftovers

KEPT = {"uv"}  # the tool that runs us, if make had to fetch it


def clean(folder: Path) -> None:
    """Remove all data below a folder, and its data in other places. Raises InUse while a platform runs on it."""
    with all_locks(folder):
        for data in (folder, folder / "backing"):
            end_leftovers(data)
            for server in (postgres, rabbitmq, redis):
                server.stop_leftover(data)
            docker.remove_data(data)
            shutil.rmtree(postgres.home_of(data / "postgres"), ignore_errors=True)
        for entry in folder.iterdir() if folder.exists() else ():
            if entry.name not in KEPT:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
