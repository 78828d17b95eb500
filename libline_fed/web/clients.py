"""Who is asking, as an address that limits can count by."""

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.types import Scope

from libline_fed.services.limits import network_of


class Networks:
    """A set of networks given as text."""

    def __init__(self, networks: tuple[str, ...]) -> None:
        self._networks: list[IPv4Network | IPv6Network] = [
            ip_network(text, strict=False) for text in networks
        ]

    def __contains__(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._networks)


def client_address(scope: Scope, proxies: Networks) -> str:
    """Return the asking client's address: an IPv4 address or an IPv6 /64 network.

    `X-Forwarded-For` counts only when the socket's peer is a trusted proxy, and then from the right: the last
    address that is not itself a trusted proxy.
    """
    client = scope.get("client")
    address = client[0] if client else "unknown"
    if address in proxies:
        forwarded = ",".join(
            value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"
        )
        for hop in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
            address = hop
            if hop not in proxies:
                break
    try:
        ip_address(address)
    except ValueError:  # a proxy may write anything into its header
        return "unknown"
    return network_of(address)
