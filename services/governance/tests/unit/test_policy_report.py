"""What a change of policies would do: the situations that are tried, and how they are described."""

from collections.abc import Mapping

import pytest

from governance.domain.policy_case import PolicyCase, Verdict
from governance.domain.policy_report import CASES_MAX, Comparison
from governance.domain.policy_situations import SITUATIONS_MAX, in_words, situations
from governance.domain.template_parameters import WEEKDAYS
from governance.infrastructure.cedar_reader import CedarReader
from governance.infrastructure.contract_vocabulary import contract_vocabulary

VOCABULARY = contract_vocabulary()
PAY = 'forbid(principal is User, action in [Action::"payment:create"], resource) when'


def tried(*conditions: str, most: int = SITUATIONS_MAX) -> list[str]:
    readings = [CedarReader().read(f"{PAY} {{ {condition} }};") for condition in conditions]
    found, _ = situations("payment:create", readings, VOCABULARY, most=most)
    return [", ".join(each.words) for each in found]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("context.minute_of_day >= 540", ["at 08:59", "at 09:00", "at 10:00"]),
        ("context.minute_of_day > 1020", ["at 10:00", "at 17:00", "at 17:01"]),
        ("1020 < context.minute_of_day", ["at 10:00", "at 17:00", "at 17:01"]),
        ("!(context.minute_of_day <= 1020)", ["at 10:00", "at 17:00", "at 17:01"]),
        ("1020 > context.minute_of_day", ["at 10:00", "at 16:59", "at 17:00"]),
        ('context has amount && context.amount.lessThan(decimal("10.0"))', ["amount 9.99", "amount 10.00"]),
        ('context has amount && decimal("10.0").lessThan(context.amount)', ["amount 10.0", "amount 10.01"]),
        ('context has amount && context.amount.greaterThan(decimal("10.0"))', ["amount 10.0", "amount 10.01"]),
        ('context has currency && context.currency == "NAD"', ["currency NAD", "currency other"]),
        ('context has ip && context.ip.isInRange(ip("10.0.0.0/8"))', ["from 10.0.0.0", "from 203.0.113.10"]),
        ('context has ip && context.ip.isInRange(ip("2001:db8::/32"))', ["from 2001:db8::", "from 203.0.113.10"]),
        ("context.two_factors", ["with two factors", "with one factor"]),
        ("context.public_holiday", ["on a public holiday", "on no public holiday"]),
        ("context.minutes_since_sign_in < 5", [f"{minutes} minutes after signing in" for minutes in (0, 4, 5)]),
        (
            'context.now > datetime("2027-01-01T00:00:00Z")',
            ["now 2026-12-31T23:59:00Z", "now 2027-01-01T00:00:00Z"],
        ),
        (
            "resource has owner && principal has id && resource.owner == principal.id",
            ["their own", "their organization's", "that of another", "without owner"],
        ),
        ("context.interactive", [""]),
        ('principal in Role::"staff"', [""]),
        ("[6, 7].contains(context.weekday)", [f"on {day.capitalize()}" for day in WEEKDAYS]),
    ],
)
def test_the_values_in_a_policy_and_those_beside_them_are_tried(condition: str, expected: list[str]) -> None:
    assert tried(condition) == expected


@pytest.mark.parametrize(
    ("condition", "is_partial"),
    [
        ("context.minute_of_day > 1020", False),
        ('principal in Role::"staff"', False),
        ("resource has owner && principal has id && resource.owner == principal.id", False),
        ("context.minute_of_day * 2 > 2000", True),
        ('context has currency && context.currency like "NA*"', True),
        ("context has ip && context.ip.isLoopback()", True),
        ('context.now.toTime() > duration("17h")', True),
        ('resource has id && resource.id == "7"', True),
        ('principal has id && principal.id == "0b9f0a6e-6c2a-4c35-8ac5-4a8d0f5b7f10"', True),
        ('principal == User::"0b9f0a6e-6c2a-4c35-8ac5-4a8d0f5b7f10"', True),
    ],
)
def test_a_report_says_that_values_in_the_text_do_not_show_all(condition: str, is_partial: bool) -> None:
    readings = [CedarReader().read(f"{PAY} {{ {condition} }};")]
    verdicts = Counting()
    assert Comparison(verdicts, verdicts, readings, VOCABULARY).differences({"staff": 1}) == ([], is_partial)


def test_situations_combine_what_several_policies_read() -> None:
    both = tried("context.two_factors", "context.public_holiday")
    assert both == [
        "on a public holiday, with two factors",
        "on a public holiday, with one factor",
        "on no public holiday, with two factors",
        "on no public holiday, with one factor",
    ]
    assert tried("context.two_factors", "context.public_holiday", most=3) == both[:3]


def test_some_situations_are_described_as_shortly_as_possible() -> None:
    readings = [CedarReader().read(f"{PAY} {{ context.two_factors && context.public_holiday }};")]
    found, more = situations("payment:create", readings, VOCABULARY)
    assert not more
    assert in_words(found, found) == ("always",)
    assert in_words(found[:2], found) == ("on a public holiday",)
    assert in_words([found[0], found[1], found[2]], found) == ("on a public holiday", "with two factors")
    assert in_words([found[0]], found) == ("on a public holiday, with two factors",)
    assert in_words([found[0], found[3]], found) == (
        "on a public holiday, with two factors",
        "on no public holiday, with one factor",
    )


class Counting:
    """Counts what it is asked, and allows it."""

    def __init__(self) -> None:
        self.asked = 0

    def judge(self, case: PolicyCase) -> Verdict:
        self.asked += 1
        return Verdict(allowed=case.action != "", policies=())


def test_the_work_of_a_report_has_a_limit() -> None:
    conditions = [
        f"context.minute_of_day >= {minute} && context.weekday == 1 && context.public_holiday" for minute in range(10, 200, 10)
    ]
    readings = [CedarReader().read(f"{PAY} {{ {condition} }};") for condition in conditions]
    people: Mapping[str, int] = {f"role-{number}": 1 for number in range(500)}
    before, after = Counting(), Counting()
    differences, is_partial = Comparison(before, after, readings, VOCABULARY).differences(people)
    assert (differences, is_partial) == ([], True)
    assert before.asked == after.asked <= CASES_MAX
