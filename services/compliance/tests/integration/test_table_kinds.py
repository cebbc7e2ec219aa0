from chassis.testing.databases import DatabaseUrls
from chassis.testing.table_kinds import table_faults
from compliance.infrastructure.sql.table_kinds import TABLE_KINDS


def test_each_table_says_whose_rows_it_has_and_the_database_holds_it(urls: DatabaseUrls) -> None:
    assert table_faults(urls.owner, TABLE_KINDS) == []
