"""Read exports back."""

import csv
import io

from services.payments.tests.contract.bank import Bank, Holder


async def export(bank: Bank, holder: Holder, query: str = "") -> list[dict[str, str]]:
    answer = await bank.get(f"/transfers/export?{query}", holder.user_id)
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))
