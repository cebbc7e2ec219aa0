"""Documents that payments produces: CSV, Parquet and PDF."""
