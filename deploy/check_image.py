"""Check an image from inside: import all our modules, make documents, and compare its size with a limit.

`docker run --rm -i --network none --read-only --entrypoint python IMAGE - SERVICE <deploy/check_image.py`
"""

# ruff: noqa: INP001, PLC0415  # a script, in no package; what documents() imports is in payments' image only

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from io import BytesIO
from pathlib import Path
from pkgutil import walk_packages
from typing import Any
from uuid import UUID
from zipfile import ZipFile

# Size of /app. The largest parts are pyarrow, and typst with its fonts, which only payments has.
MEGABYTES_MAX = {"payments": 330}
MEGABYTES_MAX_OF_OTHERS = 180
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def main() -> None:
    service = sys.argv[1]
    modules = sum(1 for _ in imported(service))
    found = [f"{modules} modules"]
    if service == "payments":
        found.append(", ".join(asyncio.run(documents())))
    if sys.prefix == "/app":
        found.append(f"{megabytes(service):.0f} MB of packages")
    print(f"{service}: {'; '.join(found)}")


def imported(service: str) -> Iterator[Any]:
    for name in (service, "chassis", "kernel", "elcorp"):
        package = import_module(name)
        yield package
        for module in walk_packages(package.__path__, f"{name}."):
            # Images do not contain the packages that tests need.
            if not module.name.startswith("chassis.testing"):
                yield import_module(module.name)


async def documents() -> list[str]:
    """Write one document of each kind that a third-party library makes, and check its start or its rows."""
    import pyarrow.parquet as pq

    from chassis.files import written
    from kernel.money import Currency, Money
    from payments.application.receipts.get_receipt import Receipt
    from payments.application.statements.views import Direction, Movement
    from payments.domain.price_book import Quote
    from payments.domain.statement import Statement, StatementLine
    from payments.domain.transfer import Transfer, TransferStatus
    from payments.domain.transfer_order import TransferKind, TransferOrder
    from payments.interfaces.documents.receipt_pdf import receipt_pdf
    from payments.interfaces.documents.statement_pdf import statement_pdf
    from payments.interfaces.documents.transfers_table import transfers_table

    amount = Decimal("250.00")
    money = Money(amount, Currency.of("NAD"))
    order = TransferOrder(
        kind=TransferKind.TRANSFER,
        key="k",
        initiator_id=UUID(int=4),
        source_id=UUID(int=2),
        target_id=UUID(int=3),
        amount=money,
        description="rent of Ōkahandja",
        reference="INV-1",
    )
    transfer = Transfer(UUID(int=1), order, Quote(money), TransferStatus.COMPLETED, NOON, settled_at=NOON)
    line = StatementLine(1, NOON, transfer.id, "transfer", UUID(int=3), "INV-1", "rent", amount, amount)
    statement = Statement(account_id=UUID(int=2), currency="NAD", since=NOON, until=NOON, opening=Decimal(0), lines=[line])
    movement = Movement(
        transfer=transfer, wallet_id=UUID(int=2), direction=Direction.OUT, moved=-amount, currency="NAD", fee=Decimal(0)
    )

    async def batches() -> AsyncIterator[Sequence[Movement]]:
        yield [movement]

    for name, pdf in (
        ("receipt", await receipt_pdf(Receipt(transfer, None, None, made_at=NOON))),
        ("statement", await statement_pdf(statement, made_at=NOON)),
    ):
        require(pdf.startswith(b"%PDF-") and b"/FontFile" in pdf, f"the {name} is no PDF with its fonts in it")
    table = pq.read_table(BytesIO(b"".join([chunk async for chunk in written(transfers_table(batches()), "parquet")])))
    require(
        table["moved"].to_pylist() == [-amount] and table["created_at"].to_pylist() == [NOON], "Parquet lost what was written"
    )
    xlsx = ZipFile(BytesIO(b"".join([chunk async for chunk in written(transfers_table(batches()), "xlsx")])))
    require(b"<v>-250.00</v>" in xlsx.read("xl/worksheets/sheet1.xml"), "XLSX lost what was written")
    return ["receipt", "statement", "Parquet", "XLSX"]


def megabytes(service: str) -> float:
    found = sum(file.lstat().st_size for file in Path(sys.prefix).rglob("*")) / 1e6
    allowed = MEGABYTES_MAX.get(service, MEGABYTES_MAX_OF_OTHERS)
    require(found <= allowed, f"{sys.prefix} has {found:.0f} MB; {allowed} are allowed")
    return found


def require(holds: bool, otherwise: str) -> None:
    if not holds:
        sys.exit(otherwise)


if __name__ == "__main__":
    main()
