"""The ports of identity, one file for each noun or peer."""
