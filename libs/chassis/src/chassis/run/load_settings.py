"""Reads the settings of a process. All problems are printed together, and the process exits with status 2."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar, cast

from pydantic import ValidationError

from chassis.process_settings import PREFIX, Contradictions, ProcessSettings, variable
from chassis.run.process import USAGE_ERROR
from chassis.setting_names import OF_ONE_PROCESS, TOOLS, TOOLS_PREFIXES
from chassis.settings import ServiceSettings

# How alike a mistyped name and the suggested one must be; 1 is equal.
_ALIKE_MIN = 0.75

SettingsT = TypeVar("SettingsT", bound=ProcessSettings)


def load_settings(kind: type[SettingsT], *, process: str, needs: Sequence[str] = ()) -> SettingsT:
    """Return the settings of a process or command; `needs` are the names of settings that it cannot work without.

    Prints one line per problem to standard error and exits with status 2: values that are refused, settings that contradict each
    other, needed ones that are not set, unreadable files and keys, and ELCORP_ variables that no process knows.
    """
    settings, problems = _read(kind)
    refused = {problem.partition(":")[0] for problem in problems}
    further = [*settings.missing(needs), *settings.unreadable()] if settings else []
    problems += [problem for problem in further if problem.partition(" ")[0] not in refused]
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


def _read(kind: type[SettingsT], **replaced: Any) -> tuple[SettingsT | None, list[str]]:
    """Return the settings and their problems. Defaults replace refused values, so that the others are checked too."""
    try:
        return kind(**replaced), []
    except ValidationError as error:
        refused, contradictions = _fields(error), _contradictions(error)
        if contradictions:
            return cast("SettingsT", contradictions.settings), list(contradictions.problems)
        # With the default in place of a refused environment, the others would be checked for another environment.
        if "environment" in refused or replaced:
            return None, list(_described(error))
        settings, problems = _read(kind, **{name: _default(kind, name) for name in refused})
        return settings, [*_described(error), *problems]


def _contradictions(error: ValidationError) -> Contradictions | None:
    causes = [problem.get("ctx", {}).get("error") for problem in error.errors(include_url=False, include_input=False)]
    return next((cause for cause in causes if isinstance(cause, Contradictions)), None)


def _fields(error: ValidationError) -> set[str]:
    return {str(problem["loc"][0]) for problem in error.errors(include_url=False, include_input=False) if problem["loc"]}


def _default(kind: type[ProcessSettings], name: str) -> Any:
    return kind.model_fields[name].get_default(call_default_factory=True, validated_data={})


def _described(error: ValidationError) -> Iterator[str]:
    """Yield a line for each problem, without the refused values, which may be secrets."""
    for problem in error.errors(include_url=False, include_input=False):
        yield f"{variable(str(problem['loc'][0]))}: {problem['msg'].removeprefix('Value error, ')}"
