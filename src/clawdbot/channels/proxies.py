"""Which way a platform is reached: through the proxy that the environment names, or directly."""

from ipaddress import ip_address
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

_LIKE = {"ws": "http", "wss": "https"}


def proxy_for(url: str) -> str | None:
    """As ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``ALL_PROXY`` say; ``None`` for a neighbour and those in ``NO_PROXY``."""
    address = urlsplit(url)
    host = address.hostname or ""
    if is_near(host) or proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get(_LIKE.get(address.scheme, address.scheme)) or proxies.get("all") or None


def is_near(host: str) -> bool:
    """Whether a host is this machine, which no proxy is asked for, whatever the environment says."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
