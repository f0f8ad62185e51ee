"""What each role may do is asked where it is done, not only shown on controls."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from app_pages import ROOT, OpenPage

from weighbridge.app import access, editing
from weighbridge.app.access import Person, Role
from weighbridge.app.workspace import Workspace
from weighbridge.edits import Address, SetValue

RULES = "rulesets/listing_gate.yaml"
SCREENS = ("home", "rules", "scorecards", "regions", "try_it", "batch", "scenarios", "changes", "source")
EDIT = SetValue(Address("ruleset", "listing_gate"), ("rules", "cheap", "when"), "price < 99")


def seat(monkeypatch: pytest.MonkeyPatch, shop: Path, role: Role) -> Workspace:
    """A session of a person with a role, without a page around it."""
    workspace = Workspace(shop, role.name)
    there = SimpleNamespace(person=Person(role.name, role.name, role, True), workspace=workspace)
    monkeypatch.setattr(editing, "here", lambda: there)
    monkeypatch.setattr(editing.st, "session_state", {})
    return workspace


def test_a_viewer_changes_nothing_whatever_is_sent(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = seat(monkeypatch, shop, Role.viewer)
    workspace.draft.edit(EDIT)  # somebody else's change under the same name
    before = dict(workspace.draft.files)
    assert editing.applied(SetValue(EDIT.at, EDIT.path, "price < 1")) is False
    editing.set_source(RULES, "ruleset: gone\n")
    editing.discard(None)
    editing.resolve(RULES, "ruleset: gone\n")
    editing.undo()
    editing.redo()
    assert editing.save() is None
    assert dict(workspace.draft.files) == before
    assert "price < 5 " in (shop / RULES).read_text()


def test_an_editor_changes_a_draft_but_does_not_save(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = seat(monkeypatch, shop, Role.editor)
    assert editing.applied(EDIT)
    assert editing.save() is None
    assert "price < 5 " in (shop / RULES).read_text()
    editing.undo()
    assert not workspace.draft.files


def test_an_approver_saves(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seat(monkeypatch, shop, Role.approver)
    assert editing.applied(EDIT)
    result = editing.save()
    assert result is not None
    assert result.status == "saved"
    assert "price < 99 " in (shop / RULES).read_text()


def test_pages_change_drafts_through_one_module() -> None:
    changing = re.compile(r"\.(edit|set_text|discard|resolve|save|undo|redo)\(")
    for path in sorted((ROOT / "engine/weighbridge/app").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        calls = [m for m in changing.finditer(text) if text[: m.start()].endswith("draft")]
        assert path.name == "editing.py" or not calls, f"{path}: {calls}"


@pytest.mark.parametrize("name", SCREENS)
def test_every_control_that_would_change_the_draft_is_off_for_a_viewer(
    open_page: OpenPage, shop: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    viewer = Person("vi", "Vi", Role.viewer, True)
    monkeypatch.setattr(access, "present", lambda: viewer)
    page = open_page(name, shop, rule="listing_gate/cheap")
    assert not page.error
    assert any("look and try" in c.value for c in page.caption)
    changing = (
        "number ",
        "ruleset ",
        "region ",
        "scorecard ",
        "weight ",
        "tier ",
        "enabled ",
        "save",
        "add ",
    )
    controls = [
        *page.button,
        *page.number_input,
        *page.text_input,
        *page.text_area,
        *page.toggle,
        *page.slider,
    ]
    for control in controls:
        if str(control.key).startswith(changing):
            assert control.disabled, control.key
