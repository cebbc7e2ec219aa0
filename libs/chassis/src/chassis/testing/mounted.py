"""Files as Kubernetes mounts a Secret or ConfigMap."""

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path


class MountedFiles:
    """Each file is a link through `..data`; replacing the files swaps that link, so that all change at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put_files(self, files: Mapping[str, bytes]) -> None:
        """Replace all files at once; files that are not given are removed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        data = self.folder / "..data"
        former = data.resolve() if data.exists() else None
        version = Path(tempfile.mkdtemp(prefix="..", dir=self.folder))
        # Pods run as other users.
        version.chmod(0o755)
        for name, content in files.items():
            (version / name).write_bytes(content)
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(Path("..data") / name)
        link = self.folder / "..data_tmp"
        link.symlink_to(version.name)
        link.rename(data)
        if former:
            shutil.rmtree(former)
