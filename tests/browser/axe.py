"""axe-core's violations on a page at both widths and in both themes."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, Page

SIZES = {"laptop": (1280, 860), "phone": (390, 844)}
RUN = """rules => axe.run({...rules, resultTypes: ["violations"]}).then(({violations}) =>
    violations.flatMap(v => v.nodes.map(n => `${v.id}: ${n.html.slice(0, 150)}`)))"""

# Buttons of the open dialog whose text is wider than they are.
SQUEEZED = """() => [...document.querySelectorAll("dialog[open] .btn:not(.icon)")]
  .filter(e => e.scrollWidth > e.clientWidth).map(e => e.textContent)"""


def load_axe(context: BrowserContext) -> None:
    context.add_init_script(AXE_SCRIPT)


def accessibility_violations(page: Page) -> list[str]:
    """Check WCAG 2.1 A and AA, and that nothing is too wide for its place. The dark theme differs
    only in colours, so only contrast is checked there."""
    found = []
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme, rules in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
            page.emulate_media(color_scheme=theme)
            found += [f"{size}, {theme}: {text}" for text in page.evaluate(RUN, rules)]
        needed = page.evaluate("document.documentElement.scrollWidth")
        if needed > width:
            found.append(f"{size}: {needed} px wide")
        found += [f"{size}: the button is too narrow: {text}" for text in page.evaluate(SQUEEZED)]
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(dict(zip(("width", "height"), SIZES["laptop"], strict=True)))
    return found
