"""Projections: copies of other services' rows in the service's own database (ADR 0046).

A copy is filled and completed by the producer's feed, and kept prompt by its events. Each row has the producer's version, so that
the order in which they arrive does not matter. A use asks the copy only while it is complete as of a few seconds ago.
"""
