"""Files that services give out: a table as CSV, XLSX or Parquet, and a document as PDF.

Nothing here imports a third-party library before a file of its format is written.
"""

from chassis.files.cells import safe, time_text
from chassis.files.formats import CSV, PARQUET, PDF, XLSX, MediaType, TableFormat, file_responses, media_type_of, written
from chassis.files.table import Column, ColumnType, Table

__all__ = [
    "CSV",
    "PARQUET",
    "PDF",
    "XLSX",
    "Column",
    "ColumnType",
    "MediaType",
    "Table",
    "TableFormat",
    "file_responses",
    "media_type_of",
    "safe",
    "time_text",
    "written",
]
