"""Personal data at rest: sealed under each subject's own key, and found by keyed digests."""

import base64
from dataclasses import dataclass
from uuid import UUID

from chassis.crypto import BlindIndex, Sealer, SealerRing, SigningKey, SubjectKeys, field_context
from chassis.crypto.keys import derive
from identity.domain.email_address import canonical_email, earlier_index_form, folded_email
from identity.domain.origin import Origin
from identity.domain.profile import Profile

_TABLE = "profiles"
_OWN_KEY = "identity-own/v1"
_RECEIPT_KEYS = "receipt-keys/v1"
# The prefix of a sealed name. Names that were written before names were sealed begin differently.
_SEALED = "\x01sealed:"


@dataclass(frozen=True, slots=True)
class SealedProfile:
    """A row of `profiles` and the wrapped key that opens it."""

    wrapped_key: bytes
    full_name: bytes
    email: bytes
    phone: bytes | None
    organization: bytes | None
    email_index: bytes
    phone_index: bytes | None
    email_as_given: bool


class Vault:
    """Seals personal data. Destroying a subject's wrapped key and digests erases the subject, in backups too.

    `others` are master keys that `master_key` replaces: they open, but never seal. Digests outlive them all.
    """

    def __init__(self, master_key: bytes, *others: bytes, digest_key: bytes | None = None) -> None:
        self._subject_keys = SubjectKeys(master_key, *others)
        self._email_index = BlindIndex(digest_key or master_key, purpose="email")
        self._phone_index = BlindIndex(digest_key or master_key, purpose="phone")
        self._address_messages = BlindIndex(digest_key or master_key, purpose="address-message")
        # For data that is read before there is a subject or after it is gone. Such data is kept for minutes.
        self._own = SealerRing(*(derive(key, _OWN_KEY) for key in (master_key, *others)))
        self._receipts = SealerRing(*(derive(key, _RECEIPT_KEYS) for key in (master_key, *others)))

    def seal(self, user_id: UUID, profile: Profile, wrapped: bytes | None = None) -> SealedProfile:
        """Seal a profile under the subject's wrapped key, or under a new one."""
        subject = str(user_id)
        wrapped = wrapped or self._subject_keys.new(subject)
        sealer = self._subject_keys.sealer(subject, wrapped)
        return SealedProfile(
            wrapped_key=wrapped,
            full_name=_seal(sealer, "full_name", subject, profile.full_name),
            email=_seal(sealer, "email", subject, profile.email),
            phone=_seal(sealer, "phone", subject, profile.phone) if profile.phone else None,
            organization=_seal(sealer, "organization", subject, profile.organization) if profile.organization else None,
            email_index=self.email_index(profile.email),
            phone_index=self._phone_index(profile.phone) if profile.phone else None,
            email_as_given=profile.email_as_given,
        )

    def open(self, user_id: UUID, sealed: SealedProfile) -> Profile:
        """Open a profile. Raise UnsealableError if a value was moved from another place or damaged."""
        subject = str(user_id)
        sealer = self._subject_keys.sealer(subject, sealed.wrapped_key)
        return Profile(
            full_name=_open(sealer, "full_name", subject, sealed.full_name),
            email=_open(sealer, "email", subject, sealed.email),
            phone=_open(sealer, "phone", subject, sealed.phone) if sealed.phone else None,
            organization=_open(sealer, "organization", subject, sealed.organization) if sealed.organization else None,
            email_as_given=sealed.email_as_given,
        )

    def open_name(self, user_id: UUID, wrapped_key: bytes, sealed: bytes) -> str:
        """Open only the full name, because the rest is not disclosed there."""
        return _open(self._subject_keys.sealer(str(user_id), wrapped_key), "full_name", str(user_id), sealed)

    def open_email(self, user_id: UUID, wrapped_key: bytes, sealed: bytes) -> str:
        return _open(self._subject_keys.sealer(str(user_id), wrapped_key), "email", str(user_id), sealed)

    def seal_label(self, user_id: UUID, wrapped_key: bytes, address: UUID, label: str) -> bytes:
        """Seal the label of a wallet address, bound to the address."""
        return self._subject_keys.sealer(str(user_id), wrapped_key).seal(label.encode(), _label_context(address))

    def open_label(self, user_id: UUID, wrapped_key: bytes, address: UUID, sealed: bytes) -> str:
        return self._subject_keys.sealer(str(user_id), wrapped_key).open(sealed, _label_context(address)).decode()

    def seal_item_name(self, user_id: UUID, wrapped_key: bytes, item_id: UUID, name: str) -> str:
        """Seal the name that its owner gave to a device or passkey, bound to it."""
        sealed = self._subject_keys.sealer(str(user_id), wrapped_key).seal(name.encode(), _item_name_context(item_id))
        return _SEALED + base64.b64encode(sealed).decode()

    def open_item_name(self, user_id: UUID, wrapped_key: bytes, item_id: UUID, sealed: str) -> str:
        # Names that were written before names were sealed are in plain text.
        if not sealed.startswith(_SEALED):
            return sealed
        raw = base64.b64decode(sealed.removeprefix(_SEALED))
        return self._subject_keys.sealer(str(user_id), wrapped_key).open(raw, _item_name_context(item_id)).decode()

    def seal_origin(self, user_id: UUID, wrapped_key: bytes, session_id: UUID, origin: Origin) -> bytes:
        """Seal the origin of a session, bound to the session."""
        text = f"{origin.address}\n{origin.user_agent}"
        return self._subject_keys.sealer(str(user_id), wrapped_key).seal(text.encode(), _origin_context(session_id))

    def open_origin(self, user_id: UUID, wrapped_key: bytes, session_id: UUID, sealed: bytes) -> Origin:
        opened = self._subject_keys.sealer(str(user_id), wrapped_key).open(sealed, _origin_context(session_id))
        address, _, user_agent = opened.decode().partition("\n")
        return Origin(address, user_agent)

    def new_key(self, owner: UUID) -> bytes:
        """Make a key for the data of one subject or message, wrapped by the master key."""
        return self._subject_keys.new(str(owner))

    def address_message_digest(self, content: str) -> bytes:
        return self._address_messages(content)

    def sealer_of(self, user_id: UUID, wrapped_key: bytes | None) -> Sealer | SealerRing:
        """Return the sealer of a subject's data, or the service's own if the subject has no key."""
        return self._subject_keys.sealer(str(user_id), wrapped_key) if wrapped_key else self._own

    def rewrap(self, user_id: UUID, wrapped_key: bytes) -> bytes | None:
        """Wrap a subject's key with the master key. Return None if it is wrapped with it already."""
        return self._subject_keys.rewrap(str(user_id), wrapped_key)

    def reseal_receipt_key(self, key_id: UUID, sealed: bytes) -> bytes | None:
        return self._receipts.reseal(sealed, _receipt_context(key_id))

    def seal_receipt_key(self, key_id: UUID, seed: bytes) -> bytes:
        return self._receipts.seal(seed, _receipt_context(key_id))

    def open_receipt_key(self, key_id: UUID, sealed: bytes) -> SigningKey:
        """Open a key that signs receipts. Raise UnsealableError."""
        return SigningKey.from_bytes(self._receipts.open(sealed, _receipt_context(key_id)))

    def phone_index(self, phone: str) -> bytes:
        return self._phone_index(phone)

    def email_index(self, email: str) -> bytes:
        return self._email_index(canonical_email(email))

    def email_indexes(self, email: str) -> tuple[bytes, ...]:
        """Return the indexes under which an address may be stored: today's, and that of earlier releases if it differs."""
        earlier = earlier_index_form(email)
        return (self.email_index(email), *((self._email_index(earlier),) if earlier else ()))

    def folded_email_index(self, email: str) -> bytes:
        """Return the index of the folded form of an address by an earlier release. Another user's address may have it, too."""
        return self._email_index(folded_email(email))


def _receipt_context(key_id: UUID) -> bytes:
    return field_context("receipt_keys", "sealed_seed", str(key_id))


def _label_context(address: UUID) -> bytes:
    return field_context("wallet_addresses", "label", str(address))


def _origin_context(session_id: UUID) -> bytes:
    return field_context("sessions", "origin", str(session_id))


def _item_name_context(item_id: UUID) -> bytes:
    return field_context("things", "name", str(item_id))


def _seal(sealer: Sealer, column: str, subject: str, text: str) -> bytes:
    return sealer.seal(text.encode(), field_context(_TABLE, column, subject))


def _open(sealer: Sealer, column: str, subject: str, sealed: bytes) -> str:
    return sealer.open(sealed, field_context(_TABLE, column, subject)).decode()
