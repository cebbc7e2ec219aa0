"""Channels to peer services."""

from typing import Any

from grpc import aio

from chassis.rpc.channel import GRACE_SECONDS, RenewedChannel
from chassis.rpc.outgoing_calls import outgoing_calls
from chassis.rpc.service_config import service_config, services_of
from chassis.rpc.tls import Tls
from chassis.settings import ServiceSettings

MESSAGE_BYTES_MAX = 4 * 1024 * 1024
KEEPALIVE_MS = 8_000
KEEPALIVE_ANSWER_MS_MAX = 4_000
OPTIONS: list[tuple[str, Any]] = [
    ("grpc.enable_retries", 1),
    # Reconnect to a peer that is back within two seconds; the default is up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # A client resolves the peer's name again whenever a connection ends. If the next one ends soon too, calls must not wait
    # long.
    ("grpc.dns_min_time_between_resolutions_ms", 200),
    # Calls to a vanished peer fail by their deadlines; this ends the connection, so that the next ones go elsewhere.
    ("grpc.keepalive_time_ms", KEEPALIVE_MS),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_ANSWER_MS_MAX),
    # The limit of every ping; with the default, a minute, gRPC waits that long for the keepalive's too.
    ("grpc.http2.ping_timeout_ms", KEEPALIVE_ANSWER_MS_MAX),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", MESSAGE_BYTES_MAX),
]


class UndeclaredPeerError(Exception):
    """A service opened a channel to a peer that is not in its settings' PEERS."""


def connect(settings: ServiceSettings, peer: str) -> aio.Channel:
    """Open a channel to a peer. It connects at the first call, so the peer need not be reachable yet.

    Each call has a deadline: 1 s, or for streams ELCORP_RPC_STREAM_SECONDS, or its `timeout=`; and never later than that of the
    request being served. It raises
    DomainErrors: RemoteError with the peer's kind and code, or RemoteUnavailable (a kernel Unavailable) if the peer is
    unreachable or too slow. Calls with an idempotency_level in the contract are retried on UNAVAILABLE. Under mutual TLS, the
    channel uses a renewed certificate or authority without a restart.
    """
    if peer not in settings.PEERS:
        raise UndeclaredPeerError(f"{settings.NAME} may call {settings.PEERS or 'nobody'}, not {peer}")
    options = [*OPTIONS, ("grpc.service_config", service_config(services_of(peer)))]
    interceptors = outgoing_calls(settings.NAME, peer, stream_seconds=settings.rpc_stream_seconds)
    target = settings.target(peer)
    if tls := Tls.of(settings):
        return RenewedChannel(
            tls,
            lambda material: aio.secure_channel(target, material.channel_credentials(), options, interceptors=interceptors),
            grace_seconds=max(GRACE_SECONDS, settings.rpc_stream_seconds),
        )
    return aio.insecure_channel(target, options, interceptors=interceptors)
