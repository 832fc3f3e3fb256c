"""Ukrainian translations of Django and allauth follow the project's spelling."""

import re
from datetime import date
from pathlib import Path

import allauth
import django
import pytest
from babel.messages.pofile import read_po
from django.utils.translation import gettext, ngettext, override

from apps.web.shared.local_time import format_day, list_zones_by_region
from tests.builders import NOON

CATALOGUES = [Path(django.__file__).parent / "conf", Path(allauth.__file__).parent]
ALPHABET = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя"
OTHER_APOSTROPHE = re.compile(r"[а-яіїєґ]['ʼ][а-яіїєґ]", re.IGNORECASE)
# Not shown on any page.
NEVER_SHOWN = re.compile("[Uu]sername|Vietnamese|Syndication|A JSON object|^name$|“Referer”")


@pytest.mark.parametrize("folder", CATALOGUES, ids=lambda folder: folder.parent.name)
def test_dependency_translations_have_the_typographic_apostrophe(folder):
    with open(folder / "locale/uk/LC_MESSAGES/django.po", "rb") as file:
        ids = [message.id for message in read_po(file) if message.id]
    with override("uk"):
        translations = [
            ngettext(*found, 5) if isinstance(found, tuple) else gettext(found)
            for found in ids
            if not NEVER_SHOWN.search(str(found))
        ]
    assert len(translations) > 100
    assert [text for text in translations if OTHER_APOSTROPHE.search(text)] == []


def test_time_zones_are_listed_by_the_readers_alphabet():
    with override("uk"):
        found = dict(list_zones_by_region(NOON, "Europe/Kyiv"))
    assert list(found)[:3] == ["Європа", "Австралія", "Азія"]
    for zones in found.values():
        names = [label.partition(" (")[0] for _zone, label in zones]
        by_letter = [ALPHABET.find(name[0].lower()) for name in names]
        assert by_letter == sorted(by_letter)
        assert not any(OTHER_APOSTROPHE.search(name) for name in names)


def test_friday_is_spelt_with_the_typographic_apostrophe():
    with override("uk"):
        assert format_day(date(2026, 3, 6), date(2026, 3, 1)) == "п’ятниця, 6 березня"


# Texts that were edited, with what tells them from other uses of the same words.
REPLACED = re.compile(
    "^Я —$|ні про що не просить|Календар, що знає|Наводять телефон|жив(а|у|ої|ій) кімнат"
    "|Вивантажити|Завантажити список|Показати, що в ньому|Багатьох, із файлу|попри це|Час: Europe"
    "|, місцевий час|^Днів: |Мої входи|входу немає|Підтвердіть|повторну аутентифікацію"
    "|Не використані|Знаряддя|Поставити PDF|Очищувач|більше не тут|Вам цього не дозволено|схибила"
    "|^завершено$|asks nobody|Make my account|Put into the archive|Take it back|grown old"
    "|Coming lessons|Thin line|Point a phone",
)


@pytest.mark.parametrize("name", ["django.po", "djangojs.po"])
def test_replaced_texts_are_gone_from_both_languages(name):
    with open(Path(__file__).resolve().parents[3] / "locale/uk/LC_MESSAGES" / name, "rb") as file:
        messages = [message for message in read_po(file) if message.id]
    found = [text for message in messages for text in (message.id, message.string)]
    texts = [one for text in found for one in ([text] if isinstance(text, str) else text)]
    assert [text for text in texts if REPLACED.search(text)] == []
