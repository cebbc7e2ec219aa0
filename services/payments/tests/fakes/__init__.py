"""Fakes of payments' peers, one file for each port."""
