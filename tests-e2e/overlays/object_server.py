"""A server of S3's protocol as a provider runs it: TLS, one bucket, and an access key."""

import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server
from werkzeug.test import Client
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


@dataclass(frozen=True)
class ObjectServer:
    """Answers requests that name its region and access key. Their signatures are not verified."""

    bucket: str
    region: str
    access_key_id: str

    @contextmanager
    def running(self, certificate: Mapping[str, Path]) -> Iterator[int]:
        """Listen on this machine for the length of the block; yield the port."""
        application = DomainDispatcherApplication(create_backend_app)
        created = Client(application).put(f"/{self.bucket}")
        assert created.status_code == HTTPStatus.OK, created.text

        def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            if not self._is_allowed(environ.get("HTTP_AUTHORIZATION", "")):
                return Response(status=HTTPStatus.FORBIDDEN)(environ, start_response)
            # The first label of any other host name would be the bucket.
            answered: Iterable[bytes] = application(environ | {"HTTP_HOST": "localhost"}, start_response)
            return answered

        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate["tls_cert_file"], certificate["tls_key_file"])
        server = make_server("127.0.0.1", 0, answer, threaded=True, request_handler=MotoRequestHandler, ssl_context=context)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.port
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def _is_allowed(self, authorization: str) -> bool:
        """Read `AWS4-HMAC-SHA256 Credential=<key id>/<date>/<region>/s3/aws4_request, …`."""
        match authorization.partition(" Credential=")[2].split("/"):
            case [key_id, _, region, "s3", *_]:
                return (key_id, region) == (self.access_key_id, self.region)
        return False
