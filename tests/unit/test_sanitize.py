"""Text of strangers: only the subset comes out, once and for all, whatever goes in, and quickly."""

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from libline_fed.sanitize import (
    ALLOWED_CLASSES,
    ALLOWED_TAGS,
    LINK_REL,
    MAX_HTML_CHARACTERS,
    clean_line,
    fold,
    is_safe_href,
    linkify_text,
    plain_text,
    sanitize_html,
    text_to_html,
)

PIECES = [
    *(
        f"<{tag}>"
        for tag in [*sorted(ALLOWED_TAGS), "div", "h2", "table", "tr", "td", "svg", "math", "script", "style"]
    ),
    *(f"</{tag}>" for tag in [*sorted(ALLOWED_TAGS), "div", "table", "svg", "script"]),
    *(
        "<textarea>",
        "<title>",
        "<template>",
        "<noscript>",
        "<iframe>",
        "<form>",
        "<plaintext>",
        "<mglyph>",
        "<mi>",
    ),
    *(
        '<a href="https://a.example/">',
        "<a href=//a.example>",
        '<a href="javascript:x">',
        '<a href="/x" onclick=y>',
    ),
    *(
        '<span class="mention x h-card">',
        "<img src=x onerror=y>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?",
        "<!DOCTYPE html>",
    ),
    *(
        "&",
        "&amp;",
        "&lt;script&gt;",
        "&#0;",
        "&#x26;lt;",
        "&nbsp;",
        "<",
        ">",
        '"',
        "'",
        "\n",
        "\r",
        "\x00",
        "\u202e",
    ),
    *("text", "é", "\u200b", "\ud800", "https://a.example/?a=1&b=2", "https://a.example/\u2028"),
]
HTML = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=25).map("".join)
_TAG = re.compile(r"<(/?)([a-z]+)((?: [a-z]+=\"[^\"<>]*\")*)>")


def assert_safe(html: str) -> None:
    """Assert by reading the text itself that nothing but the subset is there."""
    rest = html
    for match in _TAG.finditer(html):
        closing, name, attributes = match.groups()
        assert name in ALLOWED_TAGS, name
        rest = rest.replace(match[0], "")
        found = dict(re.findall(r' ([a-z]+)="([^"]*)"', attributes))
        if closing:
            assert not attributes
            continue
        if name == "a":
            assert found.pop("rel") == LINK_REL
            href = found.pop("href")
            assert re.match(r"(?i)https?://[^/?#@]*\w[^/?#@]*(?:[/?#]|\Z)", href), href
        assert set(found) <= ({"class"} if name in ("a", "span") else set()), found
        assert set(found.get("class", "").split()) <= ALLOWED_CLASSES
    assert "<" not in rest
    assert ">" not in rest


@settings(max_examples=1_000, deadline=None)
@given(HTML)
@example("<a>" * 100)
@example("&" * 1_000)
@example("\u00a0" * 1_000)
@example("<pre>\n\n\nx")
@example("<p><b>" * 300)
@example("<table><a href=https://a.example>x<tr><a href=https://b.example>y")
@example("<svg><p><style><a title='</style><img src=x onerror=alert(1)>'>")
@example(
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>"
)
@example("<noscript><p title='</noscript><img src=x onerror=alert(1)>'>")
@example("x" * (MAX_HTML_CHARACTERS + 1))
def test_whatever_goes_in_only_the_subset_comes_out_and_stays(html: str) -> None:
    out = sanitize_html(html)
    assert_safe(out)
    assert sanitize_html(out) == out
    assert len(out) <= 4 * len(html) + 64


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<script>alert(1)</script>x", "x"),
        ("<style>p{}</style>x", "x"),
        ("<p onclick='x' style='y' id=z>a</p>", "<p>a</p>"),
        ("<img src=x onerror=alert(1)>a", "a"),
        ("<iframe src=//e.example>a</iframe>b", "b"),
        ("<h2 class=x>Title</h2><p>a</p>", "<p><strong>Title</strong></p><p>a</p>"),
        ("<form><input name=x><button formaction='javascript:x'>go</button></form>", "go"),
        ("<a href='javascript:alert(1)'>a</a>", "a"),
        ("<a href='JAVA&#9;SCRIPT:alert(1)'>a</a>", "a"),
        ("<a href='\x01javascript:alert(1)'>a</a>", "a"),
        ("<a href='java\u200bscript:alert(1)'>a</a>", "a"),
        ("<a href='data:text/html,x'>a</a>", "a"),
        ("<a href='//e.example/x'>a</a>", "a"),
        ("<a href='/x'>a</a>", "a"),
        ("<a href='x'>a</a>", "a"),
        ("<a href='https://u:p@e.example/'>a</a>", "a"),
        ("<a href='https:e.example'>a</a>", "a"),
        ("<a href='https://'>a</a>", "a"),
        ("<a href='https://e.example/a b'>a</a>", "a"),
        (
            "<a href='https://e.example/\u202ex'>a</a>",
            f'<a href="https://e.example/x" rel="{LINK_REL}">a</a>',
        ),
        ("<a href='mailto:a@e.example'>a</a>", "a"),
        (
            "<a href='https://e.example/?a=1&b=2' target=_blank rel='opener' class='mention evil'>a</a>",
            f'<a href="https://e.example/?a=1&amp;b=2" class="mention" rel="{LINK_REL}">a</a>',
        ),
        ("<span class='invisible x' lang=en>a</span>", '<span class="invisible">a</span>'),
        ("<ol start=3><li>a</ol>", "<ol><li>a</li></ol>"),
        ("a<br>b", "a<br>b"),
        ("{{7*7}}", "{{7*7}}"),
        ("<!-- x -->a<?php x ?>", "a"),
        ("", ""),
    ],
)
def test_known_attacks_and_shapes(html: str, expected: str) -> None:
    assert sanitize_html(html) == expected


def test_own_relative_links_are_made_absolute_only_when_asked() -> None:
    html = '<a href="/@ana">ana</a> <a href="//e.example">e</a>'
    assert sanitize_html(html) == "ana e"
    own = sanitize_html(html, own_base_url="https://a.example")
    assert own == f'<a href="https://a.example/@ana" rel="{LINK_REL}">ana</a> e'


def test_a_long_text_keeps_its_words_and_loses_its_markup() -> None:
    out = sanitize_html("<p>Hello <b>there</b></p><p>again</p>" + " " * MAX_HTML_CHARACTERS)
    assert out == "<p>Hello there<br>again</p>"


def test_plain_text_is_what_one_reads() -> None:
    html = "<p>One<br>two</p><p>three &amp; <b>four</b></p><script>x</script><ul><li>five</li></ul>"
    assert plain_text(html) == "One\ntwo\nthree & four\nfive"
    assert plain_text("<h1>One</h1><div>two</div><table><tr><td>three</td></tr></table>") == "One\ntwo\nthree"
    assert plain_text("I &lt;3 libraries") == "I <3 libraries"
    assert plain_text("&#99999999999999;x") == "x"
    assert plain_text("") == ""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  Ana \n\t Pérez ", "Ana Pérez"),
        ("a\u202eb\u2066c\u200bd\ufeffe\u00adf", "abcdef"),
        ("admin\x00\x1b[31m", "admin[31m"),
        ("Z\u0301\u0301\u0301\u0301\u0301\u0301a", "Ź\u0301\u0301\u0301\u0301a"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("a\u200db", "ab"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("\u200dx", "x"),
        ("a\u2028b\u0085c", "a b c"),
        ("<b>x</b>", "<b>x</b>"),
        ("\ud800x", "x"),
        ("\U000e0041x", "x"),
    ],
)
def test_a_line_holds_nothing_that_misleads(text: str, line: str) -> None:
    assert clean_line(text, 100) == line


@settings(deadline=None)
@given(st.text(), st.integers(1, 50))
def test_a_line_is_one_line_within_its_limit_and_stays(text: str, limit: int) -> None:
    line = clean_line(text, limit)
    assert len(line) <= limit
    assert line == line.strip()
    assert len(line.splitlines()) <= 1
    assert clean_line(line, limit) == line


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Hola.\n\nSegundo\npárrafo", "<p>Hola.</p><p>Segundo<br>párrafo</p>"),
        ("<b>x</b> & y", "<p>&lt;b&gt;x&lt;/b&gt; &amp; y</p>"),
        (
            "see https://a.example/x_(y).",
            f'<p>see <a href="https://a.example/x_(y)" rel="{LINK_REL}">https://a.example/x_(y)</a>.</p>',
        ),
        (
            "(https://a.example/x)",
            f'<p>(<a href="https://a.example/x" rel="{LINK_REL}">https://a.example/x</a>)</p>',
        ),
        (
            "lib.org/?x=1&y=2",
            f'<p><a href="https://lib.org/?x=1&amp;y=2" rel="{LINK_REL}">lib.org/?x=1&amp;y=2</a></p>',
        ),
        ("mail ana@library.org", "<p>mail ana@library.org</p>"),
        ("javascript:alert(1) node.js", "<p>javascript:alert(1) node.js</p>"),
        ("https://u:p@e.example/", "<p>https://u:p@e.example/</p>"),
        ("  \r\n ", ""),
        ("a\r\n\r\n\r\nb", "<p>a</p><p>b</p>"),
        ("5 &lt; 6", "<p>5 &amp;lt; 6</p>"),
    ],
)
def test_typed_text_becomes_paragraphs_with_links(text: str, html: str) -> None:
    assert linkify_text(text) == html


@settings(deadline=None)
@given(st.text() | HTML)
def test_typed_text_is_always_safe_and_stays(text: str) -> None:
    for html in (linkify_text(text), text_to_html(text)):
        assert_safe(html)
        assert sanitize_html(html) == html


def test_typed_text_is_cut_at_its_limit() -> None:
    assert linkify_text("x" * 6_000) == f"<p>{'x' * 5_000}</p>"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("CATALOGACIÓN", "catalogacion"),
        ("Straße", "strasse"),
        ("Łódź", "lodz"),
        ("مكتبة", "مكتبه"),
        ("مُكْتَبَة", "مكتبة"),
        ("أحمد", "احمد"),
        ("ﬁle", "file"),
        ("İstanbul", "istanbul"),
        ("Ærø", "aero"),
        ("مـكتبة", "مكتبة"),
    ],
)
def test_texts_that_people_take_for_the_same_fold_alike(a: str, b: str) -> None:
    assert fold(a) == fold(b)


@settings(deadline=None)
@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    "href",
    [
        "https://a.example",
        "http://a.example/x?y#z",
        "HTTPS://a.example/ä",
        "https://[::1]/x",
        "https://a.example:8443/",
    ],
)
def test_safe_links(href: str) -> None:
    assert is_safe_href(href)


@pytest.mark.parametrize(
    "href",
    [
        "",
        "https://",
        "http://.:",
        "https://:80/",
        "https://-/",
        "https://a b",
        "https://u@a.example/",
        "ftp://a.example",
        "https://a.example/" + "x" * 2048,
        "https://a.example/\u2066",
        "//a.example",
        "/x",
        "https://a.example\\x",
    ],
)
def test_unsafe_links(href: str) -> None:
    assert not is_safe_href(href)


FUNCTIONS: list[Callable[[str], str]] = [
    sanitize_html,
    plain_text,
    linkify_text,
    text_to_html,
    fold,
    lambda text: clean_line(text, 200),
]


@pytest.mark.parametrize(
    "piece",
    [
        "<p><b>",
        "<ul><li>",
        "<blockquote>",
        "<a",
        "<a href='",
        "<a href='https://a.b'>",
        "<",
        "&",
        "&#",
        "&nbsp;",
        "<!--",
        "<![CDATA[",
        "<table><td>",
        "<br>",
        "é",
        "\u200d",
        "\n",
        " \n",
        "www.",
        "a.",
        "https://a.com(",
        "((",
        "a.b@",
        "-.",
    ],
)
def test_time_is_bounded_whatever_the_text(piece: str) -> None:
    def measure(text: str) -> float:
        started = time.perf_counter()
        for function in FUNCTIONS:
            function(text)
        return time.perf_counter() - started

    at_limit = piece * (MAX_HTML_CHARACTERS // len(piece))
    assert measure(at_limit) < 0.5, "each takes at most some 50 ms here"
    assert measure(piece * (400_000 // len(piece))) < 1.0, "beyond the limit the cost is linear"
