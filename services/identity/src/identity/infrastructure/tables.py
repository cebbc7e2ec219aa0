"""The tables of identity, and which aggregates live in them."""

from enum import StrEnum
from functools import cache

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Enum,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    false,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry

from identity.domain.device import Device
from identity.domain.device_key import DeviceKey, KeyAlgorithm, RevokeReason
from identity.domain.email_undo import EmailUndo
from identity.domain.erasure import Erasure, ErasureReason, ErasureStatus
from identity.domain.message import Message, Template
from identity.domain.one_time_code import OneTimeCode, Purpose
from identity.domain.passkey import Ceremony, CeremonyKind, Passkey
from identity.domain.password_reset import PasswordReset
from identity.domain.recovery_request import RecoveryReason, RecoveryRequest, RecoveryStatus
from identity.domain.session import Session
from identity.domain.sign_in_challenge import SignInChallenge
from identity.domain.signing_key import SigningKey
from identity.domain.totp import Totp
from identity.domain.user import InitialRole, User, UserStatus
from identity.domain.wallet_address import WalletAddress
from identity.infrastructure.session_columns import ProofColumn, UsedTokenColumn

metadata = MetaData()


def _text_of(words: type[StrEnum]) -> Enum:
    """Keep an enum as its text; the table's own check says which texts there are."""
    return Enum(words, native_enum=False, create_constraint=False, values_callable=lambda them: [word.value for word in them])


def _time() -> DateTime:
    return DateTime(timezone=True)


users = Table(
    "users",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("username", Text, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("password_changed_at", _time(), nullable=False),
    Column("status", _text_of(UserStatus), nullable=False),
    Column("initial_role", _text_of(InitialRole), nullable=False),
    Column("agreed_terms_at", _time()),
    Column("registered_at", _time(), nullable=False),
    Column("last_sign_in_at", _time()),
    Column("version", BigInteger, nullable=False),
    Column("email_verified_at", _time()),
    Column("phone_verified_at", _time()),
    Column("deleted_at", _time()),
    Column("second_factor_since", _time()),
    Column("suspended_at_deletion", Boolean),
    Column("factors_version", Integer, nullable=False),
)
subject_keys = Table(
    "subject_keys",
    metadata,
    Column("subject_id", ForeignKey("users.id"), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)
profiles = Table(
    "profiles",
    metadata,
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column("full_name", LargeBinary, nullable=False),
    Column("email", LargeBinary, nullable=False),
    Column("phone", LargeBinary),
    Column("organization", LargeBinary),
    Column("email_index", LargeBinary, nullable=False, unique=True),
    Column("phone_index", LargeBinary),
    Column("email_as_given", Boolean, nullable=False),
    # Kept by a trigger: whether its user has verified the number. Unique among those alone (ADR 0016).
    Column("phone_verified", Boolean, nullable=False, server_default=false()),
)
wallet_addresses = Table(
    "wallet_addresses",
    metadata,
    Column("address", Uuid, primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("issued_at", _time(), nullable=False),
    Column("retired_at", _time()),
    Column("currency", Text, nullable=False),
    Column("label", LargeBinary),
)
devices = Table(
    "devices",
    metadata,
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column("device_id", Uuid, primary_key=True),
    Column("first_seen_at", _time(), nullable=False),
    Column("last_seen_at", _time(), nullable=False),
    Column("name", Text),
    Column("known_since", _time()),
    Column("revoked_at", _time()),
)
sessions = Table(
    "sessions",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("device_id", Uuid, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("current_digest", LargeBinary, nullable=False),
    Column("previous_digest", LargeBinary),
    Column("sealed_successor", LargeBinary),
    Column("rotated_at", _time()),
    Column("authenticated_at", _time(), nullable=False),
    Column("methods", ARRAY(Text, as_tuple=True), nullable=False),
    Column("started_at", _time(), nullable=False),
    Column("expires_at", _time(), nullable=False),
    Column("ended_at", _time()),
    Column("end_reason", Text),
    Column("passkey_id", Uuid),
    Column("earlier_proofs", ProofColumn, nullable=False),
    Column("earlier_used", UsedTokenColumn, nullable=False),
    Column("started_from", LargeBinary),
    Column("seen_from", LargeBinary),
    Column("known_device", Boolean, nullable=False),
)
signing_keys = Table(
    "signing_keys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("algorithm", Text, nullable=False),
    Column("public_jwk", JSONB, nullable=False),
    Column("sealed_private", LargeBinary, nullable=False),
    Column("created_at", _time(), nullable=False),
    Column("activated_at", _time()),
    Column("retired_at", _time()),
)
device_keys = Table(
    "device_keys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("device_id", Uuid, nullable=False),
    Column("algorithm", _text_of(KeyAlgorithm), nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("registered_at", _time(), nullable=False),
    Column("revoked_at", _time()),
    Column("revoke_reason", _text_of(RevokeReason)),
)
used_device_proofs = Table(
    "used_device_proofs",
    metadata,
    Column("key_id", ForeignKey("device_keys.id"), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("expires_at", _time(), nullable=False),
)
one_time_codes = Table(
    "one_time_codes",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("purpose", _text_of(Purpose), nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("target_index", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("decoy", Boolean, nullable=False),
    Column("pending", LargeBinary),
    Column("created_at", _time(), nullable=False),
    Column("expires_at", _time(), nullable=False),
    Column("sent_at", _time(), nullable=False),
    Column("tries", SmallInteger, nullable=False),
    Column("sends", SmallInteger, nullable=False),
    Column("used_at", _time()),
)
password_history = Table(
    "password_history",
    metadata,
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column("password_hash", Text, primary_key=True),
    Column("replaced_at", _time(), primary_key=True),
    Column("from_known_device", Boolean, nullable=False),
)
erasures = Table(
    "erasures",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("requested_by", Text, nullable=False),
    Column("reason", _text_of(ErasureReason), nullable=False),
    Column("requested_at", _time(), nullable=False),
    Column("asked_at", _time(), nullable=False),
    Column("status", _text_of(ErasureStatus), nullable=False),
    Column("answers", JSONB, nullable=False),
    Column("restricted_until", _time()),
    Column("erased_at", _time()),
    Column("receipt", JSONB(none_as_null=True)),
)
receipt_keys = Table(
    "receipt_keys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sealed_seed", LargeBinary, nullable=False),
    Column("created_at", _time(), nullable=False),
)
messages = Table(
    "messages",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", Uuid, nullable=False),
    Column("template", _text_of(Template), nullable=False),
    Column("recipient_index", LargeBinary),
    Column("sealed", LargeBinary),
    Column("sealed_for_subject", Boolean, nullable=False),
    Column("asked_from", Text),
    Column("delivered_at", _time()),
    Column("failed_at", _time()),
)
totps = Table(
    "totps",
    metadata,
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column("secret", LargeBinary),
    Column("created_at", _time(), nullable=False),
    Column("confirmed_at", _time()),
    Column("last_step", BigInteger, nullable=False),
)
backup_codes = Table(
    "backup_codes",
    metadata,
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("created_at", _time(), nullable=False),
    Column("used_at", _time()),
)
passkeys = Table(
    "passkeys",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("credential_id", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("backed_up", Boolean, nullable=False),
    Column("name", Text, nullable=False),
    Column("created_at", _time(), nullable=False),
    Column("last_used_at", _time()),
    Column("flagged_at", _time()),
    Column("backup_eligible", Boolean),
)
sign_in_challenges = Table(
    "sign_in_challenges",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("device_id", Uuid, nullable=False),
    Column("methods", ARRAY(Text, as_tuple=True), nullable=False),
    Column("password_changed_at", _time(), nullable=False),
    Column("enrolment", Boolean, nullable=False),
    Column("created_at", _time(), nullable=False),
    Column("expires_at", _time(), nullable=False),
    Column("tries", SmallInteger, nullable=False),
    Column("finished_at", _time()),
    Column("known_device", Boolean, nullable=False),
)
second_factor_failures = Table(
    "second_factor_failures",
    metadata,
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("counter", Text, nullable=False),
    Column("failed_at", _time(), nullable=False),
)
passkey_ceremonies = Table(
    "passkey_ceremonies",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("kind", _text_of(CeremonyKind), nullable=False),
    Column("user_id", ForeignKey("users.id")),
    Column("challenge", LargeBinary, nullable=False),
    Column("expires_at", _time(), nullable=False),
    Column("used_at", _time()),
)
password_resets = Table(
    "password_resets",
    metadata,
    Column("id", Uuid, primary_key=True),
    # Of nobody where there was no account: a link that is sent to nobody.
    Column("user_id", Uuid, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("created_at", _time(), nullable=False),
    Column("expires_at", _time(), nullable=False),
    Column("used_at", _time()),
)
email_undos = Table(
    "email_undos",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("email", LargeBinary, nullable=False),
    Column("created_at", _time(), nullable=False),
    Column("expires_at", _time(), nullable=False),
    Column("used_at", _time()),
    Column("from_known_device", Boolean, nullable=False),
)
recovery_requests = Table(
    "recovery_requests",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("user_id", ForeignKey("users.id"), nullable=False),
    Column("reason", _text_of(RecoveryReason), nullable=False),
    Column("status", _text_of(RecoveryStatus), nullable=False),
    Column("requested_at", _time(), nullable=False),
    Column("expires_at", _time(), nullable=False),
    Column("decided_at", _time()),
    Column("decided_by", Uuid),
    Column("decision_reason", Text),
    Column("triggered_by", ARRAY(Uuid, as_tuple=True), nullable=False),
    Column("device_id", Uuid),
    Column("confirmed_at", _time()),
)
required_resets = Table(
    "required_resets",
    metadata,
    Column("user_id", ForeignKey("users.id"), primary_key=True),
    Column("required_by", Uuid, primary_key=True),
    Column("required_at", _time(), nullable=False),
)


@cache
def map_aggregates() -> None:
    """Map once a process. Profiles and their keys are no aggregate: they pass through the vault."""
    mapper = registry(metadata=metadata)
    mapper.map_imperatively(User, users)
    mapper.map_imperatively(Device, devices)
    mapper.map_imperatively(Session, sessions)
    mapper.map_imperatively(SigningKey, signing_keys)
    mapper.map_imperatively(DeviceKey, device_keys)
    mapper.map_imperatively(Erasure, erasures)
    mapper.map_imperatively(Message, messages)
    mapper.map_imperatively(Passkey, passkeys)
    mapper.map_imperatively(Ceremony, passkey_ceremonies)
    mapper.map_imperatively(SignInChallenge, sign_in_challenges)
    mapper.map_imperatively(PasswordReset, password_resets)
    # The address passes through the vault.
    mapper.map_imperatively(EmailUndo, email_undos, exclude_properties=("email",))
    mapper.map_imperatively(RecoveryRequest, recovery_requests)
    # A label is no part of its address, an app's secret none of the app, what waits for a code none of the code: these pass
    # through the vault.
    mapper.map_imperatively(WalletAddress, wallet_addresses, exclude_properties=("label",))
    mapper.map_imperatively(Totp, totps, exclude_properties=("secret",))
    mapper.map_imperatively(OneTimeCode, one_time_codes, exclude_properties=("pending",))
