"""PostgreSQL: one file per noun, with its writes and reads."""
