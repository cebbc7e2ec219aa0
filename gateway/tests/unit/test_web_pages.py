"""Pages for people: each sends what the API accepts, and contains nothing that its policy forbids."""

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import pytest

from gateway.pages import WEB
from identity.settings import IdentitySettings

OPENAPI: Final = Path(__file__).parents[3] / "docs" / "openapi.json"
PAGES: Final = sorted(file.name for file in WEB.glob("*.html"))
SCRIPT: Final = (WEB / "link-form.js").read_text()
STYLE: Final = (WEB / "page.css").read_text()


class Markup(HTMLParser):
    """The elements of a page, by name, and their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def ids(self) -> set[str | None]:
        return {attributes["id"] for _, attributes in self.elements if "id" in attributes}


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest) -> Markup:
    return Markup((WEB / request.param).read_text())


@pytest.fixture(scope="module")
def openapi() -> Any:
    return orjson.loads(OPENAPI.read_bytes())


def test_the_pages_of_mail_links_exist() -> None:
    pages = [IdentitySettings.model_fields[name].default for name in ("reset_page", "undo_page")]
    assert [f"{urlsplit(page).path[1:]}.html" for page in pages] == ["reset-password.html", "undo-email-change.html"]
    assert {"reset-password.html", "undo-email-change.html"} <= set(PAGES)


def test_the_form_sends_what_the_operation_accepts(page: Markup, openapi: Any) -> None:
    (form,) = page.all("form")
    operation = openapi["paths"][form["data-action"]]["post"]
    assert operation["security"] == []
    schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    taken = openapi["components"]["schemas"][schema]
    sent = {field["name"] for field in page.all("input") if field.get("name")} | {"token"}
    assert set(taken["required"]) <= sent <= taken["properties"].keys()


def test_pages_have_no_inline_code_and_load_nothing_from_other_hosts(page: Markup) -> None:
    for tag, attributes in page.elements:
        assert tag != "style"
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("src", "href"):
            if name in attributes:
                source = attributes[name] or ""
                assert source.startswith("/pages/")
                assert (WEB / source.removeprefix("/pages/")).is_file()
    assert all(script.get("src") for script in page.all("script"))


def test_a_form_whose_script_does_not_run_sends_no_secret(page: Markup) -> None:
    (form,) = page.all("form")
    # The form's URL has no secret, and the form is hidden until the script shows it; `form-action` of the policy stops the rest.
    assert (form["method"], "action" in form, "hidden" in form) == ("post", False, True)
    assert page.all("noscript")


def test_fields_have_labels_and_places_for_their_errors(page: Markup) -> None:
    (html,) = page.all("html")
    assert html["lang"] == "en"
    labels, ids = {label["for"] for label in page.all("label")}, page.ids()
    for field in page.all("input"):
        assert field["id"] in labels
        assert f"{field['id']}-problem" in ids
        assert set((field["aria-describedby"] or "").split()) <= ids
        assert field.get("data-same-as", field["id"]) in ids
    assert "message" in ids
    assert page.all("title")
    assert len(page.all("h1")) == 1


def test_messages_are_announced_and_get_the_focus(page: Markup) -> None:
    (message,) = [attributes for _, attributes in page.elements if attributes.get("id") == "message"]
    assert (message["role"], message["tabindex"]) == ("status", "-1")
    for field in page.all("input"):
        (problem,) = [attributes for _, attributes in page.elements if attributes.get("id") == f"{field['id']}-problem"]
        assert problem["role"] == "alert"
    # An element that is not displayed while empty is not in the accessibility tree, so its next message would not be announced.
    assert "display: none" not in STYLE
    # By then the button that had the focus is disabled, or its form hidden.
    assert len(re.findall(r"sayAndShow\(", SCRIPT)) == 4
    assert re.search(r"function sayAndShow.*message\.focus\(\);\n}\n", SCRIPT, re.DOTALL)


def test_another_link_opened_in_the_same_tab_is_used() -> None:
    """The links differ only after the "#", for which browsers do not reload a page."""
    assert 'addEventListener("hashchange", () => location.reload());' in SCRIPT


def test_the_secret_is_not_in_urls_or_browser_storage() -> None:
    assert re.search(r"history\.replaceState\(null, \"\", location\.pathname\)", SCRIPT)
    for forbidden in ("innerHTML", "eval(", "localStorage", "sessionStorage", "document.cookie", "location.search", "console."):
        assert forbidden not in SCRIPT
