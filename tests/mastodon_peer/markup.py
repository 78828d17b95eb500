"""HTML as Mastodon keeps it (a subset of tags and classes), and what people typed as HTML."""

import html
import re
from collections.abc import Callable
from html.parser import HTMLParser

KEPT_TAGS = frozenset(
    [
        "p",
        "br",
        "a",
        "span",
        "del",
        "pre",
        "code",
        "em",
        "strong",
        "b",
        "i",
        "u",
        "ul",
        "ol",
        "li",
        "blockquote",
    ]
)
VOID_TAGS = frozenset({"br"})
DROPPED_WITH_CONTENT = frozenset({"script", "style", "iframe", "textarea", "title"})
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
KEPT_CLASS = re.compile(r"\A(?:[hpue]-.+|dt-.+|mention|hashtag|ellipsis|invisible)\Z")
MENTION = re.compile(r"(?<![\w@/])@([\w](?:[\w.-]*\w)?)@([\w.-]+\w(?::[0-9]{1,5})?)")
URL = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")


class _Sanitizer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._open: list[str] = []
        self._dropping = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in DROPPED_WITH_CONTENT:
            self._dropping += 1
        elif self._dropping or not (tag in KEPT_TAGS or tag in HEADINGS):
            return
        elif tag in HEADINGS:
            self.parts.append("<p><strong>")
        else:
            self.parts.append(_start(tag, dict(attrs)))
            if tag not in VOID_TAGS:
                self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in DROPPED_WITH_CONTENT:
            self._dropping = max(0, self._dropping - 1)
        elif tag in HEADINGS and not self._dropping:
            self.parts.append("</strong></p>")
        elif tag in self._open and not self._dropping:
            while self._open:
                closed = self._open.pop()
                self.parts.append(f"</{closed}>")
                if closed == tag:
                    break

    def handle_data(self, data: str) -> None:
        if not self._dropping:
            self.parts.append(html.escape(data, quote=False))

    def finish(self) -> str:
        self.close()
        return "".join([*self.parts, *(f"</{tag}>" for tag in reversed(self._open))])


def _start(tag: str, attributes: dict[str, str | None]) -> str:
    classes = " ".join(name for name in (attributes.get("class") or "").split() if KEPT_CLASS.match(name))
    kept = f' class="{html.escape(classes)}"' if classes else ""
    href = attributes.get("href") or ""
    if tag == "a" and re.match(r"https?://", href):
        kept += f' href="{html.escape(href)}" rel="nofollow noopener" target="_blank"'
    return f"<{tag}{kept}>"


def sanitize(content: str) -> str:
    """Return the HTML of a stranger as it is shown."""
    cleaner = _Sanitizer()
    cleaner.feed(content)
    return cleaner.finish()


def plain(content: str) -> str:
    """Return the words of some HTML, a line for each paragraph."""
    text = re.sub(r"<br[^>]*>|</p>\s*(?=<)", "\n", content)
    return html.unescape(re.sub(r"<[^>]*>", "", text)).strip()


def render(text: str, link_of: Callable[[str], tuple[str, str] | None]) -> str:
    """Return what a person typed as HTML; `link_of` gives profile URL and user name of `user@host`."""

    def word(match: re.Match[str]) -> str:
        address = match[0]
        if address.startswith("http"):
            return f'<a href="{address}" target="_blank" rel="nofollow noopener">{address}</a>'
        found = link_of(address.removeprefix("@"))
        if found is None:
            return address
        url, username = found
        return (
            f'<span class="h-card" translate="no"><a href="{html.escape(url)}" class="u-url mention">'
            f"@<span>{username}</span></a></span>"
        )

    either = re.compile(f"{URL.pattern}|{MENTION.pattern}")
    paragraphs = re.split(r"\n{2,}", html.escape(text.strip(), quote=False))
    return "".join(f"<p>{either.sub(word, part).replace(chr(10), '<br>')}</p>" for part in paragraphs)
