"""Rules of docs/writing.md that a catalogue can be checked for."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

CATALOGUES = sorted((Path(__file__).resolve().parent.parent / "locale/uk").glob("**/*.po"))
# Prepositions after which a name is not in the nominative.
INFLECTED_NAME = re.compile(
    r"(?i)\b(?:без|від|до|для|з|за|зі|із|на|про|у|в) %\((?:tutor|student|name|names|person)\)s"
)


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_names_stay_in_the_nominative_in_ukrainian(path):
    with path.open("rb") as file:
        messages = [message.string for message in read_po(file)]
    texts = [text for found in messages for text in ([found] if isinstance(found, str) else found)]
    assert len(texts) > 200
    assert [text for text in texts if INFLECTED_NAME.search(text)] == []
