"""A journal entry: postings that sum to zero in every currency, written together or not at all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from kernel.money import Money
from payments.domain.account import Account, SystemCode, system_account_id
from payments.domain.parties import account
from payments.domain.price_book import FeeLine, Quote


@dataclass(frozen=True, slots=True)
class Move:
    """Money from one account to another: a debit and a credit of the same amount."""

    source_id: UUID
    target_id: UUID
    amount: Money


@dataclass(frozen=True, slots=True)
class Posting:
    """A signed change of one account, and the balance that it left."""

    account_id: UUID
    counterparty_id: UUID
    amount: Decimal
    currency: str
    balance_after: Decimal


Accounts = Mapping[UUID, Account]
# The caller's field names, for the error that says which account does not exist.
_FIELDS: Final = ("source_wallet_id", "target_wallet_id")


def moves_of(source_id: UUID, target_id: UUID, quote: Quote) -> tuple[Move, ...]:
    """The moves of a quote: the amount (through the fx accounts if it is converted) and each part of the fee."""
    return (*_principal(source_id, target_id, quote), *(_fee(source_id, line) for line in quote.fees))


def accounts_of(moves: Iterable[Move]) -> set[UUID]:
    return {account_id for move in moves for account_id in (move.source_id, move.target_id)}


def post(moves: Sequence[Move], accounts: Accounts) -> tuple[Posting, ...]:
    """Post moves between locked accounts. If one of them refuses, none is changed."""
    before = [(accounts[id_], accounts[id_].balance, accounts[id_].version) for id_ in accounts_of(moves) if id_ in accounts]
    try:
        return tuple(posting for move in moves for posting in _post(move, accounts))
    except Exception:
        # A half-posted entry would corrupt the other entries of its batch.
        for account, balance, version in before:
            account.balance, account.version = balance, version
        raise


def _post(move: Move, accounts: Accounts) -> tuple[Posting, Posting]:
    source, target = (account(accounts, id_, name) for id_, name in zip((move.source_id, move.target_id), _FIELDS, strict=True))
    source.debit(move.amount)
    target.credit(move.amount)
    amount, currency = move.amount.amount, move.amount.currency.code
    return (
        Posting(source.id, target.id, -amount, currency, source.balance),
        Posting(target.id, source.id, amount, currency, target.balance),
    )


def _principal(source_id: UUID, target_id: UUID, quote: Quote) -> tuple[Move, ...]:
    conversion = quote.conversion
    if conversion is None:
        return (Move(source_id, target_id, quote.amount),)
    paid_in, paid_out = conversion.source.currency.code, conversion.target.currency.code
    exchange = system_account_id(SystemCode.FX, paid_out)
    spread = (Move(exchange, system_account_id(SystemCode.FX_SPREAD, paid_out), conversion.spread),)
    return (
        Move(source_id, system_account_id(SystemCode.FX, paid_in), conversion.source),
        Move(exchange, target_id, conversion.target),
        *(spread if conversion.spread.is_positive else ()),
    )


def _fee(source_id: UUID, line: FeeLine) -> Move:
    return Move(source_id, system_account_id(line.account_code, line.amount.currency.code), line.amount)
