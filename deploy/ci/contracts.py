"""Lint the protos, and refuse a change that would break existing clients.

buf reads a descriptor image instead of the sources, because protovalidate's rules are only available as a descriptor. The base
of the comparison is the merge base with origin/main, or else the previous commit.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUF = Path(sys.executable).parent / "buf"


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "now.binpb"
        if build(ROOT, image) or run(BUF, "lint", image, "--config", ROOT / "buf.yaml"):
            return 1
        base = Path(folder) / "base.binpb"
        if commit := base_commit():
            worktree = Path(folder) / "base"
            run("git", "worktree", "add", "--quiet", "--detach", worktree, commit)
            try:
                had_protos = (worktree / "protos" / "elcorp").exists()
                if had_protos and build(worktree, base):
                    return 1
            finally:
                run("git", "worktree", "remove", "--force", worktree)
            if had_protos:
                return run(BUF, "breaking", image, "--against", base, "--config", ROOT / "buf.yaml")
    return 0


def build(tree: Path, image: Path) -> int:
    return run(sys.executable, ROOT / "deploy" / "ci" / "protos.py", "--image", image, "--tree", tree)


def base_commit() -> str | None:
    """Find the commit that the contracts must stay compatible with; None in a repository without history."""
    for revisions in (("merge-base", "HEAD", "origin/main"), ("rev-parse", "--verify", "HEAD~1")):
        found = subprocess.run(["git", *revisions], cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603, S607
        if found.returncode == 0:
            return found.stdout.strip()
    return None


def run(*command: object) -> int:
    return subprocess.run([str(part) for part in command], cwd=ROOT, check=False).returncode  # noqa: S603  # our own


if __name__ == "__main__":
    raise SystemExit(main())
