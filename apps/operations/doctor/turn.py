"""Checks of TURN_URLS: each server has to relay a packet, as two people in a call need it."""

import ssl
import time
from datetime import datetime

from django.conf import settings

from apps.operations.doctor.report import Result, failed, ok, one_line, warning
from apps.operations.doctor.stun import (
    TIMEOUT,
    Relay,
    TurnError,
    TurnUrl,
    make_credentials,
    open_socket,
    parse_url,
)

PACKET = b"kreida doctor"
_ADVICE = {
    401: "TURN_SECRET is not the static-auth-secret of /etc/turnserver.conf, or a clock is wrong.",
    403: "The relay denies its own address. Set external-ip to the server's public address.",
    437: "Try again.",
    486: "Its quotas are used up: raise user-quota and total-quota.",
    508: "It has no free port: open more between min-port and max-port.",
}


def check_turn(now: datetime) -> list[Result]:
    if not settings.TURN_URLS:
        text = "Not used: calls fail for people behind strict networks. Set TURN_URLS (coturn)."
        return [warning("turn", text)]
    urls = [parse_url(text) for text in settings.TURN_URLS]
    results = [_check_url(url, now) for url in urls]
    missing = [name for name in ("udp", "tcp", "tls") if name not in {u.transport for u in urls}]
    if missing:
        names = " and ".join(name.upper() for name in missing)
        results.append(warning("turn", f"No URL for {names}: some networks let nothing else out."))
    return results


def _check_url(url: TurnUrl, now: datetime) -> Result:
    began = time.monotonic()
    try:
        relayed = _relay_packet(url, now)
    except TurnError as exc:
        advice = _ADVICE.get(exc.code, "Is coturn running, and are its ports open?")
        return failed("turn", f"{url.text}: {exc}. {advice}")
    except ssl.SSLError as exc:
        return failed("turn", f"{url.text}: {one_line(exc)}. Mend cert and pkey of coturn.")
    except OSError as exc:
        return failed("turn", f"{url.text}: {one_line(exc)}. Start coturn, and open the port.")
    ms = (time.monotonic() - began) * 1000
    return ok("turn", f"{url.text} relays over {url.transport.upper()} by {relayed} ({ms:.0f} ms)")


def _relay_packet(url: TurnUrl, now: datetime) -> str:
    """Send a packet from one relay to another, and return the address of the relay."""
    username, credential = make_credentials(now)
    with (
        Relay(open_socket(url), username, credential) as sender,
        Relay(open_socket(url), username, credential) as receiver,
    ):
        sender.permit(receiver)
        receiver.permit(sender)
        for _attempt in range(int(TIMEOUT)):  # what is relayed is UDP, and may be lost
            sender.send(receiver, PACKET)
            if receiver.receive(1.0) == PACKET:
                return receiver.address
    raise TurnError("it allocates a relay, but no packet arrives through it")
