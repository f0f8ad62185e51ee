import time
from pathlib import Path

import pytest
from app_pages import ROOT, OpenPage
from streamlit.testing.v1 import AppTest


def wait_for(page: AppTest, done, seconds: float = 60) -> None:  # type: ignore[no-untyped-def]
    """Runs the page again until a job beside it has finished."""
    end = time.monotonic() + seconds
    while not done(page):
        assert time.monotonic() < end, "the job did not finish"
        time.sleep(0.2)
        page.run()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    "name", ["home", "rules", "scorecards", "regions", "try_it", "batch", "scenarios", "changes", "source"]
)
def test_every_page_opens_in_both_languages(open_page: OpenPage, shop: Path, name: str, lang: str) -> None:
    page = open_page(name, shop, lang=lang)
    assert not page.error
    assert not page.exception


@pytest.mark.parametrize(
    "name", ["home", "rules", "scorecards", "regions", "try_it", "batch", "scenarios", "changes", "source"]
)
def test_no_page_fails_on_a_broken_project(open_page: OpenPage, shop: Path, name: str) -> None:
    (shop / "rulesets/listing_gate.yaml").write_text("ruleset: [\n")
    page = open_page(name, shop)
    assert not [e for e in page.error if "Something went wrong" in e.value]


def test_scenarios_run_and_pass(open_page: OpenPage, shop: Path) -> None:
    page = open_page("scenarios", shop)
    page.button(key="run scenarios").click().run()
    wait_for(page, lambda p: p.success or p.error)
    assert page.success
    assert [m for m in page.metric if m.label == "Rules exercised"]


def test_the_coverage_of_one_pack_counts_that_pack_alone(open_page: OpenPage, shop: Path) -> None:
    page = open_page("scenarios", shop)
    page.selectbox(key="scenario target").select("listing_quality").run()
    page.button(key="run scenarios").click().run()
    wait_for(page, lambda p: p.success or p.error)
    assert {m.label: m.value.split(" / ")[1] for m in page.metric} == {
        "Bins exercised": "6",
        "Tiers exercised": "2",
    }


def test_a_failing_scenario_is_shown_with_its_place(open_page: OpenPage, shop: Path) -> None:
    cases = next(shop.glob("rulesets/*.scenarios.yaml"))
    cases.write_text(cases.read_text().replace("verdict: review", "verdict: block", 1))
    page = open_page("scenarios", shop)
    page.button(key="run scenarios").click().run()
    wait_for(page, lambda p: p.success or p.error)
    assert page.error
    assert any("scenarios" in m.value and "block" in m.value for m in page.markdown)


def test_a_sample_is_decided_and_the_impact_of_a_change_is_shown(open_page: OpenPage, shop: Path) -> None:
    from weighbridge.draft import Draft
    from weighbridge.edits import add_rule

    page = open_page("batch", shop)
    page.selectbox(key="sample").set_value(shop / "samples/listings.csv").run()
    page.button(key="start batch").click().run()
    wait_for(page, lambda p: p.metric)
    records = int(next(m.value for m in page.metric if m.label == "Records"))
    assert records > 0
    rule = {"id": "everything", "when": "price >= 0 or is_missing(price)", "then": {"verdict": "block"}}
    Draft.open(shop, "anna").edit(add_rule("listing_gate", rule))
    page.run()
    assert any("changed since" in w.value for w in page.warning)
    screens = ROOT / "engine/weighbridge/app/screens"
    page.switch_page(str(screens / "changes.py")).run()
    page.segmented_control(key="changes view").set_value("impact").run()
    wait_for(page, lambda p: [m for m in p.metric if m.label == "Records that change"])
    changed = next(m for m in page.metric if m.label == "Records that change")
    assert 0 < int(changed.value) <= records
    told = [set(frame.value["Rule"]) for frame in page.dataframe if "Rule" in frame.value]
    assert told and "everything" in told[0]


def run_batch(page: AppTest, sample: Path) -> None:
    """Decides a sample on the page "Batch"."""
    page.selectbox(key="sample").set_value(sample).run()
    page.button(key="start batch").click().run()
    wait_for(page, lambda p: p.metric)


def test_what_differs_is_called_by_its_title(open_page: OpenPage, shop: Path) -> None:
    from weighbridge.draft import Draft
    from weighbridge.edits import Address, SetValue, set_tier

    page = open_page("batch", shop)
    run_batch(page, shop / "samples/listings.csv")
    draft = Draft.open(shop, "anna")
    draft.edit(SetValue(Address("ruleset", "listing_gate"), ("rules", "cheap", "when"), "price < 5000"))
    draft.edit(set_tier("listing_quality", "good", 1))
    page.switch_page(str(ROOT / "engine/weighbridge/app/screens/changes.py")).run()
    values = page.dataframe[0].value
    page.segmented_control(key="changes view").set_value("impact").run()
    wait_for(page, lambda p: len(p.metric) == 4)
    cells = {str(c) for frame in page.dataframe for c in frame.value.to_numpy().ravel()}
    words = " ".join([*cells, *values.to_numpy().ravel(), *(m.value for m in page.markdown)])
    assert "Rules “Listing gate”" in words
    assert "Tiers › Good › from" in words or "tiers › Good › from" in words
    assert not cells & {"listing_gate/cheap", "listing_quality", "good", "silent"}
    page.selectbox(key="impact kind").set_value("rule").run()
    assert set(page.dataframe[-1].value["name"]) == {"Too cheap"}


def test_a_loaded_feed_is_decided_again_for_other_markets(open_page: OpenPage, shop: Path) -> None:
    from weighbridge.loaded_feed import LoadedFeed

    page = open_page("batch", shop)
    run_batch(page, shop / "samples/listings.csv")
    (shop / "samples/listings.csv").unlink()
    box = page.selectbox(key="sample")
    assert box.options[0] == "listings.csv (loaded)"
    market = page.multiselect(key="batch markets").options[-1]
    page.multiselect(key="batch markets").set_value([market]).run()
    page.selectbox(key="sample").select_index(0).run()
    page.button(key="start batch").click().run()
    wait_for(page, lambda p: any(f": Listing gate, {market}," in c.value for c in p.caption))
    from weighbridge.app.results import BATCH

    run = page.session_state[f"job {BATCH}"].result
    assert isinstance(run.feed, LoadedFeed)
    assert run.decided.markets == (market,)


def test_a_feed_that_is_none_is_refused_in_words(open_page: OpenPage, shop: Path) -> None:
    (shop / "samples/odd.csv").write_text("one,two\n1,2\n")
    page = open_page("batch", shop)
    page.selectbox(key="sample").set_value(shop / "samples/odd.csv").run()
    page.button(key="start batch").click().run()
    wait_for(page, lambda p: any("WB424" in m.value for m in p.markdown))
    assert not page.exception


def test_a_weight_is_set_for_one_market_and_returned(open_page: OpenPage, shop: Path) -> None:
    from weighbridge import load
    from weighbridge.draft import Draft

    engine = load(shop)
    card = next(iter(engine.book.scorecards.values()))
    line, market = card.characteristics[0].id, engine.markets[0]
    page = open_page("scorecards", shop)
    page.selectbox(key="card region").set_value(market).run()
    number = next(n for n in page.number_input if f"weight {card.id} {line} {market} number" in str(n.key))
    number.set_value(33.0).run()
    assert Draft.open(shop, "anna").value("region", market, "weights", card.id, line) == 33
    page.button(key=f"inherit {card.id} {line}").click().run()
    assert Draft.open(shop, "anna").value("region", market, "weights", card.id, line) is None


@pytest.mark.parametrize("view", ["matrix", "inheritance", "one", "seasons"])
def test_every_view_of_the_markets_opens(open_page: OpenPage, view: str) -> None:
    page = open_page("regions", ROOT)
    page.segmented_control(key="regions view").set_value(view).run()
    assert not page.error
    assert not page.exception


def test_one_market_tells_titles_and_places(open_page: OpenPage) -> None:
    page = open_page("regions", ROOT)
    page.segmented_control(key="regions view").set_value("one").run()
    page.selectbox(key="one market").set_value("SA").run()
    parameters, weights = page.dataframe[0].value, page.dataframe[1].value
    vat = parameters[parameters["Id"] == "vat_pct"].iloc[0]
    assert vat["Parameter"] == "Standard VAT or GST"
    assert vat["Set by"] == "SA Saudi Arabia"
    assert vat["Place"].startswith("regions/SA.yaml:")
    religious = weights[weights["Characteristic"] == "Religious symbols"].iloc[0]
    assert (religious["Scorecard"], religious["Set by"]) == ("Cultural fit", "SA Saudi Arabia")
    assert "the scorecard" in set(weights["Set by"])
    assert "Personal data" in " ".join(m.value for m in page.markdown)


def test_the_matrix_says_where_every_value_was_set(open_page: OpenPage) -> None:
    page = open_page("regions", ROOT)
    cells = page.dataframe[0].value.set_index("Id")
    assert cells.loc["languages", "SA"].endswith("← Middle East and North Africa")
    assert "regions/" not in cells.to_string()
    page.toggle(key="matrix places").set_value(True).run()
    cells = page.dataframe[0].value.set_index("Id")
    assert cells.loc["languages", "SA"].startswith("regions/groups.yaml:")
    assert cells.loc["vat_pct", "SA"].startswith("regions/SA.yaml:")


def test_units_of_parameters_are_told_in_chinese(open_page: OpenPage) -> None:
    page = open_page("regions", ROOT, lang="zh")
    cells = page.dataframe[0].value.set_index("编号")
    assert cells.loc["vat_pct", "参数"].endswith("(%)")
    assert "share 0-1" not in cells.to_string()


def test_a_tier_is_set_for_one_market_for_the_first_time_and_returned(
    open_page: OpenPage, shop: Path
) -> None:
    from weighbridge import load
    from weighbridge.draft import Draft

    engine = load(shop)
    card = next(iter(engine.book.scorecards.values()))
    tier, market = card.tiers[-1].id, "FR" if "FR" in engine.markets else engine.markets[-1]
    page = open_page("batch", shop)
    page.selectbox(key="sample").set_value(shop / "samples/listings.csv").run()
    page.button(key="start batch").click().run()
    wait_for(page, lambda p: p.metric)
    page.switch_page(str(ROOT / "engine/weighbridge/app/screens/scorecards.py")).run()
    page.selectbox(key="card region").set_value(market).run()
    page.segmented_control(key="card view").set_value("tiers").run()
    page.text_input(key="tier reason en").set_value("Shoppers here expect more").run()
    number = next(n for n in page.number_input if str(n.key).startswith(f"tier {card.id} {tier} {market}"))
    number.set_value(81.0).run()
    draft = Draft.open(shop, "anna")
    override = draft.value("region", market, "overrides", card.id)
    assert override["set"] == {"tiers": {tier: 81}}
    assert override["reason"]["en"] == "Shoppers here expect more"
    assert market in override["reason"]["zh"]
    assert not draft.diagnostics()
    number = next(n for n in page.number_input if str(n.key).startswith(f"tier {card.id} {tier} {market}"))
    number.set_value(83.5).run()
    assert draft.value("region", market, "overrides", card.id, "set", "tiers", tier) == 83.5
    page.button(key=f"inherit {card.id} {tier}").click().run()
    assert draft.value("region", market, "overrides", card.id) is None
    assert not draft.diagnostics()


def test_a_value_with_dates_is_changed_in_a_grid(shop: Path) -> None:
    """The grid itself only answers in a browser: here is what its changes become."""
    from weighbridge.app import dated_values

    assert dated_values._written({"from": "2026-02-18", "to": None, "value": 3.0}, "number") == {
        "from": "2026-02-18",
        "value": 3,
    }
    assert dated_values._written({"value": "a, b"}, "text_list") == {"value": ["a", "b"]}


def test_a_new_file_is_made_in_the_draft(open_page: OpenPage, shop: Path) -> None:
    from weighbridge.draft import Draft

    page = open_page("source", shop)
    page.text_input(key="new file").set_value("rulesets/more.yaml").run()
    page.button(key="add file").click().run()
    assert not page.exception
    assert "rulesets/more.yaml" in Draft.open(shop, "anna").paths()
    assert page.query_params["file"] in ("rulesets/more.yaml", ["rulesets/more.yaml"])
    assert not (shop / "rulesets/more.yaml").exists()


def test_a_new_file_outside_the_project_is_refused(open_page: OpenPage, shop: Path) -> None:
    from weighbridge.draft import Draft

    page = open_page("source", shop)
    page.text_input(key="new file").set_value("../more.yaml").run()
    page.button(key="add file").click().run()
    assert not page.exception
    assert any("is no file of a project" in m.value for m in page.markdown)
    assert not Draft.open(shop, "anna").files
