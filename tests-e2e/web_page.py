"""A page of the gateway, read as a browser reads it: its script, its form, and what the script would send."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Final
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

_POLICY: Final = {"default-src": "'none'", "script-src": "'self'", "connect-src": "'self'", "form-action": "'none'"}


class _Elements(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def only(self, tag: str) -> dict[str, str | None]:
        (attributes,) = [attributes for name, attributes in self.found if name == tag]
        return attributes


@dataclass(frozen=True, slots=True)
class LinkForm:
    """The target of a mail's link: the operation that the page's form sends to, its fields, and the link's secret."""

    operation: str
    method: str
    fields: tuple[str, ...]
    secret_field: str
    secret: str

    def content(self, **typed: str) -> dict[str, str]:
        """Return what the script sends after these fields were typed, which must be all fields of the form."""
        assert typed.keys() == set(self.fields)
        return {**typed, self.secret_field: self.secret}


async def follow(client: httpx.AsyncClient, link: str) -> LinkForm:
    """Open the page of a link and its script; check that the page's policy allows everything that they need."""
    page = await client.get(link)
    assert page.status_code == httpx.codes.OK
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    _require_closed(page)
    elements = _Elements(page.text)
    script = await client.get(_own(link, elements.only("script")["src"]))
    assert script.status_code == httpx.codes.OK
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    style = await client.get(_own(link, next(each["href"] for tag, each in elements.found if tag == "link")))
    assert style.headers["Content-Type"] == "text/css; charset=utf-8"
    fields = tuple(str(each["name"]) for tag, each in elements.found if tag == "input" and each.get("name"))
    # The names as the script has them, so that this fails when they no longer match the API.
    parameter = _one(r'new URLSearchParams\(location\.hash\.slice\(1\)\)\.get\("(\w+)"\)', script.text)
    secret_field = _one(r"body: JSON\.stringify\(\{ \.\.\.content, (\w+): secret \}\)", script.text)
    assert _one(r"await fetch\(form\.dataset\.(\w+),", script.text) == "action"
    return LinkForm(
        operation=_own(link, elements.only("form")["data-action"]),
        method=_one(r'method: "(\w+)"', script.text),
        fields=fields,
        secret_field=secret_field,
        secret=parse_qs(urlsplit(link).fragment)[parameter][0],
    )


def _require_closed(page: httpx.Response) -> None:
    directives = (directive.strip().partition(" ") for directive in page.headers["Content-Security-Policy"].split(";"))
    policy = {name: value for name, _, value in directives}
    assert {name: policy[name] for name in _POLICY} == _POLICY
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Strict-Transport-Security"].startswith("max-age=")


def _own(link: str, reference: str | None) -> str:
    """Return the full address of a reference in the page, which the policy's 'self' must cover."""
    assert reference
    address = urljoin(link, reference)
    assert urlsplit(address)[:2] == urlsplit(link)[:2]
    return address


def _one(pattern: str, text: str) -> str:
    (found,) = re.findall(pattern, text)
    return str(found)
