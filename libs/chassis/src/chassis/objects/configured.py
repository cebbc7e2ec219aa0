"""The object store and the scanner that the settings name."""

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from obstore.store import LocalStore, S3Store

from chassis.objects.clamd import Clamd
from chassis.objects.object_storage import CLIENT, RETRY, ObjectStorage
from chassis.settings import ServiceSettings
from kernel.objects import NoScanner, Scanner

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config


def object_store(settings: ServiceSettings) -> ObjectStorage:
    """Make the store of a service. It connects at the first call. Raises ValueError if ELCORP_OBJECTS_URL is not set."""
    url = urlsplit(settings.objects_url)
    if url.scheme == "file":
        return ObjectStorage(LocalStore(unquote(url.path), mkdir=True), prefix=settings.NAME)
    if url.scheme != "s3":
        raise ValueError("ELCORP_OBJECTS_URL is not set")
    return ObjectStorage(_bucket(settings, url.netloc), prefix=f"{url.path.strip('/')}/{settings.NAME}".strip("/"))


def scanner(settings: ServiceSettings) -> Scanner:
    return Clamd(settings.scanner_url) if settings.scanner_url else NoScanner()


def _bucket(settings: ServiceSettings, bucket: str) -> S3Store:
    config: S3Config = {
        "region": settings.objects_region,
        # S3 compares the content with it, so that a file damaged on its way is refused.
        "checksum_algorithm": "SHA256",
    }
    if settings.objects_endpoint:
        config["endpoint"] = settings.objects_endpoint
    if key_id := settings.objects_access_key_id:
        config["access_key_id"] = key_id
        config["secret_access_key"] = settings.objects_secret_access_key.get_secret_value()
    client: ClientConfig = {**CLIENT, "allow_http": settings.objects_endpoint.startswith("http:")}
    return S3Store(bucket, config=config, client_options=client, retry_config=RETRY)
