"""Checks that every list of a service keeps what all lists promise: totals, cursors that keep their filters, true links."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import httpx
from fastapi.dependencies.models import Dependant

from chassis.rest import CursorPageOf, PageOf, Router
from chassis.rest.paging import cursor_request, page_request
from chassis.rest.route import Route

_POSITION: Final = frozenset({"page", "per_page", "cursor", "limit"})
_PAGES_READ_MAX: Final = 20


@dataclass(frozen=True)
class ListPromises:
    """Reads each list to its end, or twenty entries.

    `ask` gets a path without the base; `paths` has one for each list, best with filters. A history must have two entries, and a
    numbered list one: otherwise nothing would be shown.
    """

    ask: Callable[[str], Awaitable[httpx.Response]]
    paths: Mapping[str, str]

    async def broken(self, routers: Sequence[Router]) -> list[str]:
        """Return the broken promises. Fails for a list without a path, or a path without a list."""
        lists = {str(route.operation_id): route for route in _lists(routers)}
        if differing := lists.keys() ^ self.paths.keys():
            raise AssertionError(f"lists without a path, or paths without a list: {sorted(differing)}")
        return [f"{name} {fault}" for name, route in lists.items() async for fault in self._faults(route, self.paths[name])]

    async def _faults(self, route: Route, path: str) -> AsyncIterator[str]:
        is_numbered = _is_page(route, PageOf)
        if not _takes(route.dependant, page_request if is_numbered else cursor_request):
            yield "takes no paging"
            return
        faults = self._numbered(path) if is_numbered else self._history(path)
        async for fault in faults:
            yield fault

    async def _numbered(self, path: str) -> AsyncIterator[str]:
        first = await self._get(_with(path, page=1, per_page=1))
        total = first["total"]
        if not total:
            yield "is empty in this test"
            return
        for page in (1, total, total + 1, total + 7):
            asked = _with(path, page=page, per_page=1)
            answer, links = await self._get_with_links(asked)
            if answer["total"] != total:
                yield f"says {answer['total']} instead of {total} on page {page}"
            if len(answer["items"]) != (1 if page <= total else 0):
                yield f"has {len(answer['items'])} items on page {page} of {total}"
            expected = {"first": 1, "last": total}
            expected |= {"prev": min(page - 1, total)} if page > 1 else {}
            expected |= {"next": page + 1} if page < total else {}
            if {name: int(dict(parse_qsl(urlsplit(url).query))["page"]) for name, url in links.items()} != expected:
                yield f"links to {links} on page {page} of {total}"
            for fault in _lost(asked, links):
                yield fault

    async def _history(self, path: str) -> AsyncIterator[str]:
        asked, seen = _with(path, limit=1), []
        answer, links = await self._get_with_links(asked)
        cursor = answer["next_cursor"]
        if cursor is None:
            yield "has fewer than two entries in this test"
            return
        for wrong in (cursor.rpartition(".")[0], f"{cursor.rpartition('.')[0]}.AAAAAAAAAAAA", "x"):
            refused = await self.ask(_with(path, cursor=wrong))
            fields = [fault["field"] for fault in refused.json().get("errors", [])]
            if wrong and (refused.status_code, fields) != (httpx.codes.UNPROCESSABLE_ENTITY, ["cursor"]):
                yield f"accepts a cursor that is not its own: {wrong}"
        for _ in range(_PAGES_READ_MAX):
            for fault in _lost(asked, links):
                yield fault
            seen += answer["items"]
            if ("next" in links) != (answer["next_cursor"] is not None) or "first" not in links or "prev" in links:
                yield f"links to {links} with the next cursor {answer['next_cursor']}"
            if "next" not in links:
                break
            answer, links = await self._get_with_links(links["next"].removeprefix("/api/v1"))
        if seen != (await self._get(_with(path, limit=100)))["items"][: len(seen)]:
            yield "has other entries in small pages than in a large one"

    async def _get(self, path: str) -> Any:
        return (await self._get_with_links(path))[0]

    async def _get_with_links(self, path: str) -> tuple[Any, dict[str, str]]:
        answer = await self.ask(path)
        if answer.status_code != httpx.codes.OK:
            raise AssertionError(f"{path} answers {answer.status_code}: {answer.text}")
        return answer.json()["data"], {str(name): link["url"] for name, link in answer.links.items()}


def _lists(routers: Sequence[Router]) -> Iterator[Route]:
    for router in routers:
        for route in router.routes:
            if isinstance(route, Route) and (_is_page(route, PageOf) or _is_page(route, CursorPageOf)):
                yield route


def _is_page(route: Route, kind: type) -> bool:
    """Whether the route returns an envelope of such a page."""
    fields = getattr(route.response_model, "model_fields", {})
    data = fields["data"].annotation if "data" in fields else None
    return isinstance(data, type) and issubclass(data, kind)


def _takes(dependant: Dependant, dependency: Callable[..., object]) -> bool:
    return any(one.call is dependency or _takes(one, dependency) for one in dependant.dependencies)


def _with(path: str, **parameters: object) -> str:
    return path + ("&" if "?" in path else "?") + "&".join(f"{name}={value}" for name, value in parameters.items())


def _filters(url: str) -> list[tuple[str, str]]:
    return sorted(pair for pair in parse_qsl(urlsplit(url).query, keep_blank_values=True) if pair[0] not in _POSITION)


def _lost(asked: str, links: Mapping[str, str]) -> list[str]:
    kept = _filters(asked)
    return [f"loses filters in the link to {name}: {url}" for name, url in links.items() if _filters(url) != kept]
