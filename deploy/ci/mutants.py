"""Make small changes in one area's code, run its tests against each change, and list the changes that no test detects.

An area is a file in `deploy/ci/mutation`. The database of a run stays in `.local/mutants`;
an interrupted run is resumed.
"""

import argparse
import os
import random
import subprocess
import sys
from pathlib import Path

from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import WorkerOutcome, WorkItem, WorkResult

from elcorp_local.backing import start_backing

AREAS = Path(__file__).with_name("mutation")
FOLDER = Path(".local/mutants")
BIN = Path(sys.executable).parent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    areas = sorted(area.stem for area in AREAS.glob("*.toml"))
    parser.add_argument("--area", choices=areas, required=True)
    parser.add_argument("--sample", type=int, help="try only this many mutants, drawn with a fixed seed; default: all")
    arguments = parser.parse_args()
    config, session = AREAS / f"{arguments.area}.toml", FOLDER / f"{arguments.area}.sqlite"
    if not session.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        run("cosmic-ray", "init", str(config), str(session))
        run("cr-filter-operators", str(session), str(config))
        if arguments.sample:
            keep(session, arguments.sample)
    with start_backing(FOLDER / "backing", fast=True) as backing:
        names = ("postgres_url", "rabbitmq_url", "rabbitmq_management_url", "redis_url")
        servers = {f"ELCORP_TEST_{name.upper()}": getattr(backing, name) for name in names}
        run("cosmic-ray", "exec", str(config), str(session), **servers)
    return run("cr-report", "--show-diff", "--surviving-only", str(session))


def keep(session: Path, count: int) -> None:
    """Keep only this many mutants."""
    with use_db(str(session)) as mutants:
        pending = [item.job_id for item in sorted(mutants.pending_work_items, key=_place)]
        chosen = set(random.Random(1).sample(pending, min(count, len(pending))))  # noqa: S311  # a sample, no secret
        skipped = WorkResult(output="not in the sample", worker_outcome=WorkerOutcome.SKIPPED)
        mutants.set_multiple_results([job for job in pending if job not in chosen], skipped)


def _place(item: WorkItem) -> tuple[str, tuple[int, int], str, int]:
    # Their ids differ in each run.
    [mutation] = item.mutations
    return str(mutation.module_path), mutation.start_pos, mutation.operator_name, mutation.occurrence


def run(command: str, *arguments: str, **environment: str) -> int:
    return subprocess.run([str(BIN / command), *arguments], env={**os.environ, **environment}, check=True).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
