"""Read from a page the data that a browser would submit with a form."""

from html.parser import HTMLParser


def read_form(html: str, form_id: str) -> dict[str, list[str]]:
    reader = _FormReader(form_id)
    reader.feed(html)
    return reader.fields


class _FormReader(HTMLParser):
    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id = form_id
        self.fields: dict[str, list[str]] = {}
        self._is_inside = False
        self._select = self._textarea = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        name = values.get("name", "")
        if tag == "form":
            self._is_inside = values.get("id") == self.form_id
        elif tag == "input" and name:
            self._read_input(name, values)
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in values:
            self._add(self._select, values.get("value", ""))
        elif tag == "textarea":
            self._textarea = name
            self._add(name, "")

    def _read_input(self, name: str, values: dict[str, str]) -> None:
        kind = values.get("type", "text")
        if kind in ("checkbox", "radio"):
            if "checked" in values:
                self._add(name, values.get("value", "on"))
        elif kind not in ("submit", "button", "file"):
            self._add(name, values.get("value", ""))

    def handle_data(self, data: str) -> None:
        if self._textarea and self._is_inside:
            self.fields[self._textarea][-1] += data.removeprefix("\r\n").removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._is_inside = False
        elif tag == "textarea":
            self._textarea = ""

    def _add(self, name: str, value: str) -> None:
        if self._is_inside and name:
            self.fields.setdefault(name, []).append(value)
