from collections.abc import Iterator
from pathlib import Path

import pytest

from chassis.objects.object_storage import ObjectStorage
from kernel.ids import new_id
from libs.chassis.tests.objects.stores import bucket, folder, running_s3


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    with running_s3() as url:
        yield url


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStorage:
    if request.param == "folder":
        return folder(tmp_path / "objects")
    return bucket(request.getfixturevalue("s3_url"), str(new_id()))
