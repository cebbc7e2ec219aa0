"""Mutual TLS between services, if certificates are mounted; renewed files are used without a restart."""

import functools
import threading
from collections.abc import Callable

import grpc
from prometheus_client import Gauge

from chassis.rpc.material import Files, Material, UnfitCertificateError
from chassis.settings import ServiceSettings
from chassis.telemetry import log
from kernel.clock import Clock, SystemClock, elapsed_seconds

LOOK_EVERY_SECONDS = 1.0

EXPIRES = Gauge("tls_certificate_expires_timestamp_seconds", "When the certificate in use for gRPC expires.", ("file",))


class Tls:
    """The present certificate of a process.

    The files are checked when the certificate is used, at most once per second; no thread or task watches them. New files that
    cannot be used (half replaced, unreadable, expired) change nothing; that is logged once, and the files are read again.
    """

    def __init__(self, files: Files, *, clock: Clock, elapsed: Callable[[], float] = elapsed_seconds) -> None:
        """Raise UnfitCertificateError if the files cannot be used at the start."""
        self._files = files
        self._clock = clock
        self._elapsed = elapsed
        # gRPC's threads request the server's certificate, the event loop the channels'.
        self._looking = threading.Lock()
        self._look_at = elapsed() + LOOK_EVERY_SECONDS
        self._state = files.state()
        self._material = Material.read(files, at=clock.now())
        self._problem: str | None = None

    @staticmethod
    def of(settings: ServiceSettings) -> "Tls | None":
        """Return the process's Tls for the files in the settings, None without files."""
        certificate, key, authority = settings.tls_cert_file, settings.tls_key_file, settings.tls_ca_file
        if certificate and key and authority:
            return _shared(Files(certificate, key, authority, settings.tls_other_ca_file))
        return None

    @property
    def material(self) -> Material:
        """Return the present certificate; the same object until the files are renewed."""
        if self._elapsed() >= self._look_at and self._looking.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._looking.release()
        return self._material

    def expires_timestamp(self) -> float:
        return self.material.expires_at.timestamp()

    def server_credentials(self) -> grpc.ServerCredentials:
        """Return credentials that use the present certificate and authorities at each handshake."""
        served = self.material

        def renewed() -> grpc.ServerCertificateConfiguration | None:
            nonlocal served
            if self.material is served:
                return None
            served = self.material
            return served.server_configuration()

        return grpc.dynamic_ssl_server_credentials(
            served.server_configuration(),
            renewed,  # type: ignore[arg-type]  # its documentation says that None means no change; the stubs do not
            require_client_authentication=True,
        )

    def _look(self) -> None:
        self._look_at = self._elapsed() + LOOK_EVERY_SECONDS
        # Take the state before reading, so that a file replaced meanwhile differs at the next check.
        state = self._files.state()
        if state == self._state:
            return
        try:
            self._material = Material.read(self._files, at=self._clock.now())
        except UnfitCertificateError as error:
            if str(error) != self._problem:
                self._problem = str(error)
                log.warning("certificate_not_taken", problem=self._problem)
            return
        self._state, self._problem = state, None
        log.info("certificate_renewed", file=str(self._files.certificate), expires_at=self._material.expires_at.isoformat())


@functools.cache
def _shared(files: Files) -> Tls:
    tls = Tls(files, clock=SystemClock())
    # Each scrape checks the files, so the metric is correct in a process that makes no calls for hours.
    EXPIRES.labels(str(files.certificate)).set_function(tls.expires_timestamp)
    return tls
