"""Readers of bulk files in each format."""

from collections.abc import Mapping
from typing import Final

from payments.application.ports.bulk_transfers import Reader
from payments.infrastructure.bulk_files.csv_file import read_csv
from payments.infrastructure.bulk_files.json_file import read_json
from payments.infrastructure.bulk_files.pain001 import read_pain001

# By media type (CSV: RFC 7111; XML: RFC 7303).
READERS: Final[Mapping[str, Reader]] = {
    "application/json": read_json,
    "text/csv": read_csv,
    "application/xml": read_pain001,
    "text/xml": read_pain001,
}
