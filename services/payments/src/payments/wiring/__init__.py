"""Builds the use cases with their adapters, one file per noun."""
