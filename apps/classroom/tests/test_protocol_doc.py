"""docs/protocol.md lists exactly the messages, fields and close codes of protocol.py."""

import re
from pathlib import Path

import msgspec
import pytest

from apps.classroom.realtime.events import protocol

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "protocol.md").read_text()


def rows(heading):
    """Return the second cell by the first (without backticks) of the table under a heading."""
    section = re.split(r"^#+ ", TEXT.split(f"{heading}\n", 1)[1], maxsplit=1, flags=re.M)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")][2:]
    return {c[1].strip().strip("`"): c[2] for c in (line.split("|") for line in lines)}


@pytest.mark.parametrize(
    ("heading", "base"),
    [("### From the client", protocol.Incoming), ("### From the server", protocol.Outgoing)],
)
def test_every_message_and_field_is_documented(heading, base):
    documented = rows(heading)
    kinds = {kind.__struct_config__.tag: kind for kind in base.__subclasses__()}
    assert documented.keys() == kinds.keys()
    for tag, kind in kinds.items():
        for field in msgspec.structs.fields(kind):
            assert f"`{field.encode_name}`" in documented[tag], (tag, field.encode_name)


def test_every_close_code_is_documented():
    assert {int(code) for code in rows("## Close codes")} == set(protocol.Close)


def test_table_of_client_messages_is_parsed():
    assert "raised" in rows("### From the client")["hand"]
