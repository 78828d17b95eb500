"""Text of strangers made safe: HTML to a subset, HTML to plain text, typed text to HTML, one-line names.

nh3 sees every HTML last. Bleach only finds the links in what people type here, never in what other servers
send. All functions take any text, never raise, and their time grows with the length of the text only.
"""

import html as html_entities
import re
import unicodedata
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin

import nh3
from bleach.linkifier import TLDS, Linker

MAX_HTML_CHARACTERS = (
    16_384  # nesting costs the parser quadratic time: 50 ms here, 350 ms at twice the length
)
MAX_TYPED_CHARACTERS = 5_000
MAX_HREF_CHARACTERS = 2_048
MAX_GROWTH = 4
_GROWTH_ALLOWANCE = 64  # a very short link grows by its `rel`
_FALLBACK_CHARACTERS = (10_000, 2_500)  # the second fits even if every character becomes an entity
_MAX_ENTITY_CHARACTERS = 6
_MAX_MARKS = 4  # combining characters on one base

ALLOWED_TAGS = frozenset(
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
ALLOWED_CLASSES = frozenset(["h-card", "u-url", "mention", "hashtag", "ellipsis", "invisible"])
LINK_REL = "nofollow noopener noreferrer ugc"

_HREF = re.compile(
    r"https?://(?:[^\W_](?:[\w.-]*\w)?\.?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?(?:[/?#][^\s\\<>\"`]*)?\Z",
    re.IGNORECASE,
)
_BARE_LINK = re.compile(rf'<a(?: class="[^"<>]*")? rel="{LINK_REL}">((?:(?!</a>).)*)</a>', re.DOTALL)
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffc]"
    "|[\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]|[\U000e0000-\U000e007f]"
)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ud800-\udfff]")
_TAG = re.compile(r"<[^<>]*>?")
_BREAK_TAG = re.compile(r"<(?:br|/p|/li|/blockquote|/pre|/h[1-6]|/div|/tr)\b[^<>]*>", re.IGNORECASE)
_HEADING = re.compile(r"<(/?)h[1-6](?:\s[^<>]*)?>", re.IGNORECASE)
_BLOCK_END = re.compile(r"</(?:div|tr|td|th|dt|dd|table|section|article|figure|figcaption)>", re.IGNORECASE)
_LONG_ENTITY = re.compile(r"&#[0-9a-fx]{9,};?", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\x0b\f\u00a0]+")
_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029\x85]")
_MANY_LINES = re.compile(r"\n{3,}")
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n\s*")
# What a person means as an address: anything after a scheme or `www.`, a bare name only under a known top
# level. No two parts can match the same characters, so a miss costs no second look.
_TYPED_URL = re.compile(
    r"(?<![@\w./-])\({0,3}(?:(?:https?://|www\.)[^\s<>\"'`]{1,2000}"
    r"|(?:[a-z0-9][a-z0-9-]{0,62}\.){1,4}(?:"
    + "|".join(sorted(TLDS))
    + r")(?![\w@.-]?\w)(?:[/?#][^\s<>\"'`]{0,2000})?)",
    re.IGNORECASE,
)
_FOLD_TABLE = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th", "ŋ": "n"}
    | {"\u0640": None, "\u0649": "\u064a", "\u0629": "\u0647"}  # Arabic: tatweel, alef maqsura, teh marbuta
)


def is_safe_href(url: str) -> bool:
    """Tell whether a link may be kept: absolute http(s) with a host, no userinfo, no blanks or controls."""
    return len(url) <= MAX_HREF_CHARACTERS and _HREF.match(url) is not None and not _INVISIBLE.search(url)


def sanitize_html(html: str, *, own_base_url: str | None = None) -> str:
    """Return the HTML that may be shown: few tags, links absolute http(s) only and with a fixed `rel`.

    Longer than 16,384 characters, or growing more than fourfold, it becomes plain text in one paragraph.
    Sanitising the result again changes nothing. Relative links are dropped, or made absolute below
    `own_base_url` if given.
    """
    html = _INVISIBLE.sub("", html)
    if len(html) > MAX_HTML_CHARACTERS:
        return _as_plain_html(html)
    cleaner = _cleaner(own_base_url)
    once = _without_bare_links(cleaner.clean(_keep_blocks_apart(html)))
    # HTML that does not nest (a block inside a link, say) is moved about by the parser, and may move again.
    for _ in range(3):
        if len(once) > min(MAX_HTML_CHARACTERS, MAX_GROWTH * len(html) + _GROWTH_ALLOWANCE):
            break
        again = _without_bare_links(cleaner.clean(once))
        if again == once:
            return once
        once = again
    return _as_plain_html(html)


def plain_text(html: str) -> str:
    """Return the readable text of some HTML: line breaks for blocks, no tags, entities decoded, trimmed."""
    if len(html) <= MAX_HTML_CHARACTERS and "<" in html:
        html = _cleaner(None).clean(_keep_blocks_apart(html))
    return _strip_tags(html)


def clean_line(text: str, max_characters: int) -> str:
    """Return one line for a name or title: blanks joined, no control, direction, zero-width characters.

    Joiners stay between letters of the scripts that need them. More than four marks on one letter are
    dropped.
    """
    text = text[
        : max_characters * 4 + 64
    ]  # enough to survive the joining of blanks, little enough to be cheap
    if text.isascii():
        return " ".join(_INVISIBLE.sub("", _spaced(text)).split())[:max_characters].rstrip()
    text = _INVISIBLE.sub("", _spaced(unicodedata.normalize("NFC", text)))
    kept: list[str] = []
    marks_count = 0
    for at, character in enumerate(text):
        if character in "\u200c\u200d" and not _joins(text, at):
            continue
        marks_count = marks_count + 1 if unicodedata.combining(character) else 0
        if marks_count <= _MAX_MARKS:
            kept.append(character)
    return " ".join("".join(kept).split())[:max_characters].rstrip()


def clean_text(text: str) -> str:
    """Drop characters that are never meant (and that no database takes), and end lines in one way."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def linkify_text(text: str) -> str:
    """Return safe HTML for what a person typed: paragraphs, line breaks, and links where there are addresses.

    Beyond 5,000 characters the rest is cut.
    """
    typed = _paragraphs(text[:MAX_TYPED_CHARACTERS])
    return sanitize_html(_linker().linkify(typed) if "." in typed else typed)


def text_to_html(text: str) -> str:
    """Return safe HTML for plain text of another server: paragraphs and line breaks only, cut when long."""
    return sanitize_html(_paragraphs(text[:MAX_HTML_CHARACTERS]))


def fold(text: str) -> str:
    """Return the form in which texts are compared: without case, accents and Arabic spelling variants."""
    folded = unicodedata.normalize("NFKD", text.casefold()).casefold().translate(_FOLD_TABLE)
    return "".join(character for character in folded if not unicodedata.combining(character))


@lru_cache(maxsize=8)
def _cleaner(own_base_url: str | None) -> nh3.Cleaner:
    def keep_attribute(tag: str, attribute: str, value: str) -> str | None:
        if attribute != "href":
            return value
        value = value.strip()
        if own_base_url is not None and value.startswith("/") and not value.startswith(("//", "/\\")):
            value = urljoin(own_base_url + "/", value)
        return value if is_safe_href(value) else None

    return nh3.Cleaner(
        tags=set(ALLOWED_TAGS),
        clean_content_tags={
            "script",
            "style",
            "title",
            "textarea",
            "iframe",
            "noscript",
            "svg",
            "math",
            "template",
        },
        attributes={"*": set(), "a": {"href"}},  # else `lang` and `title` stay
        attribute_filter=keep_attribute,
        allowed_classes={"a": set(ALLOWED_CLASSES), "span": set(ALLOWED_CLASSES)},
        link_rel=LINK_REL,
        url_schemes={"http", "https"},
        generic_attribute_prefixes=set(),
    )


@lru_cache(maxsize=1)
def _linker() -> Linker:
    return Linker(callbacks=[_only_web_links], url_re=_TYPED_URL, parse_email=False)


def _only_web_links(attributes: dict[Any, str], _new: bool = False) -> dict[Any, str] | None:
    href = attributes.get((None, "href"), "")
    if href.startswith("http://") and not attributes.get("_text", "").lower().startswith("http"):
        href = "https://" + href.removeprefix("http://")  # bleach completes a bare name the old way
        attributes[(None, "href")] = href
    return attributes if is_safe_href(href) else None


def _paragraphs(text: str) -> str:
    text = _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text)).strip()
    return "".join(
        "<p>" + html_entities.escape(paragraph, quote=False).replace("\n", "<br>") + "</p>"
        for paragraph in _PARAGRAPH_END.split(text)
        if paragraph
    )


def _keep_blocks_apart(html: str) -> str:
    """Turn headings into bold paragraphs and put a line end after other blocks that lose their tags."""
    if "</" not in html:
        return html
    html = _HEADING.sub(lambda match: "</strong></p>" if match[1] else "<p><strong>", html)
    return _BLOCK_END.sub("\n", html)


def _without_bare_links(html: str) -> str:
    """Unwrap links that lost their address; links never nest in what the parser returns."""
    return _BARE_LINK.sub(r"\1", html) if f'rel="{LINK_REL}"' in html else html


def _as_plain_html(html: str) -> str:
    text = _strip_tags(html)
    out = ""
    for limit in (*_FALLBACK_CHARACTERS, len(html) * MAX_GROWTH // _MAX_ENTITY_CHARACTERS):
        escaped = html_entities.escape(text[:limit].strip(), quote=False).replace("\n", "<br>")
        out = _cleaner(None).clean(f"<p>{escaped}</p>" if escaped else "")
        if len(out) <= min(MAX_HTML_CHARACTERS, MAX_GROWTH * len(html) + _GROWTH_ALLOWANCE):
            break
    return out


def _strip_tags(html: str) -> str:
    text = _TAG.sub("", _BREAK_TAG.sub("\n", html))
    text = html_entities.unescape(_LONG_ENTITY.sub("", text)) if "&" in text else text
    text = _BLANKS.sub(" ", _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text)))
    return _MANY_LINES.sub("\n\n", text).strip()


def _spaced(text: str) -> str:
    return re.sub(r"[\t\n\r\x0b\f\x85\u2028\u2029]", " ", text)


def _joins(text: str, at: int) -> bool:
    around = text[at - 1 : at] + text[at + 1 : at + 2]
    return len(around) == 2 and all(
        ord(character) > 0x2FF and not character.isspace() for character in around
    )
