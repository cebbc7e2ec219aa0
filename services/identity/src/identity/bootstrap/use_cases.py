"""The use cases on what they need of the world, one function for each group of them."""

from collections.abc import Callable
from dataclasses import dataclass

from chassis.audited_reads import AuditedReads
from chassis.crypto import BlindIndex
from chassis.persistence.database import Database
from identity.application import Identity
from identity.application.accounts import Accounts
from identity.application.accounts.change_contact import ChangeContact
from identity.application.accounts.change_password import ChangePassword
from identity.application.accounts.change_status import ChangeStatus
from identity.application.accounts.codes import Codes
from identity.application.accounts.confirm_code import ConfirmCode, ResendCode
from identity.application.accounts.get_subjects import GetSubjects
from identity.application.accounts.manage_users import CreateUser, RequirePasswordReset
from identity.application.accounts.new_password import NewPassword
from identity.application.accounts.read_users import GetSubject, GetUser, ListUsers
from identity.application.accounts.register_user import RegisterUser
from identity.application.accounts.take_over_email import TakeOverEmail
from identity.application.accounts.update_user import UpdateUser
from identity.application.device_keys import DeviceKeys
from identity.application.device_keys.get_device_key import GetDeviceKey
from identity.application.device_keys.issue_challenge import IssueChallenge
from identity.application.device_keys.register_device_key import RegisterDeviceKey
from identity.application.device_keys.revoke_device_key import RevokeDeviceKey
from identity.application.factors import Factors
from identity.application.factors.challenge_second_factor import ChallengeSecondFactor
from identity.application.factors.required_factors import RequiredFactors
from identity.application.ports.accounts import Passwords
from identity.application.ports.authority import Authority
from identity.application.ports.permissions import Permissions
from identity.application.ports.sessions import Attempts, Revocations, Roles
from identity.application.ports.unit_of_work import UnitOfWork
from identity.application.queries import IdentityQueries
from identity.application.recovery import Recovery
from identity.application.sessions import Sessions
from identity.application.sessions.end_many_sessions import RevokeSession, SignOutEverywhere
from identity.application.sessions.manage_devices import ChangeDevice, RevokeDevice
from identity.application.sessions.read_sessions import GetDevice, GetSession, ListDevices, ListSessions
from identity.application.sessions.refresh_session import RefreshSession
from identity.application.sessions.sign_in import SignIn
from identity.application.sessions.sign_out import SignOut
from identity.application.sessions.start_session import StartSession
from identity.application.sessions.unlock_user import UnlockUser
from identity.application.signing_keys import Keys
from identity.application.signing_keys.ensure_signing_keys import EnsureSigningKeys
from identity.application.signing_keys.rotate_signing_keys import RotateSigningKeys
from identity.application.wallet_addresses import Addresses
from identity.application.wallet_addresses.issue_address import IssueAddress
from identity.application.wallet_addresses.label_address import LabelAddress
from identity.application.wallet_addresses.look_up_address import FindPayee, LookUpAddress
from identity.application.wallet_addresses.retire_address import RetireAddress
from identity.bootstrap.factors import build_factors
from identity.bootstrap.parts import create_administrator, password_policy, unit_of_work, vault
from identity.bootstrap.privacy import build_privacy
from identity.bootstrap.recovery import build_recovery
from identity.domain.one_time_code import Purpose
from identity.infrastructure.access_tokens import JwtAccessTokens
from identity.infrastructure.challenges import SignedChallenges
from identity.infrastructure.contacts import ParsedContacts
from identity.infrastructure.device_proofs import DpopProofs
from identity.infrastructure.device_signatures import VerifiedSignatures
from identity.infrastructure.device_tokens import SignedDeviceTokens
from identity.infrastructure.generated_password import generate_password
from identity.infrastructure.one_time_codes import generate_code
from identity.infrastructure.one_time_secrets import RandomSecrets
from identity.infrastructure.queries import SqlIdentityQueries
from identity.infrastructure.refresh_tokens import SignedRefreshTokens
from identity.infrastructure.signing_keys import KeyRing, SealedKeyMaker
from identity.settings import IdentitySettings
from kernel.clock import Clock
from kernel.reads import Reads


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the process gives to the use cases."""

    settings: IdentitySettings
    database: Database
    ring: KeyRing
    passwords: Passwords
    roles: Roles
    authority: Authority
    attempts: Attempts
    revocations: Revocations
    permissions: Permissions
    clock: Clock
    generate_code: Callable[[], str] = generate_code

    @property
    def digest_key(self) -> bytes:
        return self.settings.digest()

    @property
    def uow(self) -> UnitOfWork:
        return unit_of_work(self.settings, self.database)

    @property
    def reads(self) -> Reads:
        return AuditedReads(unit_of_work(self.settings, self.database), self.clock)

    @property
    def queries(self) -> IdentityQueries:
        return SqlIdentityQueries(self.database, vault(self.settings), self.clock)

    @property
    def access_tokens(self) -> JwtAccessTokens:
        settings = self.settings
        return JwtAccessTokens(
            self.ring, issuer=settings.token_issuer, audience=settings.token_audience, life=settings.access_token_life
        )

    @property
    def codes(self) -> Codes:
        return Codes(BlindIndex(self.digest_key, purpose="one-time-code"), self.generate_code)

    @property
    def required_factors(self) -> RequiredFactors:
        return RequiredFactors(self.permissions, self.settings.must_have_two)

    @property
    def start_session(self) -> StartSession:
        return StartSession(
            self.uow,
            self.roles,
            self.access_tokens,
            SignedRefreshTokens(self.digest_key),
            self.clock,
            self.settings.session_life,
            SignedDeviceTokens(self.digest_key),
        )


def build(world: World) -> Identity:
    return Identity(
        accounts=accounts(world),
        sessions=sessions(world),
        keys=keys(world),
        device_keys=device_keys(world),
        addresses=addresses(world),
        privacy=build_privacy(
            uow=world.uow,
            queries=world.queries,
            roles=world.roles,
            permissions=world.permissions,
            authority=world.authority,
            revocations=world.revocations,
            clock=world.clock,
        ),
        factors=factors(world),
        recovery=recovery(world),
        queries=world.queries,
    )


def accounts(world: World) -> Accounts:
    settings, queries, uow, clock = world.settings, world.queries, world.uow, world.clock
    passwords, policy, contacts = world.passwords, password_policy(settings), ParsedContacts()
    codes = world.codes
    by_mail, by_phone = frozenset({Purpose.REGISTRATION, Purpose.EMAIL}), frozenset({Purpose.PHONE})
    new_password = NewPassword(passwords, policy, queries)
    take_over_email = TakeOverEmail(RandomSecrets(), settings.undo_page)
    return Accounts(
        register_user=RegisterUser(uow, passwords, policy, contacts, codes, clock),
        confirm_email=ConfirmCode(uow, codes, clock, by_mail, take_over_email, world.revocations),
        confirm_phone=ConfirmCode(uow, codes, clock, by_phone, take_over_email, world.revocations),
        resend_email_code=ResendCode(uow, codes, clock, by_mail | {Purpose.RECOVERY}),
        resend_phone_code=ResendCode(uow, codes, clock, by_phone),
        change_contact=ChangeContact(uow, contacts, codes, clock),
        change_password=ChangePassword(uow, queries, passwords, new_password, world.attempts, world.revocations, clock),
        change_status=ChangeStatus(uow, world.authority, world.revocations, clock),
        update_user=UpdateUser(uow, world.permissions, world.authority, clock),
        create_user=CreateUser(uow, passwords, contacts, generate_password, clock),
        require_password_reset=RequirePasswordReset(
            uow, passwords, new_password, generate_password, world.authority, world.revocations, clock
        ),
        get_user=GetUser(queries, world.permissions, world.reads),
        list_users=ListUsers(queries, contacts, world.permissions, world.reads),
        get_subject=GetSubject(queries),
        get_subjects=GetSubjects(queries),
        create_administrator=create_administrator(settings, world.database, world.passwords, world.clock),
    )


def sessions(world: World) -> Sessions:
    settings, uow, queries, clock, revocations = world.settings, world.uow, world.queries, world.clock, world.revocations
    digest = BlindIndex(world.digest_key, purpose="sign-in-name")
    access_tokens, refresh_tokens = world.access_tokens, SignedRefreshTokens(world.digest_key)
    return Sessions(
        sign_in=SignIn(
            uow=uow,
            credentials=queries,
            devices=queries,
            passwords=world.passwords,
            attempts=world.attempts,
            digest=digest,
            start=world.start_session,
            challenge=ChallengeSecondFactor(uow, queries, world.roles, RandomSecrets(), clock, world.required_factors),
            clock=clock,
            device_tokens=SignedDeviceTokens(world.digest_key),
        ),
        refresh_session=RefreshSession(
            uow,
            world.roles,
            access_tokens,
            refresh_tokens,
            revocations,
            clock,
            world.required_factors,
            DpopProofs(method="POST", url=f"{settings.public_url}/api/v1/auth/refresh"),
            settings.session_idle,
        ),
        sign_out=SignOut(uow, revocations, clock, settings.access_token_life),
        sign_out_everywhere=SignOutEverywhere(uow, revocations, clock),
        list_sessions=ListSessions(queries, world.permissions, world.reads),
        get_session=GetSession(queries, world.permissions, world.reads),
        revoke_session=RevokeSession(uow, world.permissions, world.authority, revocations, clock),
        list_devices=ListDevices(queries, world.permissions, world.reads),
        get_device=GetDevice(queries),
        change_device=ChangeDevice(uow, clock),
        revoke_device=RevokeDevice(uow, revocations, clock),
        unlock_user=UnlockUser(uow, queries, queries, queries, world.permissions, world.authority, world.attempts, digest, clock),
    )


def keys(world: World) -> Keys:
    maker = SealedKeyMaker(*world.settings.keys())
    return Keys(
        ensure_signing_keys=EnsureSigningKeys(world.uow, maker, world.clock),
        rotate_signing_keys=RotateSigningKeys(world.uow, maker, world.clock, world.settings.signing_key_life),
    )


def recovery(world: World) -> Recovery:
    return build_recovery(
        world.settings,
        uow=world.uow,
        queries=world.queries,
        passwords=world.passwords,
        new_password=NewPassword(world.passwords, password_policy(world.settings), world.queries),
        codes=world.codes,
        attempts=world.attempts,
        authority=world.authority,
        revocations=world.revocations,
        reads=world.reads,
        clock=world.clock,
    )


def factors(world: World) -> Factors:
    return build_factors(
        world.settings,
        uow=world.uow,
        queries=world.queries,
        passwords=world.passwords,
        roles=world.roles,
        revocations=world.revocations,
        access_tokens=world.access_tokens,
        required=world.required_factors,
        start=world.start_session,
        clock=world.clock,
    )


def device_keys(world: World) -> DeviceKeys:
    challenges = SignedChallenges(world.digest_key)
    return DeviceKeys(
        issue_challenge=IssueChallenge(challenges, world.clock),
        register=RegisterDeviceKey(world.uow, challenges, VerifiedSignatures(), world.clock),
        revoke=RevokeDeviceKey(world.uow, world.clock),
        get=GetDeviceKey(world.queries),
    )


def addresses(world: World) -> Addresses:
    look_up = LookUpAddress(world.queries)
    return Addresses(
        issue=IssueAddress(world.uow, world.clock),
        label=LabelAddress(world.uow, world.clock),
        retire=RetireAddress(world.uow, world.clock),
        look_up=look_up,
        find_payee=FindPayee(look_up),
    )
