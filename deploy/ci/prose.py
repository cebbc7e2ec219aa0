"""Find words and turns that the glossary of docs/glossary.md replaces by plain technical English, in what people read.

Docstrings, comments, messages (texts with a space in them) and names of tests in Python are read, comments in shell, YAML, TOML
and protos, the gateway's pages (HTML and JavaScript), and the documents. `docs/adr` stays as it was written, and so does
CHANGELOG's past. A line that contains `prose: as quoted` is left: its words are somebody else's.
"""

import argparse
import ast
import io
import re
import shutil
import subprocess
import sys
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
AS_QUOTED: Final = "prose: as quoted"
# History, and the words themselves.
OWN: Final = frozenset({"CHANGELOG.md", "deploy/ci/prose.py", "deploy/tests/test_prose.py"})
# What is found, and what to write instead.
GLOSSARY: Final = (
    (r"anew", "again"),
    (r"for good", "permanently"),
    (r"whoever|whomever", "callers who …, a user who …"),
    (r"(?<=[.;:] )Who (?!are|is it)\w+", "A user who …, callers who …"),
    (r"one's", "their, its, the caller's"),
    (r"of (?:theirs|ours|hers|yours)", "their, our, her, your"),
    (r"let(?:s|ting)? go(?: of)?", "release, cancel"),
    (r"put(?:s|ting)? off", "defer, queue"),
    (r"how (?:it|they|an? \w+|the \w+) stands?", "its status"),
    (r"nobody's business", "not disclosed"),
    (r"need not be there", "is optional"),
    (r"twins?", "duplicates"),
    (r"(?:it|this|that|which|they) (?:is|are) over", "has ended"),
    (r"(?:give|gives|given|giving|gave) back", "refund, return, reverse"),
    (r"[Tt]ell(?:s)? whether", "Return whether"),
    (r"[Aa]ccount(?:s|ed|ing)? for (?:a|an|the|what|that|it|each)", "record"),
    (r"prov(?:e|es|en|ed) (?:anew|who (?:one|they) (?:is|are))", "re-authenticate"),
    (r"what becomes of", "what happens to"),
    (r"(?:is|are|was|were|be|been|being|not|never) told", "is returned, reported, sent, logged; knows"),
    (
        r"(?:it|that|which|answer|code|log|event|event's|error|list|page|line|lines|header|document) tells?",
        "shows, says, contains, returns",
    ),
    (r"heard", "received"),
    (r"somebody(?:'s)?", "a user, someone"),
    (r"(?:has|have|had) to be (?:shown|told|asked)", "must …"),
    (r"thereby|thereof|whence|hence|whereof|thence", "so, therefore"),
    (r"none of (?:ours|theirs)", "not one of …"),
    (r"(?:told|tells) to nobody", "never disclosed"),
    (r"goes? on (?:at|with|as|to)", "continues"),
    (r"what (?:is|was|were|are) (?:told|shown|said)", "what is returned, reported"),
)
PATTERN: Final = re.compile("|".join(rf"\b({pattern})\b" for pattern, _ in GLOSSARY))
# The pages that customers open. Their scripts are read whole, because messages are in them.
WEB: Final = "gateway/src/gateway/web/"
COMMENTED: Final = {".sh": "#", ".yaml": "#", ".yml": "#", ".toml": "#", ".proto": "//"}


@dataclass(frozen=True, slots=True)
class Finding:
    file: str
    line: int
    words: str
    instead: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=ROOT, help="another checkout")
    parser.add_argument("--count", action="store_true", help="count by words, and exit with 0")
    options = parser.parse_args()
    found = list(findings(options.root))
    if options.count:
        for words, number in Counter(each.words.lower() for each in found).most_common():
            print(f"{number:5} {words}")
        print(f"{len(found):5} in all")
        return 0
    for each in found:
        print(f"{each.file}:{each.line}: {each.words!r}: write {each.instead}")
    return 1 if found else 0


def findings(root: Path) -> Iterator[Finding]:
    """Go through what git holds of a checkout."""
    git = shutil.which("git") or "git"
    listed = subprocess.run([git, "-C", root, "ls-files"], capture_output=True, text=True, check=True).stdout  # noqa: S603  # git
    for name in listed.splitlines():
        if not is_read(name):
            continue
        text = (root / name).read_text(encoding="utf-8")
        lines = text.splitlines()
        for number, words in passages(name, text):
            for match in PATTERN.finditer(words):
                line = number + words[: match.start()].count("\n")
                if AS_QUOTED not in lines[line - 1]:
                    yield Finding(name, line, match[0], GLOSSARY[(match.lastindex or 0) - 1][1])


def is_read(name: str) -> bool:
    generated = name.endswith(("_pb2.py", "_pb2_grpc.py", "_pb2.pyi"))
    if generated or name.startswith(("docs/adr/", "docs/research/")) or name in OWN:
        return False
    if name.startswith(WEB) and name.endswith((".html", ".js")):
        return True
    return Path(name).suffix in {".py", ".md", *COMMENTED} or Path(name).name in {"Makefile", "Dockerfile"}


def passages(name: str, text: str) -> Iterator[tuple[int, str]]:
    """Give what people read of a file, each with the line on which it begins."""
    suffix = Path(name).suffix
    if suffix == ".py":
        # The SQL of a migration stays as it ran.
        yield from of_python(text, messages="/migrations/" not in name)
    elif suffix in {".md", ".html", ".js"}:
        yield 1, text
    else:
        sign = COMMENTED.get(suffix, "#")
        for number, line in enumerate(text.splitlines(), 1):
            _, found, comment = line.partition(sign)
            if found:
                yield number, comment


def of_python(text: str, *, messages: bool) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string
    tree = ast.parse(text)
    if docstring := ast.get_docstring(tree, clean=False):
        yield tree.body[0].lineno, docstring
    for node in ast.walk(tree) if messages else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            if node is not getattr(tree.body[0], "value", None):
                yield node.lineno, node.value
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.lineno, node.name.replace("_", " ")


if __name__ == "__main__":
    sys.exit(main())
