"""The check of prose reads what people read, and nothing else."""

import subprocess
from pathlib import Path

import pytest

from deploy.ci import prose


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)  # noqa: S603, S607  # git
    return tmp_path


def found(checkout: Path, name: str, text: str) -> list[tuple[int, str]]:
    file = checkout / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    subprocess.run(["git", "-C", checkout, "add", "-A"], check=True)  # noqa: S603, S607  # git
    return [(each.line, each.words) for each in prose.findings(checkout)]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.py", '"""First.\n\nSend it anew.\n"""\n', 3),
        ("a.py", "x = 1\ny = 2  # computed anew\n", 2),
        ("a.py", 'raise ValueError("sign in anew")\n', 1),
        ("a.py", "def test_it_is_sent_anew(): ...\n", 1),
        ("a.md", "Sign in.\nSign in anew.\n", 2),
        ("a.yaml", "a: 1\nb: 2  # started anew\n", 2),
        ("a.sh", "true\n# started anew\n", 2),
        ("a.proto", "// Sent anew.\n", 1),
        ("Makefile", "# made anew\n", 1),
        ("gateway/src/gateway/web/a.html", "<p>\nSign in anew.\n</p>\n", 2),
        ("gateway/src/gateway/web/a.js", 'const a = 1;\nsay("Sign in anew.");\n', 2),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value and " " not in value else None,
)
def test_words_of_the_glossary_are_found(checkout: Path, name: str, text: str, line: int) -> None:
    assert found(checkout, name, text) == [(line, "anew")]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("docs/adr/0001-old.md", "Sign in anew.\n"),
        ("CHANGELOG.md", "Sign in anew.\n"),
        ("a_pb2.py", "# Sent anew.\n"),
        ("a.py", "anew = 1\n"),
        ("a.py", 'x = "anew"\n'),
        ("services/a/migrations/versions/0001_a.py", 'op.execute("SELECT 1 -- anew")\n'),
        ("a.md", "The law says: deliver anew. <!-- prose: as quoted -->\n"),
    ],
)
def test_what_nobody_reads_or_others_wrote_is_left(checkout: Path, name: str, text: str) -> None:
    assert found(checkout, name, text) == []


def test_a_finding_says_what_to_write(checkout: Path) -> None:
    assert found(checkout, "a.md", "It is gone for good.\n") == [(1, "for good")]
    [finding] = prose.findings(checkout)
    assert finding.instead == "permanently"
