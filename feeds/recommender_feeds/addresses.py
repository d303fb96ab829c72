"""Which network addresses may be connected to. Pure but for the resolver it is given.

Sawthis fetches what strangers name, so a name must not lead into the user's own network
(server-side request forgery). Every address of a name is checked, after resolution, and the
connection goes to the checked address: a name that resolves differently a moment later gains
nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from recommender_feeds.errors import FetchError, UnsafeUrl

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.ip_network("64:ff9b:1::/48")
_LOCAL_NAMES = (".local", ".localhost", ".internal", ".home.arpa", ".lan", ".intranet")
"""Names that only a private network gives (RFC 6761, 6762, 8375, and ICANN's .internal)."""
_NEVER = tuple(
    ipaddress.ip_network(block)
    for block in ("100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "fec0::/10")
)
"""Shared, assigned to protocols, for benchmarks, once site-local: nobody's public address."""


class AddressPolicy:
    """Allows public addresses, and private ones only for hosts that are listed.

    Args:
        allowed_private_hosts: `host` or `host:port` entries, names or IP literals.
    """

    def __init__(self, allowed_private_hosts: frozenset[str] = frozenset()) -> None:
        self._allowed = frozenset(host.casefold() for host in allowed_private_hosts)

    def check_url(self, url: str) -> None:
        """UnsafeUrl unless the URL is http(s) with a host."""
        try:
            parts = urlsplit(url)
            host, _port = parts.hostname, parts.port
        except ValueError as error:
            raise UnsafeUrl(f"{url[:100]} is no address: {error}", url=url) from error
        if parts.scheme not in {"http", "https"} or not host:
            raise UnsafeUrl(f"{url[:100]} is no http or https address", url=url)

    def is_listed(self, host: str, port: int) -> bool:
        """Whether the user listed this host as allowed to be private."""
        name = host.casefold().strip("[]")
        return name in self._allowed or f"{name}:{port}" in self._allowed

    def resolve(self, host: str, port: int) -> list[str]:
        """The addresses to connect to, all of them checked.

        Raises:
            UnsafeUrl: One of them is not public, and the host is not listed.
            FetchError: The name does not resolve.
        """
        name = f".{host.casefold().rstrip('.')}"
        if name.endswith(_LOCAL_NAMES) and not self.is_listed(host, port):
            raise UnsafeUrl(
                f"{host} is a name of a private network; if that is wanted, list {host} in "
                "SAWTHIS_ALLOW_PRIVATE_HOSTS",
                url=host,
            )
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise FetchError(f"the host {host} can't be found") from error
        addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
        if not self.is_listed(host, port):
            for address in addresses:
                if not is_public(address):
                    raise UnsafeUrl(
                        f"{host} leads to the private address {address}; if that is wanted, "
                        f"list {host} in SAWTHIS_ALLOW_PRIVATE_HOSTS",
                        url=host,
                    )
        return addresses


def is_public(text: str) -> bool:
    """Whether an IP address, in whatever wrapping, lies on the public internet."""
    address = ipaddress.ip_address(text.split("%", maxsplit=1)[0])
    return all(_is_global(one) for one in (address, *_inner(address)))


def _is_global(address: Address) -> bool:
    if any(address in block for block in _NEVER):
        return False
    wrapped = isinstance(address, ipaddress.IPv6Address) and address in _NAT64
    return (address.is_global or wrapped) and not (
        address.is_multicast or (address.is_reserved and not wrapped) or address.is_unspecified
    )


def _inner(address: Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses that an IPv6 address carries (mapped, 6to4, Teredo, NAT64)."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    inner = [one for one in (address.ipv4_mapped, address.sixtofour) if one]
    if address.teredo:
        inner.extend(address.teredo)
    if address in _NAT64 or address in _NAT64_LOCAL:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return inner
