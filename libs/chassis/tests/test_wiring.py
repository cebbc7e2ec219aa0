"""Use cases are built from their table of contents, and what does not fit is refused at start."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pytest

from chassis.wiring import NotWired, wire


class Views(Protocol):
    currency: str

    def find(self) -> str: ...


class Pages(Views, Protocol):
    def page(self) -> str: ...


class Decide(Protocol):
    def __call__(self) -> str: ...


class SqlViews:
    def __init__(self) -> None:
        self.currency = "NAD"

    def find(self) -> str:
        return self.currency


class SqlPages(SqlViews):
    def page(self) -> str:
        return "page"


@dataclass(frozen=True, slots=True)
class Rules:
    amount_max: int


@dataclass(frozen=True, slots=True)
class GetBranch:
    views: Views
    rules: Rules


@dataclass(frozen=True, slots=True)
class OpenBranch:
    get_branch: GetBranch
    decide: Decide
    limit: int = 3


@dataclass(frozen=True, slots=True)
class CloseBranch:
    get_branch: GetBranch


@dataclass(frozen=True, slots=True, kw_only=True)
class Branches:
    open_branch: OpenBranch
    close_branch: CloseBranch
    get_branch: GetBranch


VIEWS, RULES = SqlViews(), Rules(5)
GIVEN: Mapping[str, Any] = {"views": VIEWS, "rules": RULES, "decide": lambda: "yes"}


def refusal(contents: type[object], **given: object) -> str:
    with pytest.raises(NotWired) as refused:
        wire(contents, **given)
    return str(refused.value)


def test_each_use_case_gets_its_ports_by_the_names_of_its_fields() -> None:
    branches = wire(Branches, **GIVEN)
    assert type(branches) is Branches
    assert (branches.get_branch.views, branches.get_branch.rules) == (VIEWS, RULES)
    assert branches.open_branch.decide is GIVEN["decide"]


def test_a_use_case_that_others_need_is_built_once_and_shared() -> None:
    branches = wire(Branches, **GIVEN)
    assert branches.open_branch.get_branch is branches.close_branch.get_branch is branches.get_branch


def test_a_port_with_a_default_may_be_left_out() -> None:
    assert wire(Branches, **GIVEN).open_branch.limit == 3
    assert wire(Branches, **GIVEN, limit=4).open_branch.limit == 4


def test_a_use_case_that_is_given_is_taken_as_it_is_and_needs_no_ports() -> None:
    own = GetBranch(SqlPages(), Rules(7))
    branches = wire(Branches, get_branch=own, decide=GIVEN["decide"])
    assert branches.get_branch is branches.close_branch.get_branch is own


def test_nothing_is_kept_between_two_calls() -> None:
    assert wire(Branches, **GIVEN).get_branch is not wire(Branches, **GIVEN).get_branch


@pytest.mark.parametrize(
    ("port", "value", "expected"),
    [
        ("views", None, "get_branch.views is a NoneType, which lacks currency, find of Views"),
        ("views", RULES, "get_branch.views is a Rules, which lacks currency, find of Views"),
        ("rules", VIEWS, "get_branch.rules is a SqlViews, not a Rules"),
        ("decide", RULES, "open_branch.decide is a Rules, which lacks __call__ of Decide"),
        ("limit", "3", "open_branch.limit is a str, not a int"),
    ],
    ids=["none", "another-adapter", "another-class", "not-callable", "another-builtin"],
)
def test_a_port_that_is_not_what_its_field_declares_is_refused(port: str, value: object, expected: str) -> None:
    assert refusal(Branches, **{**GIVEN, port: value}) == f"Branches.{expected}"


@pytest.mark.parametrize("port", ["views", "rules"])
def test_a_missing_port_is_refused(port: str) -> None:
    others = {name: value for name, value in GIVEN.items() if name != port}
    assert refusal(Branches, **others) == f"Branches.get_branch.{port} is not given"


def test_a_port_that_no_use_case_has_is_refused() -> None:
    assert refusal(Branches, **GIVEN, uow=1, clock=2) == "Branches: no use case has a port clock, uow"


def test_a_port_that_only_a_given_use_case_has_is_refused() -> None:
    assert refusal(Branches, **GIVEN, get_branch=GetBranch(VIEWS, RULES)) == "Branches: no use case has a port rules, views"


def test_a_given_use_case_of_another_class_is_refused() -> None:
    given = {**GIVEN, "close_branch": GetBranch(VIEWS, RULES)}
    assert refusal(Branches, **given) == "Branches.close_branch is a GetBranch, not a CloseBranch"


@dataclass(frozen=True)
class ListBranches:
    views: Pages


@dataclass(frozen=True)
class Listing:
    list_branches: ListBranches


def test_members_that_a_protocol_inherits_are_required() -> None:
    assert wire(Listing, views=SqlPages())
    assert refusal(Listing, views=VIEWS) == "Listing.list_branches.views is a SqlViews, which lacks page of Pages"
    assert refusal(Listing, views=1) == "Listing.list_branches.views is a int, which lacks currency, find, page of Pages"


def test_a_property_is_not_read() -> None:
    class Unopened(SqlPages):
        @property
        def page(self) -> Any:
            raise AssertionError

    assert wire(Listing, views=Unopened())


@dataclass(frozen=True)
class Unchecked:
    one: int | None
    two: Any
    three: Callable[[], str]
    four: Mapping[str, int]


@dataclass(frozen=True)
class Loose:
    unchecked: Unchecked


def test_unions_are_not_checked() -> None:
    assert wire(Loose, one="1", two=2, three=str, four={}).unchecked == Unchecked("1", 2, str, {})  # type: ignore[arg-type]


@dataclass(frozen=True)
class First:
    second: "Second"


@dataclass(frozen=True)
class Second:
    first: First


@dataclass(frozen=True)
class Circle:
    first: First
    second: Second


def test_a_circle_is_refused() -> None:
    assert refusal(Circle) == "Circle: use cases need each other in a circle: first, second, first"


def test_a_given_use_case_ends_a_circle() -> None:
    second = Second(first=None)  # type: ignore[arg-type]
    assert wire(Circle, second=second).first.second is second
