"""The ledger looked at again: what it says of itself, held against its postings."""
