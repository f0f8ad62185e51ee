from pathlib import Path

from app_pages import OpenPage

from weighbridge.draft import Draft
from weighbridge.edits import Address, SetValue

RULES = "rulesets/listing_gate.yaml"


def change(shop: Path, person: str, condition: str) -> None:
    """Changes a rule in somebody's draft."""
    at = Address("ruleset", "listing_gate")
    Draft.open(shop, person).edit(SetValue(at, ("rules", "cheap", "when"), condition))


def test_without_changes_the_page_says_so(open_page: OpenPage, shop: Path) -> None:
    assert open_page("changes", shop).info


def test_saving_writes_one_line(open_page: OpenPage, shop: Path) -> None:
    before = (shop / RULES).read_text().splitlines()
    change(shop, "anna", "price > 12345")
    page = open_page("changes", shop)
    page.button(key="save").click().run()
    assert page.success
    after = (shop / RULES).read_text().splitlines()
    changed = [a for a, b in zip(after, before, strict=True) if a != b]
    assert changed == ["    when: price > 12345 # the least that pays for the parcel"]
    assert page.info


def test_errors_keep_the_draft_from_being_saved(open_page: OpenPage, shop: Path) -> None:
    change(shop, "anna", "prise > 5")
    page = open_page("changes", shop)
    assert page.button(key="save").disabled


def test_two_people_who_change_the_same_choose(open_page: OpenPage, shop: Path) -> None:
    change(shop, "anna", "price > 111")
    change(shop, "bo", "price > 222")
    open_page("changes", shop, person="bo").button(key="save").click().run()
    page = open_page("changes", shop, person="anna")
    assert any("listing" in e.value for e in page.error)
    page.button(key=f"keep_theirs {RULES}").click().run()
    assert "222" in (shop / RULES).read_text()
    change(shop, "anna", "price > 333")
    page = open_page("changes", shop, person="anna")
    page.button(key="save").click().run()
    assert "333" in (shop / RULES).read_text()


def test_only_approvers_save(open_page: OpenPage, shop: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from weighbridge.app import access

    change(shop, "li", "price > 12345")
    editor = access.Person("li", "Li", access.Role.editor, True)
    monkeypatch.setattr(access, "present", lambda: editor)
    page = open_page("changes", shop)
    assert page.button(key="save").disabled
