"""Receipts: the table of contents."""

from dataclasses import dataclass

from payments.application.receipts.get_receipt import GetReceipt


@dataclass(frozen=True, slots=True)
class Receipts:
    get_receipt: GetReceipt
