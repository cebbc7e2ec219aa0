"""The results of benchmarks, on the terminal and in .local/bench.json."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True)
class Result:
    """One figure; `ratio` is the value divided by the baseline of the same run. `met` is None if there is no target."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    target: str | None = None
    met: bool | None = None

    @classmethod
    def at_least(cls, name: str, value: float, unit: str, *, target: float) -> Self:
        return cls(name, value, unit, target=f">= {target:g}", met=value >= target)

    @classmethod
    def below(cls, name: str, value: float, unit: str, *, target: float) -> Self:
        return cls(name, value, unit, target=f"< {target:g}", met=value < target)

    @classmethod
    def against(cls, name: str, value: float, unit: str, *, baseline: float, ratio_min: float) -> Self:
        ratio = value / baseline
        return cls(name, value, unit, baseline, ratio, f"ratio >= {ratio_min:g}", ratio >= ratio_min)


def show(results: list[Result]) -> str:
    lines = [f"  {'benchmark':<44}{'value':>12} {'unit':<14}{'baseline':>10}{'ratio':>8}  target"]
    for result in results:
        baseline = f"{result.baseline:,.1f}" if result.baseline is not None else ""
        ratio = f"{result.ratio:.2f}" if result.ratio is not None else ""
        verdict = {None: "", True: "met", False: "MISSED"}[result.met]
        figure = f"  {result.name:<44}{result.value:>12,.2f} {result.unit:<14}"
        lines.append(f"{figure}{baseline:>10}{ratio:>8}  {result.target or ''} {verdict}")
    return "\n".join(lines)


def markdown(results: list[Result]) -> str:
    """Write the table that docs/performance.md contains."""
    lines = ["| figure | value | ratio | target |", "|---|---:|---:|---|"]
    for result in results:
        ratio = f"{result.ratio:.2f}" if result.ratio is not None else ""
        verdict = {None: "", True: ", met", False: ", **missed**"}[result.met]
        lines.append(f"| {result.name} | {result.value:,.2f} {result.unit} | {ratio} | {result.target or ''}{verdict} |")
    return "\n".join(lines)


def write(results: list[Result], file: Path) -> None:
    """Write the results; keep the figures of benchmarks that this run did not measure."""
    file.parent.mkdir(parents=True, exist_ok=True)
    measured = {result.name for result in results}
    kept = [row for row in json.loads(file.read_text()) if row["name"] not in measured] if file.exists() else []
    file.write_text(json.dumps([*kept, *(asdict(result) for result in results)], indent=2) + "\n")
