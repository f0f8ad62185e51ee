from pathlib import Path

from app_pages import OpenPage


def test_home_counts_what_the_project_holds(open_page: OpenPage, shop: Path) -> None:
    page = open_page("home", shop)
    figures = {m.label: m.value for m in page.metric}
    assert figures["Errors / warnings"] == "0 / 0"
    assert figures["Packs"] == "2"
    assert not page.error


def test_home_is_chinese_when_asked(open_page: OpenPage, shop: Path) -> None:
    page = open_page("home", shop, lang="zh")
    assert "规则包" in {m.label for m in page.metric}


def test_a_broken_project_is_listed_with_its_places(open_page: OpenPage, shop: Path) -> None:
    rules = shop / "rulesets/listing_gate.yaml"
    rules.write_text(rules.read_text().replace("rules:", "rulez:", 1))
    page = open_page("home", shop)
    assert any("listing_gate" in m.value and "rulez" in m.value for m in page.markdown)


def test_an_empty_folder_is_no_fault(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page("home", tmp_path / "nothing")
    assert any("does not exist" in m.value for m in page.markdown)
    assert not page.exception


def test_programs_in_use_are_made_again_after_a_change_before_they_are_asked(shop: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from weighbridge.app import workspace
    from weighbridge.edits import Address, SetValue

    started = []

    class Now:
        """A timer that does its work when the test asks for it."""

        def __init__(self, seconds: float, work) -> None:  # type: ignore[no-untyped-def]
            started.append(work)

        def start(self) -> None:
            pass

    monkeypatch.setattr(workspace.threading, "Timer", Now)
    anna = workspace.Workspace(shop, "anna")
    market = anna.engine().markets[0]
    anna.engine().decide(
        "listing_gate", {"sku": "1", "title": "x", "price": 9}, market=market, as_of="2026-03-01"
    )
    anna.draft.edit(SetValue(Address("ruleset", "listing_gate"), ("rules", "cheap", "when"), "price < 9"))
    anna.checked()
    (work,) = started
    engine = anna.engine()
    assert engine.asked() == ()
    work()
    assert engine.asked() == (("listing_gate", market, "2026-03-01"),)


def test_an_empty_project_begins_with_an_example_that_can_be_undone(
    open_page: OpenPage, tmp_path: Path
) -> None:
    from weighbridge.draft import Draft

    (tmp_path / "weighbridge.yaml").write_text("project: mine\n")
    page = open_page("home", tmp_path)
    page.button(key="begin").click().run()
    assert not page.exception
    assert {m.label: m.value for m in page.metric}["Errors / warnings"] == "0 / 0"
    draft = Draft.open(tmp_path, "anna")
    assert draft.scenarios().failed == ()
    assert draft.text("weighbridge.yaml") == "project: mine\n"
    page.button(key="undo").click().run()
    assert not Draft.open(tmp_path, "anna").files


def test_home_says_how_a_change_is_made(open_page: OpenPage, shop: Path) -> None:
    page = open_page("home", shop)
    steps = [link.proto.label for link in page.get("page_link")]
    assert [s[:2] for s in steps if s[1] == "."] == ["1.", "2.", "3."]


def test_a_problem_leads_to_its_line(open_page: OpenPage, shop: Path) -> None:
    rules = shop / "rulesets/listing_gate.yaml"
    rules.write_text(rules.read_text().replace("price < 5", "price < < 5"))
    line = 1 + rules.read_text().splitlines().index(
        "    when: price < < 5 # the least that pays for the parcel"
    )
    page = open_page("home", shop)
    (mend,) = [link.proto for link in page.get("page_link") if link.proto.label.startswith("Mend it")]
    assert f"line={line}" in mend.query_string
