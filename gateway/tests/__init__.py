"""A package, unlike the other members' tests: otherwise pytest would name these modules `gateway.tests…` after the folder, and
take the folder for the package `gateway` itself.
"""
