"""A folder and a bucket, for tests that run on both."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from chassis.objects.configured import object_store
from chassis.objects.object_storage import ObjectStorage
from chassis.settings import ServiceSettings

BUCKET = "elcorp-test"


class Settings(ServiceSettings):
    NAME = "things"


class Others(ServiceSettings):
    NAME = "others"


@contextmanager
def running_s3() -> Iterator[str]:
    """Run a server of S3's protocol with one bucket; yield its URL."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        urllib.request.urlopen(urllib.request.Request(f"{url}/{BUCKET}", method="PUT"), timeout=30).close()  # noqa: S310  # our own
        yield url
    finally:
        server.stop()


def folder(path: Path) -> ObjectStorage:
    return object_store(Settings(environment="local", objects_url=path.as_uri()))


def bucket(endpoint: str, prefix: str, settings: type[ServiceSettings] = Settings) -> ObjectStorage:
    return object_store(
        settings(
            environment="local",
            objects_url=f"s3://{BUCKET}/{prefix}",
            objects_endpoint=endpoint,
            objects_access_key_id="test",
            objects_secret_access_key=SecretStr("test"),
        )
    )
