"""Every question about identity, answered from what is committed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from identity.application.messages.views import MessageContent
from identity.application.ports.credentials import CredentialView
from identity.application.users.views import EVERYBODY, SubjectView, UserFilter, UserView
from identity.domain.email_address import canonical_email
from identity.domain.email_undo import PASSWORDS_TRIED_MAX
from identity.domain.sign_in_name import NameKind, SignInName
from identity.domain.signing_key import SigningKey
from identity.domain.user import EARLIER_KEPT, User, UserStatus
from kernel.pages import Page, PageRequest
from services.identity.tests.fakes.accounts import LONG_AGO, is_shown, matching
from services.identity.tests.fakes.factors import FakeFactorQueries
from services.identity.tests.fakes.pages import page_of
from services.identity.tests.fakes.privacy import FakePrivacyQueries
from services.identity.tests.fakes.sessions import FakeSessionQueries
from services.identity.tests.fakes.unit_of_work import FakeUnitOfWork, Store

CLOSED = {UserStatus.DELETED, UserStatus.RESTRICTED, UserStatus.ERASED}


class FakeQueries(FakePrivacyQueries, FakeFactorQueries, FakeSessionQueries):
    def __init__(self, uow: FakeUnitOfWork) -> None:
        self._uow = uow

    @property
    def _store(self) -> Store:
        return self._uow.committed

    async def credential_of(self, user_id: UUID) -> CredentialView | None:
        user = self._store.users.get(user_id)
        return _credential_view(user) if user else None

    async def credential(self, name: SignInName) -> CredentialView | None:
        for user in self._store.users.values():
            profile = self._store.profiles.get(user.id)
            email = canonical_email(profile.email) if profile else None
            if name.text == (user.username if name.kind is NameKind.USERNAME else email):
                return _credential_view(user)
        return None

    async def user(self, user_id: UUID) -> UserView | None:
        user = self._store.users.get(user_id)
        return self._view(user) if user and user_id in self._store.profiles and is_shown(user.status) else None

    async def users(self, page: PageRequest, which: UserFilter = EVERYBODY) -> Page[UserView]:
        # Who was erased has no profile left, and is in no list.
        users = [user for user in self._store.users.values() if user.id in self._store.profiles]
        return page_of(matching([self._view(user) for user in users], which), page)

    async def recent_password_hashes(self, user_id: UUID) -> Sequence[str]:
        earlier = [password_hash for password_hash, *_ in self._store.password_history.get(user_id, [])[:EARLIER_KEPT]]
        return [self._store.users[user_id].password_hash, *earlier]

    async def password_hashes_held(self, user_id: UUID, *, at: datetime, replaced_since: datetime) -> Sequence[str]:
        user = self._store.users[user_id]
        kept = self._store.password_history.get(user_id, [])
        given_up = max((at_ for _, at_, known in kept if known and at_ < at), default=LONG_AGO)
        held = [(at_, hash_) for hash_, at_, _ in kept if at_ >= replaced_since and at_ > given_up]
        if user.password_changed_at <= at:
            held.append((user.password_changed_at, user.password_hash))
        return [hash_ for _, hash_ in sorted(held)[:PASSWORDS_TRIED_MAX]]

    async def subject(self, subject_id: UUID) -> SubjectView | None:
        found = await self.subjects([subject_id])
        return found[0] if found else None

    async def subjects(self, subject_ids: Sequence[UUID]) -> Sequence[SubjectView]:
        users = [self._store.users[id_] for id_ in subject_ids if id_ in self._store.users]
        return [SubjectView(user.id, user.is_active, user.status in CLOSED) for user in users]

    async def waiting_message(self, message_id: UUID) -> MessageContent | None:
        sent = next((sent for sent in self._store.messages if sent.message.id == message_id), None)
        return sent.content if sent and sent.message.is_waiting else None

    async def delivered_messages(self, recipient: str | None, limit: int) -> Sequence[MessageContent]:
        kept = [sent for sent in self._store.messages if sent.message.delivered_at and sent.message.sealed]
        return [sent.content for sent in reversed(kept) if recipient in (None, sent.to)][:limit]

    async def signing_keys(self) -> Sequence[SigningKey]:
        return list(self._store.keys.values())

    def _view(self, user: User) -> UserView:
        profile = self._store.profiles[user.id]
        address = next(address.address for address in self._store.addresses.values() if address.user_id == user.id)
        return UserView(
            id=user.id,
            username=user.username,
            full_name=profile.full_name,
            email=profile.email,
            phone=profile.phone,
            organization=profile.organization,
            status=user.status,
            wallet_address=address,
            registered_at=user.registered_at,
            last_sign_in_at=user.last_sign_in_at,
            version=user.version,
            email_verified_at=user.email_verified_at,
            phone_verified_at=user.phone_verified_at,
        )


def _credential_view(user: User) -> CredentialView:
    return CredentialView(
        user.id, user.password_hash, user.password_changed_at, user.is_active, has_second_factor=user.has_second_factor
    )
