"""Fakes of what payments asks of its peers, one file a port."""
