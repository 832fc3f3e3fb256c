"""Message types and close codes are the same in protocol.ts, the server and docs/protocol.md."""

import re
from math import prod

import pytest
from django.conf import settings

from apps.classroom import files
from apps.classroom.pictures import limits as pictures
from apps.classroom.realtime.events import protocol

TYPESCRIPT = (settings.BASE_DIR / "frontend/src/room/protocol.ts").read_text("utf-8")


def declaration(start: str) -> str:
    return TYPESCRIPT.split(start, 1)[1].split("}", 1)[0]


def message_types(start: str) -> set[str]:
    return set(re.findall(r'^ *"?([a-z.]+)"?: true', declaration(start), re.M))


SENT = message_types("const clientTypes: Record<")
RECEIVED = message_types("const serverTypes: Record<")
CLOSES = {
    int(code) for code in re.findall(r": (\d{4}),", declaration("export const CLOSE_CODES ="))
}


def test_client_message_types_match_the_server():
    assert set(protocol.MESSAGE_TYPES) == SENT


def test_server_message_types_match_the_client():
    tags = {kind.__struct_config__.tag for kind in protocol.Outgoing.__subclasses__()}
    assert tags == RECEIVED


def test_close_codes_match():
    assert {int(code) for code in protocol.Close} == CLOSES


@pytest.mark.parametrize("term", sorted(SENT | RECEIVED | {str(code) for code in CLOSES}))
def test_message_type_or_close_code_is_documented(term):
    document = (settings.BASE_DIR / "docs/protocol.md").read_text("utf-8")
    assert re.search(rf"`{re.escape(term)}\b", document) or f"| {term} " in document


def test_shapes_have_one_name_on_both_sides():
    shapes = re.findall(r"^export interface (\w+) \{\n(.*?)^\}", TYPESCRIPT, re.M | re.S)
    assert {name for name, _ in shapes} >= {"BoardRules", "BoardSize", "ChatMessage", "RoomInfo"}
    for name, body in shapes:
        fields = set(re.findall(r"^  (\w+)\??:", body, re.M)) - {"type"}
        assert fields == set(getattr(protocol, name).__struct_fields__), name


def test_limits_of_pictures_match_the_server():
    path = settings.BASE_DIR / "frontend/src/room/board/images/prepare-picture.ts"
    found = dict(re.findall(r"^export const (\w+) = ([\d_* ]+);", path.read_text("utf-8"), re.M))
    limits = {name: prod(map(int, value.split("*"))) for name, value in found.items()}
    assert limits == {
        "MAX_FILE_BYTES": files.MAX_SIZE,
        "MAX_SIDE": pictures.MAX_SIDE,
        "MAX_PIXELS": pictures.MAX_PIXELS,
    }
