"""The part of payments in an erasure that identity announces."""
