"""The hosts that the server is reached by: PUBLIC_URL, ALLOWED_HOSTS and TRUSTED_PROXIES."""

import ipaddress
import re
from urllib.parse import urlsplit

import idna
from django.http.request import split_domain_port

from config.environment import items, setting_error, split_url, text


def public_url(port: int) -> str:
    """Return the origin (scheme, host and port) as browsers send it."""
    name, expected = "PUBLIC_URL", "like https://kreida.example (scheme and host, no path)"
    value = text(name, f"http://127.0.0.1:{port}").rstrip("/")
    parts = split_url(name, expected, value)
    rest = (parts.path, parts.query, parts.fragment, parts.username, parts.password)
    if parts.scheme not in ("http", "https") or not parts.hostname or any(rest) or parts.port == 0:
        raise setting_error(name, expected, value)
    host = _canonical_host(name, parts.hostname)
    if _is_unusable_address(host):
        raise setting_error(name, f"{expected}, the name or address that people open", value)
    default = {"http": 80, "https": 443}[parts.scheme]
    suffix = f":{parts.port}" if parts.port not in (None, default) else ""
    return f"{parts.scheme}://{host}{suffix}"


def allowed_hosts(public: str) -> list[str]:
    """Return the hosts of PUBLIC_URL and ALLOWED_HOSTS, all loopback names if PUBLIC_URL is one,
    and the host of Django's test client if PUBLIC_URL is not set."""
    host = _canonical_host("PUBLIC_URL", str(urlsplit(public).hostname))
    hosts = [host]
    if is_loopback(host):
        hosts += ["127.0.0.1", "localhost", "[::1]"]
    if not text("PUBLIC_URL"):
        hosts.append("testserver")
    hosts += [_canonical_host("ALLOWED_HOSTS", item) for item in items("ALLOWED_HOSTS")]
    return list(dict.fromkeys(hosts))


def trusted_proxies(public: str) -> list[str]:
    """Read the networks of the proxies. By default those of this machine, or none if PUBLIC_URL is
    a loopback address, because clients then connect without a proxy."""
    default = [] if is_loopback(str(urlsplit(public).hostname)) else ["127.0.0.0/8", "::1/128"]
    networks = items("TRUSTED_PROXIES") or default
    try:
        found = [ipaddress.ip_network(network) for network in networks]
    except ValueError as exc:
        raise setting_error(
            "TRUSTED_PROXIES", f"networks like 127.0.0.0/8, ::1/128 ({exc})"
        ) from exc
    for network in found:
        if _is_too_wide(network):
            expected = "the networks of your proxies alone: whoever connects from one of them"
            raise setting_error(
                "TRUSTED_PROXIES", f"{expected} chooses the address that counts", str(network)
            )
    return [str(network) for network in found]


def _is_too_wide(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    """Whether a network has strangers in it: it is larger than the largest private ones, 10.0.0.0/8
    and fc00::/7, also where it has IPv4 addresses in their IPv6 form."""
    if isinstance(network, ipaddress.IPv4Network):
        return network.prefixlen < 8
    mapped = ipaddress.IPv6Network("::ffff:0:0/96")
    is_mapped = network.subnet_of(mapped) and network.prefixlen < mapped.prefixlen + 8
    return network.prefixlen < 7 or network.supernet_of(mapped) or is_mapped


def is_loopback(host: str) -> bool:
    return host in ("localhost", "::1", "[::1]") or bool(re.fullmatch(r"127(\.\d{1,3}){3}", host))


def _is_unusable_address(host: str) -> bool:
    """Return True for addresses that clients cannot connect to, such as 0.0.0.0 and multicast."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return address.is_unspecified or address.is_multicast or host == "255.255.255.255"


def _canonical_host(name: str, value: str) -> str:
    """Return a host as browsers send it: lower case, international names in Punycode (RFC 5891)."""
    expected = "a host name without scheme, port, path or wildcard"
    try:
        if ":" in value:
            if "%" in value:  # browsers do not support zone ids
                raise ValueError(value)
            return f"[{ipaddress.IPv6Address(value.strip('[]'))}]"
        host = value.lower() if value.isascii() else idna.encode(value, uts46=True).decode()
    except ValueError as exc:
        raise setting_error(name, expected, value) from exc
    domain, _port = split_domain_port(host)
    labels = host.split(".")
    is_short = len(host) <= 253 and all(0 < len(label) < 64 for label in labels)
    if not domain or host.startswith("-") or not is_short:
        raise setting_error(name, expected, value)
    # Browsers treat a host whose last label is a number as an IPv4 address.
    if re.fullmatch(r"\d+|0x[0-9a-f]*", labels[-1]) and not _is_ipv4(host):
        raise setting_error(name, f"{expected}, or a whole IP address", value)
    return host


def _is_ipv4(host: str) -> bool:
    try:
        return bool(ipaddress.IPv4Address(host))
    except ValueError:
        return False
