"""The layout of the code, as far as a machine can check it. Needs no server."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

from chassis.rest.route import Route

ROOT: Final = Path(__file__).parents[1]
# Every operation of these services is found by its name.
SERVICES: Final = ("compliance", "governance", "identity", "payments")
# The noun of an operation is the first segment of its path (under /auth the second), with these exceptions.
NOUNS: Final = {
    "sessions": r"/auth/(login(/verify)?|logout(-all)?|refresh|step-up(/options)?)",
    "registration": r"/auth/(register|verify-(email|phone)(/resend)?)|/users/me/(email|phone)",
    "passwords": r"/auth/password-reset(/confirm)?|/users/{user_id}/password(-reset)?",
    "passkeys": r"/auth/(factors/)?passkeys.*",
    "factors": r"/auth/(factors.*|login/totp(/confirm)?)",
    "recovery": r"/auth/(recovery.*|email-change/undo)",
    "erasures": r"/users/{user_id}/erasure",
    "bulk_transfers": r"/transfers/bulk.*",
    "schedules": r"/transfers/schedules.*",
    "statements": r"/wallets/{wallet_id}/statement|/transfers/export",
    "ledger_verifications": r"/ledger/verifications.*",
    "receipts": r"/transfers/{transfer_id}/receipt",
    "approval_rules": r"/policies/approval-rules.*",
    "evaluations": r"/access/v1/.*",
    "policy_bundles": r"/policies/bundles.*",
    "policy_changes": r"/policies/changes.*",
    "golden_decisions": r"/policies/golden-decisions.*",
    "members": r"/organizations/{organization_id}/members.*",
    "invitations": r"/organizations/{organization_id}/invitations.*|/invitations.*",
    "teams": r"/organizations/{organization_id}/teams|/teams.*",
    "access_reviews": r"/access/reviews.*",
    "separations": r"/access/separations.*",
    "separation_exceptions": r"/access/separation-exceptions.*",
}
# Modules without an operation: tools of routes, parts of schemas, work of jobs and peers, tables behind several nouns.
SHARED: Final[dict[str, dict[str, set[str]]]] = {
    "compliance": {
        "rest": {"dependencies"},
        "schemas": {"policy_decision"},
        "application": {"decisions", "erasures", "ports"},
        "sql": {"completeness", "decisions", "retention", "stored_log", "subject_keys", "transaction"},
    },
    "governance": {
        "rest": {"dependencies"},
        "schemas": set(),
        "application": {"erasures", "ports", "standings"},
        "sql": {"advisory_lock", "limited_roles", "line_managers", "mapping", "review_views", "standings", "transaction"},
    },
    "identity": {
        "rest": {"dependencies", "dev_mailbox", "signing_keys"},
        "schemas": {"fields"},
        "application": {"attempts", "messages", "ports", "signing_keys", "wrapped_keys"},
        "sql": {
            "address_messages",
            "advisory_lock",
            "attempts",
            "credentials",
            "large_totals",
            "mapping",
            "messages",
            "notice_requests",
            "one_time_codes",
            "origins",
            "profiles",
            "reads",
            "sealed_names",
            "session_columns",
            "sign_in_challenges",
            "signing_keys",
            "subject_keys",
            "transaction",
            "unique_constraints",
            "user_data",
            "views",
            "wrapped_keys",
        },
    },
    "payments": {
        "rest": {"dependencies", "dry_run", "transfer_answers"},
        "schemas": {"bulk_rehearsal", "fields", "needs", "refusals", "rehearsal", "signatures", "versions"},
        "application": {"erasures", "payers", "ports"},
        "sql": {
            "actors",
            "advisory_lock",
            "bulk_transfer_rows",
            "idempotency_keys",
            "ledger_breaks",
            "ledger_check",
            "prices",
            "spending",
            "transaction",
            "transfer_history",
            "transfer_rows",
            "versions",
        },
    },
}
# In each layer of a service. A new module belongs to a noun, unless several nouns need it.
SHARED_MAX: Final = {"rest": 4, "schemas": 7, "application": 5, "sql": 22}
# Nouns that only use the tables of others.
WITHOUT_SQL: Final = {"registration", "payments", "receipts", "issuances"}
# Operations that the tests of their noun call only by a helper, or that the tests of another subject call.
TESTED_ELSEWHERE: Final = {
    "approve_bulk",
    "approve_transfer",
    "ask_password_reset",
    "begin_totp_at_sign_in",
    "challenge_step_up",
    "complete_sign_in",
    "confirm_totp_at_sign_in",
    "decide_recovery",
    "end_fee_rule",
    "export_user_data",
    "follow_bulk",
    "get_schedule",
    "list_awaiting_approval",
    "list_bulk_lines",
    "list_bulks",
    "list_bulks_awaiting_approval",
    "list_my_limits",
    "list_postings",
    "list_schedule_runs",
    "list_schedules",
    "refresh_session",
    "reject_bulk",
    "reject_transfer",
    "resend_phone_code",
    "set_wallet_usage",
    "sign_in",
    "step_up",
    "submit_bulk",
    "transfer_linked",
    "unfreeze_wallet",
    "unlock_user",
}
PARTS: Final = ("libs", "services", "gateway", "deploy", "k8s", "tests-e2e")


def modules() -> list[Path]:
    return [source for part in PARTS for source in sorted((ROOT / part).rglob("test_*.py"))]


def imported_tests(source: str, names: frozenset[str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from names & {*node.module.split("."), *(alias.name for alias in node.names)}
        elif isinstance(node, ast.Import):
            yield from names & {part for alias in node.names for part in alias.name.split(".")}


def test_no_test_imports_a_test() -> None:
    names = frozenset(path.stem for path in modules())
    assert "test_layout" in names
    found = {(path.relative_to(ROOT).as_posix(), name) for path in modules() for name in imported_tests(path.read_text(), names)}
    assert found == set()


def test_an_imported_test_is_found_in_every_form() -> None:
    names = frozenset({"test_users"})
    for source in ("from a.test_users import sent", "from a import test_users", "import a.test_users"):
        assert list(imported_tests(source, names)) == ["test_users"]
    assert not list(imported_tests("from aiohttp.test_utils import TestServer\nimport pytest", names))


@dataclass(frozen=True)
class Operation:
    """An operation of the API, and where its code must be."""

    service: str
    path: str
    name: str

    @property
    def noun(self) -> str:
        for noun, paths in NOUNS.items():
            if re.fullmatch(paths, self.path):
                return noun
        segments = self.path.strip("/").split("/")
        return segments[segments[0] == "auth"].replace("-", "_")

    @property
    def folder(self) -> Path:
        return ROOT / "services" / self.service / "src" / self.service

    @property
    def use_case(self) -> Path:
        return self.folder / "application" / self.noun / f"{self.name}.py"


@cache
def operations() -> list[Operation]:
    found = [
        Operation(service, route.path.removeprefix("/api/v1"), str(route.operation_id))
        for service in SERVICES
        for router in import_module(f"{service}.interfaces.rest").ROUTERS
        for route in router.routes
        if isinstance(route, Route)
    ]
    assert found
    return found


@pytest.fixture(params=operations(), ids=lambda operation: operation.name)
def operation(request: pytest.FixtureRequest) -> Operation:
    found: Operation = request.param
    return found


def test_a_route_calls_the_use_case_of_its_name(operation: Operation) -> None:
    routes = ast.parse((operation.folder / "interfaces/rest" / f"{operation.noun}.py").read_text())
    [route] = [node for node in routes.body if isinstance(node, ast.AsyncFunctionDef) and node.name == operation.name]
    called = {ast.unparse(node.func) for node in ast.walk(route) if isinstance(node, ast.Call)}
    assert f"app.{operation.noun}.{operation.name}" in called
    assert {each.rpartition(".")[0] for each in called if each.startswith("app.")} == {f"app.{operation.noun}"}


def test_a_use_case_is_one_class_with_one_method(operation: Operation) -> None:
    classes = {node.name: node for node in ast.parse(operation.use_case.read_text()).body if isinstance(node, ast.ClassDef)}
    use_case = classes["".join(word.capitalize() for word in operation.name.split("_"))]
    methods = [node for node in use_case.body if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)]
    [call] = [method for method in methods if method.name == "__call__" or not method.name.startswith("_")]
    assert (call.name, [argument.arg for argument in call.args.args]) == ("__call__", ["self"])


def test_the_tests_of_a_noun_have_its_name(operation: Operation) -> None:
    assert (ROOT / "services" / operation.service / "tests/contract" / f"test_{operation.noun}.py").is_file()


def test_the_table_of_nouns_is_short_and_used() -> None:
    assert len(NOUNS) <= 23
    used = {operation.noun for operation in operations()}
    assert set(NOUNS) <= used


def test_a_use_case_is_registered_in_one_place(operation: Operation) -> None:
    """Its noun's table of contents, from which it is wired. The wiring names a use case once, if it is built otherwise."""
    contents = (operation.folder / "application" / operation.noun / "__init__.py").read_text()
    assert re.search(rf"^    {operation.name}: ", contents, re.MULTILINE)
    name = re.compile(rf"\b{''.join(word.capitalize() for word in operation.name.split('_'))}\(")
    assert [bool(name.search(text)) for text in wiring(operation.folder)].count(True) <= 1


@cache
def wiring(package: Path) -> list[str]:
    return [file.read_text() for file in (*package.glob("wiring.py"), *package.glob("wiring/*.py"))]


def test_layers_use_the_nouns_of_the_api() -> None:
    """Routers, schemas, use-case folders and SQL: modules without an operation are named above."""
    for service in SERVICES:
        package = ROOT / "services" / service / "src" / service
        nouns = {operation.noun for operation in operations() if operation.service == service}
        found = {
            "rest": modules_of(package / "interfaces/rest"),
            "schemas": modules_of(package / "interfaces/rest/schemas"),
            "application": {folder.name for folder in (package / "application").iterdir() if is_package(folder)},
            "sql": modules_of(package / "infrastructure/sql"),
        }
        unknown = {(layer, name) for layer, names in found.items() for name in names - nouns - SHARED[service][layer]}
        assert unknown == set()


def test_the_tables_of_modules_without_an_operation_are_short() -> None:
    for layers in SHARED.values():
        assert all(len(modules) <= SHARED_MAX[layer] for layer, modules in layers.items())


def test_a_noun_has_its_schemas(operation: Operation) -> None:
    routes = (operation.folder / "interfaces/rest" / f"{operation.noun}.py").read_text()
    if f"{operation.service}.interfaces.rest.schemas" in routes:
        assert (operation.folder / "interfaces/rest/schemas" / f"{operation.noun}.py").is_file()


def test_a_noun_has_its_sql(operation: Operation) -> None:
    sql = operation.folder / "infrastructure/sql" / f"{operation.noun}.py"
    assert sql.is_file() == (operation.noun not in WITHOUT_SQL)


def test_the_tests_of_a_noun_name_its_operations() -> None:
    """By path or by name, in a file whose name begins with `test_<noun>`."""
    unnamed = {operation.name for operation in operations() if not is_named(operation)}
    assert unnamed - TESTED_ELSEWHERE == set()
    assert len(TESTED_ELSEWHERE) <= 31


@pytest.mark.parametrize("service", SERVICES)
def test_the_promises_of_every_list_are_checked(service: str) -> None:
    """`ListPromises` fails for a list of these routers that has no path in the test."""
    assert "ListPromises(ask, " in (ROOT / "services" / service / "tests/contract/test_lists.py").read_text()


def is_named(operation: Operation) -> bool:
    path = re.sub(r"\\{\w+\\}", r"[^\"/]+", re.escape(operation.path))
    use_case = "".join(word.capitalize() for word in operation.name.split("_"))
    named = re.compile(rf'{path}["?]|\b(?:{operation.name}|{use_case})\b')
    return any(named.search(text) for text in texts_of_tests(operation.service, operation.noun))


@cache
def texts_of_tests(service: str, noun: str) -> list[str]:
    return [file.read_text() for file in (ROOT / "services" / service / "tests").rglob(f"test_{noun}*.py")]


def modules_of(folder: Path) -> set[str]:
    return {file.stem for file in folder.glob("*.py")} - {"__init__", "table_kinds"}


def is_package(folder: Path) -> bool:
    return (folder / "__init__.py").is_file()


def test_only_bootstrap_and_wiring_give_the_platforms_scope() -> None:
    """What runs in the scope of all organizations is decided where processes are assembled, and nowhere else."""
    givers = {
        path.relative_to(ROOT).as_posix()
        for path in (*ROOT.glob("services/*/src/**/*.py"), *ROOT.glob("gateway/src/**/*.py"))
        if re.search(r"persistence\.scope import .*\bPLATFORM\b|\bPlatformScope\b", path.read_text())
    }
    assert givers
    assert [giver for giver in sorted(givers) if not re.search(r"/(bootstrap\.py|wiring\.py|wiring/\w+\.py)$", giver)] == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_whose_requests_take_several_transactions_has_their_table(service: str) -> None:
    routers = import_module(f"{service}.interfaces.rest").ROUTERS
    has_steps = any(isinstance(route, Route) and route.idempotency == "steps" for router in routers for route in router.routes)
    tables = import_module(f"{service}.infrastructure.sql.table_kinds").TABLE_KINDS
    assert ("idempotency_steps" in tables) == has_steps
