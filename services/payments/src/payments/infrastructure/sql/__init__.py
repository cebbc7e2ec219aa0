"""PostgreSQL: one file for each noun, with its writes and its reads."""
