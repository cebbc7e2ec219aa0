"""PostgreSQL, one file for each noun: its tables, its writes and its reads.

Personal data is opened by the reads, and is kept nowhere.
"""
