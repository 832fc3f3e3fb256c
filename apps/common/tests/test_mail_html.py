import pytest
from django.utils import translation

from apps.common.mail_html import render_html


@pytest.fixture(autouse=True)
def _address(settings):
    settings.PUBLIC_URL = "https://kreida.example"


def test_text_becomes_paragraphs_without_the_repeated_subject():
    html = render_html("Урок", "Урок\nПерше\nДруге\n\nТретє")
    assert html.count("Урок") == 2  # the title and the heading
    assert html.count("<p ") == 3  # with the name of the school
    assert "Перше<br>\nДруге" in html


def test_line_that_is_an_address_becomes_a_button():
    with translation.override("uk"):
        html = render_html("x", "Опис\nhttps://kreida.example/lessons/7/")
    assert 'href="https://kreida.example/lessons/7/"' in html
    assert "Відкрити в Kreida</a>" in html


def test_address_in_a_sentence_becomes_a_link_that_shows_it():
    html = render_html("x", "To accept, open: https://kreida.example/i/a.b-c/")
    assert '<a href="https://kreida.example/i/a.b-c/">https://kreida.example/i/a.b-c/</a>' in html


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/",
        "see https://evil.example/ now",
        "https://kreida.example.evil.example/",
        "https://kreida.example@evil.example/",
        "evil.example",
    ],
)
def test_other_addresses_do_not_become_links(text):
    assert "href" not in render_html("x", text)


def test_markup_is_escaped():
    html = render_html("<b>", '<script>"\'</script>\nhttps://kreida.example/"><img src=x>')
    assert "<b>" not in html
    assert "<script" not in html
    assert "<img" not in html


def test_html_loads_nothing():
    html = render_html("x", "y\nhttps://kreida.example/")
    assert "src=" not in html
    assert "url(" not in html
    assert "<link" not in html
