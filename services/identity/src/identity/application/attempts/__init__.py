"""Attempts that are counted before they are recorded."""
