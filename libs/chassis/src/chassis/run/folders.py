"""Finds a service's files, in a checkout and in an installed wheel."""

from importlib.util import find_spec
from pathlib import Path


def migrations_of(package: str) -> Path:
    """Return the folder of a service's migrations: inside the wheel, or beside src/ in a checkout."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(package)
    home = Path(spec.origin).parent
    installed = home / "_migrations" / "versions"
    return installed if installed.exists() else home.parents[1] / "migrations" / "versions"
