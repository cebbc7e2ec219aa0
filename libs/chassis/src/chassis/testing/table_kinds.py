"""Checks that each table of a service is declared, and that the database holds what its kind says."""

import psycopg
from psycopg.rows import dict_row

from chassis.persistence.table_kinds import JOB_TABLES, OF_EVERY_SERVICE, ORGANIZATION, TableKinds

_TABLES = f"""
    SELECT c.relname AS name, c.relrowsecurity AS secured,
        EXISTS (
            SELECT FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attname = 'organization_id' AND a.atttypid = 'uuid'::regtype AND a.attnotnull
        ) AS owned,
        ARRAY(SELECT p.polname FROM pg_policy p WHERE p.polrelid = c.oid) AS policies
    FROM pg_class c
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND c.relname NOT LIKE '{JOB_TABLES}%'
    ORDER BY c.relname
"""  # noqa: S608  # a constant


def table_faults(owner_url: str, kinds: TableKinds) -> list[str]:
    """Return what is wrong: a table of no kind, a kind of no table, or row-level security that does not match the kind."""
    with psycopg.connect(owner_url, row_factory=dict_row) as connection:
        tables = {row["name"]: row for row in connection.execute(_TABLES)}
    declared = {**OF_EVERY_SERVICE, **kinds}
    faults = [f"{name} has no kind" for name in tables.keys() - declared.keys()]
    faults += [f"{name} does not exist" for name in declared.keys() - tables.keys()]
    for name in tables.keys() & declared.keys():
        table, is_organizations = tables[name], declared[name] is ORGANIZATION
        if is_organizations and not (table["owned"] and table["secured"] and table["policies"] == [f"{name}_scope"]):
            faults.append(f"{name} is an organization's: it needs organization_id uuid NOT NULL, and migrations.scoped")
        if not is_organizations and (table["secured"] or table["policies"]):
            faults.append(f"{name} has row-level security, but is no organization's")
    return sorted(faults)
