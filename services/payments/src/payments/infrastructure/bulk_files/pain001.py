"""ISO 20022 customer credit transfers: pain.001.001, versions 03 to 12.

Accounts are wallet ids in Id/Othr/Id, with or without hyphens (the field holds 34 characters). All payments of a message
leave one account in one currency, at once. A date in the future is refused: that is what schedules are for.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from kernel.errors import Fault, InvalidValues
from payments.application.ports.bulk_transfers import FileDefaults
from payments.domain.bulk_file import DESCRIPTION_LENGTH_MAX, LINES_MAX, Faults, RawFile, RawLine
from payments.domain.rounding import EXACT

_NAMESPACE: Final = re.compile(r"urn:iso:std:iso:20022:tech:xsd:pain\.001\.001\.(0[3-9]|1[0-2])")
# DecimalNumber has 18 digits in total.
_PLAIN: Final = re.compile(r"[0-9]{1,18}(\.[0-9]{1,17})?", re.ASCII)
# Only XML's white space; other characters that Python treats as space are text.
_SPACE: Final = re.compile(r"[ \t\r\n]+")
_TRANSFER: Final = "TRF"
# ISO 20022's value for "not provided by the payer".
_NO_REFERENCE: Final = "NOTPROVIDED"


def read_pain001(body: bytes, given: FileDefaults) -> RawFile:
    """Parse a message. The mode comes from the request. Raise InvalidValues if it is not such a message or its sums are wrong."""
    try:
        # Refuse entities and external references: they can expand a small file into a huge one, or read other files.
        root = fromstring(body, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        raise InvalidValues([Fault("body", "The body is not plain XML: well-formed, with no DTD or entities.")]) from None
    namespace, _, name = root.tag.removeprefix("{").rpartition("}")
    if name != "Document" or not _NAMESPACE.fullmatch(namespace):
        raise InvalidValues([Fault("Document", "A pain.001.001 message, version 03 to 12, is expected.")])
    return _Message(root, namespace, given).read()


class _Message:
    def __init__(self, root: Element, namespace: str, given: FileDefaults) -> None:
        self._root = root
        self._names = {"p": namespace}
        self._given = given
        self._faults = Faults()

    def read(self) -> RawFile:
        payments = self._root.findall("p:CstmrCdtTrfInitn/p:PmtInf", self._names)
        lines: list[RawLine] = []
        sources: set[str] = set()
        currencies: set[str] = set()
        for index, payment in enumerate(payments):
            place = f"PmtInf.{index}"
            self._check(payment, place)
            sources.add(self._account(payment, "DbtrAcct"))
            for number, entry in enumerate(payment.findall("p:CdtTrfTxInf", self._names)):
                line = self._line(entry, f"{place}.CdtTrfTxInf.{number}")
                currencies.add(line.currency)
                lines.append(line)
        self._require_one("DbtrAcct", sources)
        self._require_one("InstdAmt", currencies)
        if len(lines) > LINES_MAX:
            self._faults.add("CdtTrfTxInf", f"1 to {LINES_MAX} lines")
        self._check_sums(lines)
        self._faults.require_none()
        return RawFile(
            source=sources.pop(),
            currency=currencies.pop(),
            mode=self._given.mode,
            lines=lines,
            label=self._text(self._root, "CstmrCdtTrfInitn/GrpHdr/MsgId"),
        )

    def _check(self, payment: Element, place: str) -> None:
        if self._text(payment, "PmtMtd") != _TRANSFER:
            self._faults.add(f"{place}.PmtMtd", "Only TRF (transfer) is supported.")
        # A plain date in version 03; a choice of date or time in later versions.
        wanted = self._text(payment, "ReqdExctnDt/Dt") or self._text(payment, "ReqdExctnDt/DtTm")[:10]
        wanted = wanted or self._text(payment, "ReqdExctnDt")
        try:
            due = date.fromisoformat(wanted)
        except ValueError:
            self._faults.add(f"{place}.ReqdExctnDt", "A date is expected.")
            return
        if due > self._given.today:
            self._faults.add(f"{place}.ReqdExctnDt", "A bulk transfer runs immediately; use a schedule for another day.")

    def _line(self, entry: Element, place: str) -> RawLine:
        amount = entry.find("p:Amt/p:InstdAmt", self._names)
        if amount is None:
            self._faults.add(f"{place}.Amt", "InstdAmt is expected.")
        reference = self._text(entry, "PmtId/EndToEndId")
        # A line break inside an element is formatting, not content.
        words = " ".join(
            _SPACE.sub(" ", part.text).strip() for part in entry.findall("p:RmtInf/p:Ustrd", self._names) if part.text
        )
        return RawLine(
            place=place,
            target=self._account(entry, "CdtrAcct"),
            amount=(amount.text or "").strip() if amount is not None else "",
            currency=amount.get("Ccy", "") if amount is not None else "",
            # Remittance information may be longer than a description. The payer's own file keeps the rest.
            description=words[:DESCRIPTION_LENGTH_MAX],
            reference="" if reference == _NO_REFERENCE else reference,
        )

    def _account(self, element: Element, name: str) -> str:
        return self._text(element, f"{name}/Id/Othr/Id")

    def _require_one(self, field: str, found: set[str]) -> None:
        if len(found) != 1:
            self._faults.add(field, "All payments must have one account and one currency.")

    def _check_sums(self, lines: list[RawLine]) -> None:
        """Check the sender's totals against the lines, to detect a truncated file."""
        header = "CstmrCdtTrfInitn/GrpHdr"
        if self._text(self._root, f"{header}/NbOfTxs") != str(len(lines)):
            self._faults.add("GrpHdr.NbOfTxs", f"NbOfTxs does not match: the message has {len(lines)} transfers.")
        stated = self._text(self._root, f"{header}/CtrlSum")
        total = Decimal(0)
        for line in lines:
            total = EXACT.add(total, _decimal(line.amount) or Decimal(0))
        if stated and _decimal(stated) != total:
            self._faults.add("GrpHdr.CtrlSum", "The amounts do not add up to CtrlSum.")

    def _text(self, element: Element, path: str) -> str:
        found = element.find("/".join(f"p:{step}" for step in path.split("/")), self._names)
        return (found.text or "").strip() if found is not None else ""


def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if _PLAIN.fullmatch(text) else None
