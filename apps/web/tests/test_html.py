"""What holds for the HTML of every page."""

from html.parser import HTMLParser

import pytest

from apps.web.tests.test_access import PAGES, ids, people  # noqa: F401


class Outline(HTMLParser):
    """The headings of a page, and what is wrong with its buttons and forms."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.problems: list[str] = []
        self.descriptions = 0
        self.submits: int | None = None
        self.is_title = False

    def handle_data(self, data):
        if self.is_title and data.rstrip().endswith("."):
            self.problems.append(f"a heading with a full stop: {data}")

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.is_title = tag in ("h1", "title")
        if tag in ("h1", "h2", "h3", "h4"):
            self.levels.append(int(tag[1]))
        elif tag == "form":
            self.submits = 0
        elif tag == "meta" and attributes.get("name") == "description":
            self.descriptions += bool(attributes["content"])
        elif tag == "button":
            if "type" not in attributes:
                self.problems.append(f"a button without type: {attributes}")
            if self.submits is not None and attributes.get("type") == "submit":
                self.submits += 1

    def handle_endtag(self, tag):
        self.is_title = False
        if tag == "form":
            if not self.submits:
                self.problems.append("a form without a submit button")
            self.submits = None


@pytest.mark.parametrize("name", PAGES)
def test_headings_buttons_and_forms_are_well_formed(name, browser, ids, people):  # noqa: F811
    path = PAGES[name][0].format(**ids)
    for who in people[:3]:
        response = browser(who).get(path)
        if not response.get("Content-Type", "").startswith("text/html") or not response.content:
            continue
        outline = Outline()
        outline.feed(response.content.decode())
        assert outline.problems == [], path
        assert outline.levels[:1] == [1], path
        steps = zip(outline.levels, outline.levels[1:], strict=False)
        assert all(below <= above + 1 for above, below in steps), (path, outline.levels)
        assert outline.descriptions == 1, path


@pytest.mark.django_db
@pytest.mark.parametrize(("language", "preloaded"), [("en", 0), ("uk", 1)])
def test_cyrillic_font_is_preloaded_where_it_is_read(browser, language, preloaded):
    page = browser().get("/", headers={"accept-language": language}).content.decode()
    found = [link for link in page.split("<link ")[1:] if 'rel="preload"' in link]
    assert sum("cyrillic" in link.partition(">")[0] for link in found) == preloaded


@pytest.mark.django_db
def test_public_pages_describe_themselves(browser):
    for path in ("/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"):
        outline = Outline()
        outline.feed(browser().get(path).content.decode())
        assert (outline.descriptions, outline.problems) == (1, []), path


def test_account_menu_is_named_by_what_it_shows(browser, tutor):
    page = browser(tutor).get("/calendar/").content.decode()
    summary = page.partition("<summary>")[2].partition("</summary>")[0]
    assert "aria-" not in summary
    for words in (">ТВ<", tutor.get_full_name(), "Account menu"):
        assert words in summary
