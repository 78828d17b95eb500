"""URLs and addresses: one spelling per origin, nothing unclean, nothing private."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libline_fed.activitypub.urls import host_of, is_fetchable, is_link, is_username, parse_acct, same_origin


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Mastodon.Example/users/ana", "mastodon.example"),
        ("HTTPS://mastodon.example:443/x?y=1#z", "mastodon.example"),
        ("https://mastodon.example:0443", "mastodon.example"),
        ("http://mastodon.example:80/", "mastodon.example"),
        ("https://mastodon.example:80/", "mastodon.example:80"),
        ("https://mastodon.example./x", "mastodon.example"),
        ("https://bücher.example/ä", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("https://аррӏе.example/", "xn--80ak6aa92e.example"),
        ("http://127.0.0.1:8000", "127.0.0.1:8000"),
        ("http://[::0001]:8443/x", "[::1]:8443"),
        ("http://localhost:3000/", "localhost:3000"),
        ("https://a.example?x", "a.example"),
    ],
)
def test_a_clean_url_has_one_authority(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize(
    "url",
    [
        None,
        7,
        ["https://a.example/"],
        "",
        "a.example",
        "//a.example/x",
        "ftp://a.example/",
        "file:///etc/passwd",
        "unix:///run/x",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "https:///x",
        "https://user@a.example/",
        "https://user:pw@a.example/",
        "https://a.example\\@b.example/",
        "https://a.example:0/",
        "https://a.example:99999/",
        "https://a.example:44x/",
        "https://a b.example/",
        "https://a.example/x y",
        "https://a\t.example/",
        "https://a.example/\n",
        "\nhttps://a.example/",
        "https://a.example/\u202ex",
        "https://a.example/\x00",
        "https://a..example/",
        "https://.a.example/",
        "https://-a.example/",
        "https://a_b.example/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://0177.0.0.1/",
        "https://127.1/",
        "https://①②⑦.0.0.1/",
        "https://１２７.0.0.1/",
        "https://[::1%25eth0]/",
        "https://[::1/",
        "https://xn--a.example/",
        "https://" + "a" * 64 + ".example/",
        "https://a.example/" + "x" * 2_048,
        "https://\ud800.example/",
    ],
)
def test_an_unclean_url_has_none(url: object) -> None:
    assert host_of(url) is None
    assert not is_fetchable(url, allow_private=True)
    assert not is_link(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://a.example/",
        "https://a.example:8443/",
        "https://localhost/",
        "https://localhost./",
        "https://printer/",
        "https://printer.local/",
        "https://x.internal/",
        "https://1.0.0.127.in-addr.arpa/",
        "https://8.8.8.8/",
        "https://127.0.0.1/",
        "https://[2001:db8::1]/",
        "https://a.example/ä",
    ],
)
def test_only_https_to_a_public_name_may_be_fetched(url: str) -> None:
    assert not is_fetchable(url, allow_private=False)


def test_a_peer_is_fetchable_and_private_peers_only_where_allowed() -> None:
    assert is_fetchable("https://mastodon.example/users/ana?x=1", allow_private=False)
    assert is_fetchable("http://127.0.0.1:8001/actor", allow_private=True)


def test_an_origin_is_scheme_host_and_port() -> None:
    assert same_origin("https://A.example/x", "https://a.example:443/y")
    assert not same_origin("https://a.example/", "http://a.example/")
    assert not same_origin("https://a.example/", "https://a.example:8443/")
    assert not same_origin("https://a.example/", "https://b.example/")
    assert not same_origin(None, None)
    assert not same_origin("nonsense", "nonsense")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ana@a.example", ("ana", "a.example")),
        ("@Ana@A.Example", ("Ana", "a.example")),
        (" acct:ana@a.example ", ("ana", "a.example")),
        ("ACCT:ana.maria-1@a.example:443", ("ana.maria-1", "a.example")),
        ("ana@127.0.0.1:8001", ("ana", "127.0.0.1:8001")),
        ("blog.example@blog.example", ("blog.example", "blog.example")),
        ("ana@bücher.example", ("ana", "xn--bcher-kva.example")),
    ],
)
def test_an_address_is_read_in_all_its_spellings(text: str, address: tuple[str, str]) -> None:
    assert parse_acct(text) == address


@pytest.mark.parametrize(
    "text",
    [
        None,
        1,
        "",
        "@",
        "ana",
        "@ana",
        "ana@",
        "@a.example",
        "a b@c.example",
        "ana@a.example/x",
        "ana@a.example?x",
        "a@b@c.example",
        "аna@a.example",
        "ana@user@a.example",
        "x" * 129 + "@a.example",
        "ana@a..example",
        "/@a.example",
    ],
)
def test_what_is_no_address_is_none(text: object) -> None:
    assert parse_acct(text) is None


def test_usernames_are_those_that_other_servers_can_address() -> None:
    assert is_username("ana_1")
    assert is_username("blog.example")
    assert not is_username("ana maria")
    assert not is_username("../../x")
    assert not is_username("")
    assert not is_username(None)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_text_makes_them_raise(text: str) -> None:
    host = host_of("https://" + text)
    if host is not None:
        assert host_of(f"https://{host}/") == host, "the normal form must be stable"
    assert parse_acct(text) is None or "@" in text
    assert is_fetchable(text, allow_private=True) in (True, False)


@pytest.mark.parametrize("piece", ["a", "a.", "-", "xn--", "é", "[", ":", "1.", "@", "%"])
def test_time_grows_with_the_length_only(piece: str) -> None:
    def measure(count: int) -> float:
        text = piece * count
        started = time.perf_counter()
        host_of("https://" + text)
        host_of(text)
        parse_acct(text + "@a.example")
        return time.perf_counter() - started

    assert measure(100_000) < 0.05
