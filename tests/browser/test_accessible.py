"""Every control says what it is to a screen reader, and the keyboard reaches it."""

import re
from pathlib import Path

import pytest
from conftest import OpenTab, Serve, Tab

CONTROLS = (
    "button",
    "checkbox",
    "combobox",
    "grid",
    "link",
    "radio",
    "radiogroup",
    "searchbox",
    "slider",
    "spinbutton",
    "switch",
    "tab",
    "textbox",
)
NAMELESS = re.compile(rf"^\s*- (?:{'|'.join(CONTROLS)})(?: \[[^\]]*\])*(?::.*)?$", re.MULTILINE)
"""A line of Playwright's picture of what a screen reader meets, where a name in quotes is missing."""


def nameless(tab: Tab) -> list[str]:
    """The controls of what is on the screen that have no name."""
    picture = tab.page.locator("body").aria_snapshot()
    assert "- button" in picture
    return [line.strip() for line in NAMELESS.findall(picture)]


def test_a_control_without_a_name_is_found(shop: Path, serve: Serve, open_tab: OpenTab) -> None:
    tab = open_tab(serve(shop)).open("home")
    assert nameless(tab) == []
    tab.page.evaluate("document.body.append(document.createElement('button'))")
    assert nameless(tab) == ["- button"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_control_of_every_page_has_a_name(
    shop: Path, serve: Serve, open_tab: OpenTab, lang: str
) -> None:
    tab = open_tab(serve(shop))
    found = {}
    for page, query in (
        ("home", {}),
        ("rules", {"rule": "listing_gate/cheap"}),
        ("rules", {"table": "shipping/routes"}),
        ("rules", {"terms": "pig"}),
        ("scorecards", {}),
        ("regions", {}),
        ("try_it", {}),
        ("batch", {}),
        ("scenarios", {}),
        ("changes", {}),
        ("source", {}),
    ):
        tab.open(page, **query, lang=lang)
        found[f"{page} {query}"] = nameless(tab)
        # The first row of choices is the language, the second the views of the page.
        views = (
            tab.page.locator('[data-testid="stMain"] [data-testid="stButtonGroup"]').nth(1).locator("button")
        )
        for view in range(1, views.count()):
            views.nth(view).click()
            tab.settle()
            found[f"{page} {query} view {view}"] = nameless(tab)
    assert {place: lines for place, lines in found.items() if lines} == {}


def test_a_threshold_is_changed_by_keyboard_alone(shop: Path, serve: Serve, open_tab: OpenTab) -> None:
    tab = open_tab(serve(shop)).open("rules", rule="listing_gate/cheap")
    tab.page.locator("body").press("Tab")
    for _ in range(80):
        tab.page.keyboard.press("Tab")
        if str(tab.page.evaluate("document.activeElement.getAttribute('aria-label')")).endswith("price < 5"):
            break
    else:
        raise AssertionError("the tab key does not reach the threshold")
    tab.page.keyboard.press("Control+A")
    tab.page.keyboard.type("7")
    tab.page.keyboard.press("Enter")
    tab.settle()
    tab.see("Unsaved changes in 1 file(s)")
