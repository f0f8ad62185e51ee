from pathlib import Path

import pytest
from app_pages import OpenPage


def test_a_record_is_decided_in_several_markets(open_page: OpenPage, shop: Path) -> None:
    page = open_page("try_it", shop)
    badges = [m.value for m in page.markdown if "-badge[" in m.value]
    assert badges
    assert not page.error


def test_a_pasted_record_fills_the_form_and_is_decided(open_page: OpenPage, shop: Path) -> None:
    page = open_page("try_it", shop)
    page.text_area(key="pasted json").set_value('{"title": "Silk <b>scarf</b>", "price": 3}').run()
    page.button(key="use json").click().run()
    assert "Silk <b>scarf</b>" in [t.value for t in page.text_input]


def test_what_is_no_json_is_said_with_its_line(open_page: OpenPage, shop: Path) -> None:
    page = open_page("try_it", shop)
    page.text_area(key="pasted json").set_value('{"title": \n oops}').run()
    page.button(key="use json").click().run()
    assert any("line 2" in e.value for e in page.error)


def test_a_value_that_may_not_be_is_a_diagnostic(open_page: OpenPage, shop: Path) -> None:
    page = open_page("try_it", shop)
    page.text_area(key="pasted json").set_value('{"title": "x", "price": -5}').run()
    page.button(key="use json").click().run()
    assert any("price" in m.value and "WB401" in m.value for m in page.markdown)
    assert not page.exception


def test_a_way_out_is_proposed_and_taken_over(open_page: OpenPage, shop: Path) -> None:
    pytest.importorskip("z3")
    page = open_page("try_it", shop)
    record = '{"sku": "T-1", "title": "Pigskin drum", "category": "toys", "photos": 5, "ce_marking": false}'
    page.text_area(key="pasted json").set_value(record).run()
    page.button(key="use json").click().run()
    page.segmented_control(key="try tab").set_value("tab_turn").run()
    page.button(key="way out").click().run()
    assert not page.exception
    assert any("take out “Pigskin”" in m.value for m in page.markdown)
    page.button(key="take SA").click().run()
    assert not page.exception
    assert "drum" in [field.value for field in page.text_input]


def test_every_view_of_a_decision_opens(open_page: OpenPage, shop: Path) -> None:
    page = open_page("try_it", shop)
    for tab in ("tab_score", "tab_rules", "tab_graph", "tab_turn", "tab_missing"):
        page.segmented_control(key="try tab").set_value(tab).run()
        assert not page.exception
        assert not page.error, tab


def test_what_is_on_the_page_is_kept_as_a_scenario_that_passes(open_page: OpenPage, shop: Path) -> None:
    from weighbridge.draft import Draft

    page = open_page("try_it", shop)
    # The scenarios of the file share a description: a record without one has to stay without.
    page.text_area(key="pasted json").set_value('{"sku": "9", "title": "Pigskin bag", "price": 4}').run()
    page.button(key="use json").click().run()
    page.button(key="keep scenario").click().run()
    assert not page.exception
    draft = Draft.open(shop, "anna")
    run = draft.scenarios("listing_gate")
    assert "Pigskin bag, SA, block" in {case.name for case in run.cases}
    assert run.failed == ()


def test_where_it_turns_is_told_in_titles_and_units(open_page: OpenPage, shop: Path) -> None:
    page = open_page("try_it", shop)
    text = (
        '{"sku": "9", "title": "Bag", "photos": 1, "forecast_units": 900, "description": "' + "b" * 60 + '"}'
    )
    page.text_area(key="pasted json").set_value(text).run()
    page.button(key="use json").click().run()
    page.segmented_control(key="try tab").set_value("tab_turn").run()
    page.selectbox(key="turn field").select("forecast_units").run()
    lines = [m.value for m in page.markdown if m.value.startswith("- ")]
    assert any("SA Saudi Arabia: at about 1000 (pieces), pass becomes review" in line for line in lines), (
        lines
    )


def test_a_finding_leads_to_its_rule(open_page: OpenPage, shop: Path) -> None:
    page = open_page("try_it", shop)
    page.text_area(key="pasted json").set_value('{"sku": "9", "title": "Pigskin bag", "price": 4}').run()
    page.button(key="use json").click().run()
    links = [link.proto for link in page.get("page_link")]
    assert any("rule=listing_gate" in link.query_string for link in links)
