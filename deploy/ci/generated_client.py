"""Generate a Python client from docs/openapi.json into a temporary folder, and fail if the client lacks anything.

The generator reports what it omits. In addition, each operation must have a function that
reads each JSON response into a type, because the generator silently drops what it cannot name.
"""

import argparse
import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "openapi.json"
# As JSON, which is YAML. A client sends and receives files as bytes. Formatting the temporary code would take seconds.
CONFIGURATION: Final = json.dumps(
    {
        "content_type_overrides": {"application/xml": "application/octet-stream", "text/csv": "application/octet-stream"},
        "post_hooks": [],
    }
)
METHODS: Final = ("get", "put", "post", "delete", "patch")
SECONDS_MAX: Final = 300


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "document", nargs="?", type=Path, default=DOCUMENT, help="an OpenAPI document (default docs/openapi.json)"
    )
    path: Path = parser.parse_args().document
    with TemporaryDirectory(prefix="elcorp-client-") as folder:
        problems = list(losses(path, Path(folder)))
    for problem in problems:
        print(f"client: {problem}")
    return 1 if problems else 0


def losses(path: Path, folder: Path) -> Iterator[str]:
    """Generate the client into a folder, and yield what it lacks compared with the document."""
    client = folder / "client"
    yield from _warnings(path, client, folder / "configuration.json")
    modules = {module.stem: module for module in client.glob("api/*/*.py")}
    for operation in _operations(json.loads(path.read_text())):
        name = operation["operationId"]
        if name not in modules:
            yield f"{name} has no function"
            continue
        typed = _typed_statuses(ast.parse(modules[name].read_text()))
        for status in _json_statuses(operation):
            if status not in typed:
                yield f"{name} has no type for its answer {status}"


def _warnings(path: Path, client: Path, configuration: Path) -> Iterator[str]:
    configuration.write_text(CONFIGURATION)
    program = Path(sys.executable).with_name("openapi-python-client")
    options = ["--meta", "none", "--fail-on-warning", "--config", str(configuration), "--output-path", str(client)]
    ended = subprocess.run(  # noqa: S603  # our own command
        [program, "generate", "--path", str(path), *options], capture_output=True, text=True, check=False, timeout=SECONDS_MAX
    )
    if ended.returncode:
        yield f"openapi-python-client:\n{ended.stdout}{ended.stderr}"


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        yield from (item[method] for method in METHODS if method in item)


def _json_statuses(operation: dict[str, Any]) -> Iterator[int]:
    for status, response in operation["responses"].items():
        schema = response.get("content", {}).get("application/json", {}).get("schema")
        # Skip empty schemas: FastAPI writes them for responses that are files or streams. A JSON file is its bytes.
        if schema and schema.get("format") != "binary":
            yield int(status)


def _typed_statuses(module: ast.Module) -> set[int]:
    """Return the statuses whose JSON the generated function reads into a type."""
    branches = (node for node in ast.walk(module) if isinstance(node, ast.If) and isinstance(node.test, ast.Compare))
    return {
        value.value
        for branch in branches
        if isinstance(branch.test, ast.Compare) and "from_dict(" in ast.unparse(branch)
        for value in branch.test.comparators
        if isinstance(value, ast.Constant) and isinstance(value.value, int)
    }


if __name__ == "__main__":
    raise SystemExit(main())
