"""Who reports to whom, and so decides in access reviews: between able members of active organizations.

By the database's clock, as for memberships. In the scope of all organizations.
"""

from typing import Final

MANAGERS: Final = """
    SELECT m.subject_id, m.manager_id, m.organization_id,
        o.kind = 'internal' AND m.platform_manager_id = m.manager_id AND NOT EXISTS (
            -- Two people who report to each other, in two organizations, decide nothing about each other.
            SELECT FROM memberships x JOIN organizations i ON i.id = x.organization_id
            WHERE x.subject_id = m.manager_id AND x.manager_id = m.subject_id AND x.platform_manager_id = x.manager_id
            AND i.kind = 'internal' AND i.status = 'active' AND coalesce(x.ends_at, 'infinity') > now()
        ) AS decides_for_platform
    FROM memberships m
    JOIN organizations o ON o.id = m.organization_id AND o.status = 'active'
    JOIN memberships b ON b.organization_id = m.organization_id AND b.subject_id = m.manager_id
    LEFT JOIN subject_standings s ON s.subject_id = m.manager_id
    WHERE coalesce(m.ends_at, 'infinity') > now() AND coalesce(b.ends_at, 'infinity') > now() AND s.is_able IS NOT FALSE
"""


def _of(place: str) -> str:
    """Return the condition that `r` is about the person of a line or assignment: in its organization, or an internal one."""
    return f"""
        r.subject_id = {place}.subject_id
        AND (r.organization_id = {place}.organization_id OR {place}.organization_id IS NULL AND r.decides_for_platform)
    """


# The managers of an assignment `a`.
OF_ASSIGNMENT: Final = f"ARRAY(SELECT DISTINCT r.manager_id FROM ({MANAGERS}) AS r WHERE {_of('a')} ORDER BY r.manager_id)"  # noqa: S608
# The managers of a line `l`: those of when the campaign started who are so now.
OF_LINE: Final = f"r.manager_id = ANY(l.managers) AND {_of('l')}"
IS_MANAGED: Final = f"EXISTS (SELECT FROM ({MANAGERS}) AS r WHERE {OF_LINE})"
# Whether the person of the line `l` has the role now or later: by the assignment, or by one that was granted since, which the
# campaign does not list.
IS_HELD: Final = """
    EXISTS (
        SELECT FROM all_assignments h WHERE h.subject_id = l.subject_id AND h.role = l.role
        AND h.organization_id IS NOT DISTINCT FROM l.organization_id AND coalesce(h.ends_at, 'infinity') > :at
        AND (h.id = l.assignment_id OR NOT EXISTS (
            SELECT FROM review_lines n WHERE n.review_id = l.review_id AND n.assignment_id = h.id
        ))
    )
"""


def is_managed_by(parameter: str) -> str:
    """Return the condition that the person named by a parameter manages the line `l`."""
    return f"EXISTS (SELECT FROM ({MANAGERS} AND m.manager_id = :{parameter}) AS r WHERE {OF_LINE})"
