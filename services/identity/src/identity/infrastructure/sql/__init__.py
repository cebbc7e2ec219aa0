"""PostgreSQL, one file for each noun: its tables, its writes and its reads.

Reads open personal data and never cache it.
"""
