"""The events that identity publishes, and their messages."""

from google.protobuf.timestamp_pb2 import Timestamp

from chassis.messaging.contracts import Publications
from elcorp.identity.v1 import events_pb2
from identity.domain.events import (
    DeviceKeyRevoked,
    ErasureRequested,
    SessionEnded,
    UserFactorsChanged,
    UserRegistered,
    UserStatusChanged,
    WalletAddressIssued,
    WalletAddressRetired,
)


def user_registered(event: UserRegistered) -> events_pb2.UserRegistered:
    return events_pb2.UserRegistered(
        user_id=str(event.user_id), wallet_address=str(event.wallet_address), initial_role=event.initial_role
    )


def user_status_changed(event: UserStatusChanged) -> events_pb2.UserStatusChanged:
    return events_pb2.UserStatusChanged(
        user_id=str(event.user_id), status=event.status, reason=event.reason, version=event.version
    )


def user_factors_changed(event: UserFactorsChanged) -> events_pb2.UserFactorsChanged:
    return events_pb2.UserFactorsChanged(
        user_id=str(event.user_id), factors_version=event.factors_version, has_second_factor=event.has_second_factor
    )


def session_ended(event: SessionEnded) -> events_pb2.SessionEnded:
    tokens_valid_until = Timestamp()
    tokens_valid_until.FromDatetime(event.tokens_valid_until)
    return events_pb2.SessionEnded(
        session_id=str(event.session_id),
        user_id=str(event.user_id),
        tokens_valid_until=tokens_valid_until,
        reason=event.reason,
    )


def device_key_revoked(event: DeviceKeyRevoked) -> events_pb2.DeviceKeyRevoked:
    return events_pb2.DeviceKeyRevoked(
        key_id=str(event.key_id), user_id=str(event.user_id), device_id=str(event.device_id), reason=event.reason
    )


def wallet_address_issued(event: WalletAddressIssued) -> events_pb2.WalletAddressIssued:
    return events_pb2.WalletAddressIssued(user_id=str(event.user_id), address=str(event.address), currency=event.currency)


def wallet_address_retired(event: WalletAddressRetired) -> events_pb2.WalletAddressRetired:
    return events_pb2.WalletAddressRetired(user_id=str(event.user_id), address=str(event.address))


def erasure_requested(event: ErasureRequested) -> events_pb2.ErasureRequested:
    requested_at = Timestamp()
    requested_at.FromDatetime(event.requested_at)
    return events_pb2.ErasureRequested(erasure_id=str(event.erasure_id), user_id=str(event.user_id), requested_at=requested_at)


PUBLICATIONS = Publications(
    "identity",
    {
        UserRegistered: user_registered,
        UserStatusChanged: user_status_changed,
        UserFactorsChanged: user_factors_changed,
        SessionEnded: session_ended,
        DeviceKeyRevoked: device_key_revoked,
        WalletAddressIssued: wallet_address_issued,
        WalletAddressRetired: wallet_address_retired,
        ErasureRequested: erasure_requested,
    },
)
