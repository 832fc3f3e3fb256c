"""The browser and the server speak of the same messages and close codes, and the manual too."""

import re

import pytest
from django.conf import settings

from apps.classroom.realtime.events import protocol

TYPESCRIPT = (settings.BASE_DIR / "frontend/src/room/protocol.ts").read_text("utf-8")


def block(start: str) -> str:
    return TYPESCRIPT.split(start, 1)[1].split("}", 1)[0]


def types(start: str) -> set[str]:
    return set(re.findall(r'^ *"?([a-z.]+)"?: true', block(start), re.M))


SENT = types("const client: Record<")
HEARD = types("const server: Record<")
CLOSES = {int(code) for code in re.findall(r": (\d{4}),", block("export const CLOSE ="))}


def test_client_message_types_match_the_server():
    assert set(protocol.MESSAGE_TYPES) == SENT


def test_server_message_types_match_the_client():
    said = {kind.__struct_config__.tag for kind in protocol.Outgoing.__subclasses__()}
    assert said == HEARD


def test_close_codes_match():
    assert {int(code) for code in protocol.Close} == CLOSES


@pytest.mark.parametrize("word", sorted(SENT | HEARD | {str(code) for code in CLOSES}))
def test_message_type_or_close_code_is_documented(word):
    manual = (settings.BASE_DIR / "docs/protocol.md").read_text("utf-8")
    assert re.search(rf"`{re.escape(word)}\b", manual) or f"| {word} " in manual
