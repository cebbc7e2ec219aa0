from urllib.parse import quote, unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.paths import AmbiguousPath, api_segment


@pytest.mark.parametrize(
    ("path", "segment"),
    [
        (b"/api/v1/wallets", "wallets"),
        (b"/api/v1/wallets/", "wallets"),
        (b"/api/v1/role-assignments/0195b0a0-7c1e-7b43-9d0c-3f2a5f1f7a10", "role-assignments"),
        (b"/api/v1/permissions/user:create", "permissions"),
        (b"/api/v1/permissions/user%3Acreate", "permissions"),
        (b"/api/v1/reports/2026.csv", "reports"),
        (b"/api/v1/users/.well-known", "users"),
        (b"/api/v1/users/Ndilimeke%20%C3%A9", "users"),
        (b"/access/v1/evaluation", "access"),
        (b"/access/v1/evaluations", "access"),
    ],
)
def test_a_path_of_the_api_has_a_segment(path: bytes, segment: str | None) -> None:
    assert api_segment(path) == segment


@pytest.mark.parametrize(
    "path",
    [
        b"/",
        b"/docs",
        b"/api",
        b"/api/v1",
        b"/api/v2/wallets",
        b"/%61pi/v1/wallets",
        b"/API/v1/wallets",
        b"/access/v1",
        b"/access/v1/evaluation/",
        b"/access/v1/evaluation/x",
        b"/access/v1/evaluatio%6e",
        b"/access/v1/users",
        b"/access/v2/evaluation",
    ],
)
def test_a_path_outside_the_api_has_none(path: bytes) -> None:
    assert api_segment(path) is None


@pytest.mark.parametrize(
    "path",
    [
        b"",
        b"api/v1/wallets",
        b"//api/v1/wallets",
        b"/api//v1/wallets",
        b"/api/v1//wallets",
        b"/api/v1/wallets//x",
        b"/api/v1/./wallets",
        b"/api/v1/wallets/..",
        b"/api/v1/users/../wallets",
        b"/api/v1/users/%2e%2e/wallets",
        b"/api/v1/users/%2E./wallets",
        b"/api/v1/users/..;x/wallets",
        b"/api/v1/users/..%3bx/wallets",
        b"/api/v1/users%2fwallets",
        b"/api/v1/users/%5c..%5cwallets",
        b"/api/v1/users\\wallets",
        b"/api/v1/users/%252e%252e/wallets",
        b"/api/v1/users/%00",
        b"/api/v1/users/%0d%0aSet-Cookie:x",
        b"/api/v1/users/%7f",
        b"/api/v1/users/%c0%ae",
        b"/api/v1/users/%zz",
        b"/api/v1/users/%",
        b"/api/v1/users/\xc3\xa9",
        b"/api/v1/users/a b",
        b"/api/v1/users/#x",
        b"/api/v1/" + b"a" * 2048,
    ],
)
def test_an_ambiguous_path_is_refused(path: bytes) -> None:
    with pytest.raises(AmbiguousPath):
        api_segment(path)


_pieces = st.sampled_from(
    ["api", "v1", "wallets", "users", "..", ".", "", "%2e", "%2f", "%5C", "%25", ";", "a", "/", "\\", "%00"]
)


@given(st.lists(_pieces, max_size=12).map(lambda pieces: "/" + "/".join(pieces)))
@example("/api/v1/users/%2e%2e/wallets")
def test_an_accepted_path_is_the_same_after_any_decoding_and_resolving(path: str) -> None:
    try:
        segment = api_segment(path.encode("ascii"))
    except AmbiguousPath:
        return
    for reading in (path, unquote(path), unquote(unquote(path))):
        resolved = _resolve(reading)
        assert resolved == reading.rstrip("/").split("/")[1:]
        if segment is not None:
            assert resolved[:3] == ["api", "v1", segment]


@given(st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/\\%"), min_size=1, max_size=40))
def test_any_encoded_name_is_accepted(name: str) -> None:
    if name.partition(";")[0] in {".", ".."} or len(quote(name)) > 2000:
        return
    assert api_segment(b"/api/v1/users/" + quote(name).encode("ascii")) == "users"


def _resolve(path: str) -> list[str]:
    found: list[str] = []
    for segment in path.replace("\\", "/").rstrip("/").split("/")[1:]:
        if segment.partition(";")[0] == "..":
            found = found[:-1]
        elif segment not in {"", "."}:
            found.append(segment)
    return found
