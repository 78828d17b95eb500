"""Which addresses are public, and how URLs are taken apart. The network is never touched."""

import asyncio
from ipaddress import IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libline_fed.errors import PeerRefused, PeerUnavailable
from libline_fed.federation import addresses
from libline_fed.federation.addresses import HttpUrl, SystemResolver, addresses_to_try, is_public, split_url
from tests.support.hostile_addresses import PUBLIC, REFUSED


def test_the_table_of_refused_addresses_is_long_enough() -> None:
    assert len(set(REFUSED)) >= 200


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_passes(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses())
def test_nothing_passes_that_the_standard_library_calls_special(address: object) -> None:
    parsed = ip_address(str(address))
    # A second opinion by other rules: is_global knows the IANA registries.
    if not parsed.is_global or parsed.is_multicast:
        assert not is_public(str(parsed))


@given(st.ip_addresses(v=4))
def test_no_ipv4_address_passes_in_the_clothes_of_ipv6(address: object) -> None:
    number = int(ip_address(str(address)))
    for prefix in ("::ffff:0:0/96", "::/96", "64:ff9b::/96", "64:ff9b:1::/96"):
        inside = IPv6Address(int(ip_network(prefix).network_address) + number)
        assert not is_public(str(inside))
    assert not is_public(str(ip_address((0x2002 << 112) | (number << 80))))


@given(st.text(max_size=30))
def test_text_that_is_no_address_is_not_public(text: str) -> None:
    try:
        ip_address(text)
    except ValueError:
        assert not is_public(text)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example", HttpUrl("https", "a.example", 443, "a.example", "/")),
        ("HTTPS://A.Example:443/X?y#z", HttpUrl("https", "a.example", 443, "a.example", "/X?y")),
        ("https://a.example?q", HttpUrl("https", "a.example", 443, "a.example", "/?q")),
        ("https://a.example/x?", HttpUrl("https", "a.example", 443, "a.example", "/x?")),
        ("http://a.example:8080/", HttpUrl("http", "a.example", 8080, "a.example:8080", "/")),
        ("http://127.0.0.1:8000/i", HttpUrl("http", "127.0.0.1", 8000, "127.0.0.1:8000", "/i")),
        ("http://[::1]:8000/i", HttpUrl("http", "::1", 8000, "[::1]:8000", "/i")),
        ("http://[::1]/i", HttpUrl("http", "::1", 80, "[::1]", "/i")),
        ("https://a.example/%C3%BC?%20", HttpUrl("https", "a.example", 443, "a.example", "/%C3%BC?%20")),
        ("https://a.example/ü", HttpUrl("https", "a.example", 443, "a.example", "/%C3%BC")),
    ],
)
def test_urls_are_taken_apart(url: str, expected: HttpUrl) -> None:
    assert split_url(url) == expected


@pytest.mark.parametrize(
    "url", ["", "a.example", "//a.example", "ftp://a.example/", "https:///x", "https://u@a.example/"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(PeerRefused):
        split_url(url)


async def answers(*found: str) -> list[str]:
    async def resolver(host: str, port: int) -> list[str]:
        return list(found)

    return await addresses_to_try("a.example", 443, resolver=resolver, allow_private=False)


async def test_a_name_is_good_only_if_all_its_addresses_are() -> None:
    assert await answers("93.184.216.34", "2606:2800:220:1::1") == ["93.184.216.34", "2606:2800:220:1::1"]
    for mixed in (("93.184.216.34", "10.0.0.1"), ("::1", "93.184.216.34"), ("93.184.216.34", "nonsense")):
        with pytest.raises(PeerRefused):
            await answers(*mixed)


async def test_a_bad_address_beyond_the_ones_that_are_tried_counts_too() -> None:
    public = [f"93.184.216.{last}" for last in range(1, 9)]
    assert len(await answers(*public)) == addresses.MAX_ADDRESSES_COUNT
    with pytest.raises(PeerRefused):
        await answers(*public, "127.0.0.1")


async def test_a_name_without_address_is_unavailable() -> None:
    with pytest.raises(PeerUnavailable):
        await answers()


async def test_an_address_is_not_looked_up() -> None:
    async def resolver(host: str, port: int) -> list[str]:
        raise AssertionError("looked up")

    found = await addresses_to_try("127.0.0.1", 80, resolver=resolver, allow_private=True)
    assert found == ["127.0.0.1"]
    with pytest.raises(PeerRefused):
        await addresses_to_try("127.0.0.1", 80, resolver=resolver, allow_private=False)


async def test_the_machines_resolver_answers_without_repetition() -> None:
    resolver = SystemResolver()
    assert await resolver("127.0.0.1", 80) == ["127.0.0.1"]
    with pytest.raises(PeerUnavailable):
        await resolver("a..example", 80)
    resolver.close()


async def test_a_name_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> list[str]:
        await asyncio.sleep(60)
        return []

    monkeypatch.setattr(addresses, "RESOLVE_S", 0.02)
    monkeypatch.setattr(asyncio.get_running_loop(), "run_in_executor", never)
    resolver = SystemResolver()
    with pytest.raises(PeerUnavailable, match="no name server"):
        await resolver("a.example", 443)
    resolver.close()
