"""Addresses that no request may reach, from the IANA special-purpose registries and published advisories."""

from ipaddress import IPv4Network, IPv6Network

_IPV4_NETWORKS = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "239.0.0.0/8",
    "240.0.0.0/4",
    "255.255.255.255/32",
)
_IPV6_NETWORKS = (
    "::/128",
    "::1/128",
    "::/96",
    "::ffff:0:0/96",
    "::ffff:0:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/32",
    "2001:1::1/128",
    "2001:2::/48",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:30::/28",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "4000::/3",
    "5f00::/16",
    "fc00::/7",
    "fd00::/8",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
    "ff02::1/128",
)
_SPOTS = (
    "127.0.0.1",
    "127.1.2.3",
    "169.254.169.254",  # cloud metadata
    "169.254.170.2",
    "100.100.100.200",
    "192.168.0.1",
    "10.0.0.138",
    "172.17.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "fd00:ec2::254",
    "fe80::1%eth0",
    "::1%lo",
    "2606:4700::1%1",
)
_EMBEDDED = ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1", "0.0.0.0", "8.8.8.8")


def _some_of(network: IPv4Network | IPv6Network) -> list[str]:
    first, last = int(network.network_address), int(network.broadcast_address)
    numbers = {first, min(first + 1, last), (first + last) // 2, max(last - 1, first), last}
    return [str(type(network.network_address)(number)) for number in sorted(numbers)]


def _embedding(address: str) -> list[str]:
    number = int(IPv4Network(address).network_address)
    high, low = number >> 16, number & 0xFFFF
    return [
        f"::ffff:{address}",
        f"::{address}",
        f"64:ff9b::{address}",
        f"::ffff:0:{address}",
        f"2002:{high:x}:{low:x}::1",
        f"2001:0:{high:x}:{low:x}::1",
    ]


REFUSED = tuple(
    dict.fromkeys(
        [address for network in _IPV4_NETWORKS for address in _some_of(IPv4Network(network))]
        + [address for network in _IPV6_NETWORKS for address in _some_of(IPv6Network(network))]
        + list(_SPOTS)
        + [form for address in _EMBEDDED for form in _embedding(address)]
    )
)
PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2606:4700::1111",
    "2a00:1450:4001::1",
    "3ffe::1",
)
