"""Documents that payments gives out: comma-separated values, Parquet, PDF."""
