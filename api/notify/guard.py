"""Guard: addresses that no channel may have, and machines that no message goes to."""

import socket
from ipaddress import IPv6Address, ip_address


class AddressError(ValueError):
    """A channel cannot have this address; the message repeats nothing of it but its scheme."""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name or number."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_number(number: str) -> None:
    """
    Raise `AddressError` for the number of a machine that is none of a site.

    These are link-local ones, where clouds keep credentials for whoever asks from inside, multicast and unspecified
    ones. Private networks are not among them: a bureau's own systems are there.
    """
    found = ip_address(number.partition("%")[0])
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_link_local or found.is_multicast or found.is_unspecified:
        raise AddressError("the address is link-local, multicast or unspecified: messages do not go there")


def check_host(host: str) -> None:
    """Raise `AddressError` where a host is such a number, or has one; `OSError` for an unknown host. Blocks."""
    for *_, address in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM):
        check_number(str(address[0]))
