"""A person's browser without JavaScript: follows links, fills in the forms that the pages really have."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

import httpx

from tests.support.processes import PASSWORD, LiveInstance


@dataclass
class PageForm:
    """One form of a page with the values it came with."""

    action: str
    method: str
    values: dict[str, list[str]] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []
        self._select: str | None = None
        self._area: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name")
        if tag == "form":
            self.forms.append(PageForm(given.get("action") or "", (given.get("method") or "get").lower()))
        elif not self.forms:
            return
        elif tag == "input" and name and given.get("type") not in {"submit", "button", "file"}:
            if given.get("type") not in {"checkbox", "radio"} or "checked" in given:
                self._add(name, given.get("value") or "")
        elif tag == "textarea" and name:
            self._area = name
            self._add(name, "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self._add(self._select, given.get("value") or "")

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.forms[-1].values[self._area] = [data.lstrip("\n")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None
        elif tag == "select":
            self._select = None

    def _add(self, name: str, value: str) -> None:
        self.forms[-1].values.setdefault(name, []).append(value)


class Browser:
    """One person at one instance."""

    def __init__(self, base_url: str, *, verify: object = True) -> None:
        self._client = httpx.Client(base_url=base_url, follow_redirects=True, verify=verify, timeout=40)  # type: ignore[arg-type]

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def open(self, path: str) -> httpx.Response:
        """Open a page."""
        return self._client.get(path, headers={"accept": "text/html"})

    def submit(self, path: str, action: str | None = None, **values: object) -> httpx.Response:
        """Open a page, fill in its form that posts to `action` (default: the page itself) and send it."""
        page = self.open(path)
        assert page.status_code == 200, f"{path}: {page.status_code}"
        parser = _Forms()
        parser.feed(page.text)
        wanted = action or urlsplit(path).path
        form = next(
            (f for f in parser.forms if f.method == "post" and urlsplit(f.action or path).path == wanted),
            None,
        )
        assert form is not None, f"{path} has no form for {wanted}: {[f.action for f in parser.forms]}"
        filled = form.values | {
            name: [str(one) for one in (value if isinstance(value, list | tuple) else [value])]
            for name, value in values.items()
        }
        return self._client.post(
            wanted, data=filled, headers={"accept": "text/html", "origin": _origin(self._client)}
        )


def _origin(client: httpx.Client) -> str:
    url = client.base_url
    return f"{url.scheme}://{url.netloc.decode()}"


def logged_in(instance: LiveInstance, handle: str, *, verify: object = True) -> Browser:
    """Return a browser in which a member has logged in."""
    browser = Browser(instance.base_url, verify=verify)
    answer = browser.submit("/login", email=f"{handle}@libline.test", password=PASSWORD)
    assert answer.status_code == 200, f"no login: {answer.status_code}"
    assert browser.open("/followers").url.path == "/followers", "the login did not last"
    return browser
