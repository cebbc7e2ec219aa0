"""Who reports to whom, and so decides in access reviews: between able members of active organizations.

By the database's clock, as for memberships. In the scope of all organizations.
"""

from typing import Final

MANAGERS: Final = """
    SELECT m.subject_id, m.manager_id, m.organization_id,
        o.kind = 'internal' AND m.platform_manager_id = m.manager_id AND NOT EXISTS (
            -- Two people who report to each other, in two organizations, decide nothing about each other.
            SELECT FROM memberships x JOIN organizations i ON i.id = x.organization_id AND i.kind = 'internal'
            WHERE x.subject_id = m.manager_id AND x.manager_id = m.subject_id
        ) AS decides_for_platform
    FROM memberships m
    JOIN organizations o ON o.id = m.organization_id AND o.status = 'active'
    JOIN memberships b ON b.organization_id = m.organization_id AND b.subject_id = m.manager_id
    LEFT JOIN subject_standings s ON s.subject_id = m.manager_id
    WHERE coalesce(m.ends_at, 'infinity') > now() AND coalesce(b.ends_at, 'infinity') > now() AND s.is_able IS NOT FALSE
"""
# The managers of a line `l`: in its organization, or in an internal one if it has none.
OF_LINE: Final = """
    r.subject_id = l.subject_id
    AND (r.organization_id = l.organization_id OR l.organization_id IS NULL AND r.decides_for_platform)
"""
IS_MANAGED: Final = f"EXISTS (SELECT FROM ({MANAGERS}) AS r WHERE {OF_LINE})"


def is_managed_by(parameter: str) -> str:
    """Return the condition that the person named by a parameter manages the line `l`."""
    return f"EXISTS (SELECT FROM ({MANAGERS} AND m.manager_id = :{parameter}) AS r WHERE {OF_LINE})"
