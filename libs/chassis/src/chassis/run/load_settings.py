"""Reads the settings of a process. All problems are printed together, and the process exits with status 2."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import ValidationError

from chassis.run.process import USAGE_ERROR
from chassis.setting_names import OF_ONE_PROCESS, TOOLS, TOOLS_PREFIXES
from chassis.settings import PREFIX, ProcessSettings, ServiceSettings, variable

# How alike a mistyped name and the suggested one must be; 1 is equal.
_ALIKE_MIN = 0.75

SettingsT = TypeVar("SettingsT", bound=ProcessSettings)


def load_settings(kind: type[SettingsT], *, process: str, needs: Sequence[str] = ()) -> SettingsT:
    """Return the settings of a process or command; `needs` are the names of settings that it cannot work without.

    Prints one line per problem to standard error and exits with status 2: values that are refused, settings that contradict each
    other, needed ones that are not set, unreadable files and keys, and ELCORP_ variables that no process knows.
    """
    settings, problems = _read(kind)
    if settings:
        problems += [*settings.missing(needs), *settings.unreadable()]
    problems += unknown_variables(os.environ, kind)
    if settings is None or problems:
        sys.stderr.writelines(f"{process}: {problem}\n" for problem in problems)
        raise SystemExit(USAGE_ERROR)
    return settings


def unknown_variables(environment: Mapping[str, str], kind: type[ProcessSettings]) -> list[str]:
    """Return a problem for each ELCORP_ variable that is no setting of any process and belongs to no tool."""
    known = {variable(name) for each in (kind, ServiceSettings) for name in each.model_fields} | OF_ONE_PROCESS
    given = sorted(name for name in environment if name.upper().startswith(PREFIX))
    return [
        _unknown(name, known)
        for name in given
        if name.upper() not in known and name not in TOOLS and not name.startswith(TOOLS_PREFIXES)
    ]


def _unknown(name: str, known: set[str]) -> str:
    nearest = get_close_matches(name.upper(), sorted(known), n=1, cutoff=_ALIKE_MIN)
    hint = f"did you mean {nearest[0]}?" if nearest else "docs/operations.md lists the settings"
    return f"{name} is not a setting; {hint}"


def _read(kind: type[SettingsT]) -> tuple[SettingsT | None, list[str]]:
    try:
        return kind(), []
    except ValidationError as error:
        problems, refused = list(_described(error)), _fields(error)
    # With the default environment in place of a refused one, the contradictions would be those of another environment.
    if refused and "environment" not in refused:
        try:
            # Arguments take precedence over the environment: the other settings are still compared with each other.
            kind(**{name: _default(kind, name) for name in refused})
        except ValidationError as error:
            problems += [problem for problem in _described(error) if problem not in problems]
    return None, problems


def _fields(error: ValidationError) -> set[str]:
    return {str(problem["loc"][0]) for problem in error.errors(include_url=False, include_input=False) if problem["loc"]}


def _default(kind: type[ProcessSettings], name: str) -> Any:
    return kind.model_fields[name].get_default(call_default_factory=True, validated_data={})


def _described(error: ValidationError) -> Iterator[str]:
    """Yield a line for each problem, without the refused values, which may be secrets."""
    for problem in error.errors(include_url=False, include_input=False):
        message = problem["msg"].removeprefix("Value error, ")
        if problem["loc"]:
            yield f"{variable(str(problem['loc'][0]))}: {message}"
        else:
            # The model's own validator reports every contradiction on a line of its own.
            yield from message.splitlines()
