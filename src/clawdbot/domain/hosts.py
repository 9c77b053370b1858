"""Hosts, as far as their name or address alone tells where they lead."""

from ipaddress import ip_address


def is_loopback(host: str) -> bool:
    """Does an address lead to nowhere but this machine? Of names, ``localhost`` alone does."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_everywhere(host: str) -> bool:
    """Does it stand for every address of this machine?"""
    return host in ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


def in_url(host: str) -> str:
    """A host as URLs have it."""
    return f"[{host}]" if ":" in host else host
