"""deploy/turnserver.conf: the relay reaches no private or special-purpose network."""

import ipaddress
import os
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.coturn import CONFIG, SECRET, coturn

# Networks of the IANA special-purpose registries (RFC 6890) that are not globally reachable,
# multicast, and the IPv6 ranges that embed an IPv4 address.
SPECIAL = [
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
    *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
    *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    *("::1/128", "::8000:0/97", "::ffff:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48"),
    *("100::/64", "100:0:0:1::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    *("5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
]


def denied_ranges() -> list[tuple]:
    lines = re.findall(r"^denied-peer-ip=(\S+)$", CONFIG.read_text(), re.MULTILINE)
    return [tuple(ipaddress.ip_address(end) for end in re.split("-", line)) for line in lines]


@pytest.mark.parametrize("name", SPECIAL)
def test_special_purpose_network_is_denied_to_the_relay(name):
    network = ipaddress.ip_network(name)
    assert any(
        first.version == network.version and first <= network[0] and network[-1] <= last
        for first, last in denied_ranges()
    )


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.215.14", "2606:4700::1111"])
def test_public_address_is_not_denied_to_the_relay(address):
    peer = ipaddress.ip_address(address)
    assert not any(
        first.version == peer.version and first <= peer <= last for first, last in denied_ranges()
    )


def test_no_range_starts_at_the_address_that_coturn_takes_for_all():
    assert ipaddress.ip_address("::") not in [first for first, _last in denied_ranges()]


@pytest.mark.parametrize("option", ["no-tcp-relay", "no-cli", "use-auth-secret", "user-quota=12"])
def test_relay_option_is_set(option):
    assert re.search(rf"^{option}$", CONFIG.read_text(), re.MULTILINE)


@pytest.fixture
def relay(tmp_path, request) -> Iterator[int]:
    """coturn with that configuration on loopback; the parameter is a range to leave out."""
    with coturn(tmp_path, getattr(request, "param", "nothing")) as port:
        yield port


def relaying_is_forbidden(port: int, peer: str) -> bool:
    """Return whether coturn refuses its test client a channel to `peer` (RFC 8656 §9.2)."""
    client = ["turnutils_uclient", "-W", SECRET, "-u", "guest", "-e", peer, "-n", "1", "-m", "1"]
    with subprocess.Popen(
        ["timeout", "10", *client, "-p", str(port), "127.0.0.1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ},
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "403 (Forbidden IP)" in line:
                return True
            if re.search("tot_send_msgs=[1-9]", line):  # it has a channel
                process.terminate()
                return False
    raise AssertionError("coturn's test client said neither")


@pytest.mark.turn
@pytest.mark.any_database
@pytest.mark.parametrize("peer", ["127.0.0.1", "169.254.169.254", "100.64.0.1", "198.18.0.1"])
def test_coturn_forbids_a_special_purpose_peer(relay, peer):
    assert relaying_is_forbidden(relay, peer)


@pytest.mark.turn
@pytest.mark.any_database
@pytest.mark.parametrize(
    "relay", ["denied-peer-ip=127.0.0.0-127.255.255.255"], indirect=True, ids=["control"]
)
def test_coturn_allows_a_peer_that_no_range_denies(relay):
    assert not relaying_is_forbidden(relay, "127.0.0.1")
