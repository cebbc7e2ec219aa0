"""Attempts that are recorded by count."""
