"""Generate the Python code next to each .proto, and the descriptor image that buf lints.

`python deploy/ci/protos.py` regenerates; `--image FILE` only writes the image. protovalidate ships its rules as a
descriptor, not as a .proto, so protoc reads them from a descriptor set made here.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from google.protobuf import descriptor_pb2

ROOT = Path(__file__).parents[2]
WELL_KNOWN = ("descriptor", "duration", "field_mask", "timestamp")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", type=Path, help="write a FileDescriptorSet of all our protos here, and stop")
    parser.add_argument("--tree", type=Path, default=ROOT, help="another checkout to read protos/ from")
    arguments = parser.parse_args()
    protos = arguments.tree / "protos"
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "validate.binpb"
        rules.write_bytes(validation_rules().SerializeToString())
        sources = [str(path.relative_to(protos)) for path in sorted((protos / "elcorp").rglob("*.proto"))]
        if arguments.image:
            image = arguments.image.resolve()
            return protoc(protos, rules, [f"--descriptor_set_out={image}", "--include_imports", "--include_source_info"], sources)
        services = [source for source in sources if "\nservice " in (protos / source).read_text()]
        messages = ["--python_out=.", "--mypy_out=quiet:."]
        return protoc(protos, rules, messages, [*sources, "buf/validate/validate.proto"]) or protoc(
            protos, rules, ["--grpc_python_out=.", "--mypy_grpc_out=quiet:."], services
        )


def protoc(protos: Path, rules: Path, options: list[str], sources: list[str]) -> int:
    command = [sys.executable, "-m", "grpc_tools.protoc", "-I", ".", f"--descriptor_set_in={rules}", *options, *sources]
    # protoc looks for its plugins on PATH; ours are in the interpreter's folder.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path}
    return subprocess.run(command, cwd=protos, env=environment, check=False).returncode  # noqa: S603  # our own arguments only


def validation_rules() -> descriptor_pb2.FileDescriptorSet:
    """Return buf/validate/validate.proto of the installed protovalidate, with its imports."""
    described = import_module("protovalidate._gen.buf.validate.validate_pb")
    rules = descriptor_pb2.FileDescriptorProto.FromString(described._DESC.proto.to_binary())  # noqa: SLF001
    files = descriptor_pb2.FileDescriptorSet()
    for name in WELL_KNOWN:
        import_module(f"google.protobuf.{name}_pb2").DESCRIPTOR.CopyToProto(files.file.add())
    files.file.append(rules)
    return files


if __name__ == "__main__":
    raise SystemExit(main())
