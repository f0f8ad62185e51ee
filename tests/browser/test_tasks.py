"""Whole tasks, as people do them."""

import shutil
from pathlib import Path

from conftest import OpenTab, Serve, Tab

ROOT = Path(__file__).parents[2]
RULES = "rulesets/listing_gate.yaml"


def set_threshold(tab: Tab, value: str, rule: str = "listing_gate/cheap") -> None:
    tab.open("rules", rule=rule)
    tab.fill("price < 5", value)


def test_a_threshold_is_changed_its_impact_seen_and_saved(
    shop: Path, serve: Serve, open_tab: OpenTab
) -> None:
    tab = open_tab(serve(shop)).open("batch")
    tab.choose("or a sample of the project", "listings.csv").press("Load and decide")
    tab.see("Records")
    tab.page.get_by_role("link", name="Rules").first.click()
    tab.settle()
    tab.page.get_by_placeholder("words …").first.fill("cheap")
    tab.page.keyboard.press("Enter")
    tab.settle()
    tab.page.locator('[data-testid="stDataFrame"]').first.click(position={"x": 18, "y": 50})
    tab.settle().fill("price < 5", "50")
    tab.see("Unsaved changes in 1 file(s)")
    tab.page.get_by_role("link", name="What it would do").first.click()
    tab.settle().see("Records that change")
    assert int(tab.page.locator('[data-testid="stMetricValue"]').nth(1).inner_text()) > 0
    assert "price < 5 #" in (shop / RULES).read_text()
    tab.press("Save")
    tab.see("Saved: 1 file(s) written.")
    assert "    when: price < 50 # the least that pays for the parcel\n" in (shop / RULES).read_text()


def test_an_uploaded_feed_is_decided_and_its_problems_name_the_file_alone(
    shop: Path, serve: Serve, open_tab: OpenTab
) -> None:
    tab = open_tab(serve(shop)).open("batch")
    feed = shop.parent / "last month.csv"
    feed.write_text("sku,title,price\n1,Lamp,many\n2,Lamp,3\n")
    tab.page.locator('input[type="file"]').first.set_input_files(feed)
    tab.see("last month.csv")
    tab.press("Load and decide").see("Rows that are no record")
    tab.page.get_by_text("What is wrong with them").first.click()
    tab.see("last_month.csv:2:")
    assert "weighbridge-feed-" not in tab.page.locator("body").inner_text()
    tab.see("last_month.csv: Listing gate")


def test_undo_stays_in_sight_and_free_however_fast_it_is_pressed(
    shop: Path, serve: Serve, open_tab: OpenTab
) -> None:
    tab = open_tab(serve(shop)).open("rules", rule="listing_gate/forecast")
    for value in ("900", "901", "902"):
        tab.fill("World (SA, DE)", value)
    tab.page.get_by_label("Title (English)").scroll_into_view_if_needed()
    undo = tab.page.get_by_role("button", name="Undo").first
    place = undo.bounding_box()
    assert place is not None and 0 < place["y"] < 120, "the bar stays at the top"
    for _ in range(3):
        undo.click(timeout=2_000)  # a message of the last step may not lie over it
        tab.settle()
    tab.see("No unsaved changes")


def test_a_rule_is_changed_as_source_and_as_form(shop: Path, serve: Serve, open_tab: OpenTab) -> None:
    tab = open_tab(serve(shop)).open("rules", rule="listing_gate/cheap")
    tab.fill("price < 5", "6").pick("Source")
    line = tab.page.locator(".cm-line", has_text="when: price < 6").first
    line.click()
    tab.page.keyboard.press("Home")
    for _ in "when: price < ":
        tab.page.keyboard.press("ArrowRight")
    tab.page.keyboard.type("1")
    tab.page.wait_for_timeout(1500)
    tab.settle().pick("Form")
    assert tab.page.get_by_label("price < 16").first.input_value() == "16"


def test_a_taboo_term_is_added_in_chinese_and_fires(shop: Path, serve: Serve, open_tab: OpenTab) -> None:
    tab = open_tab(serve(shop)).open("rules", terms="pig", lang="zh")
    tab.fill("新词条", "火腿")
    tab.choose("语言", "zh")
    tab.press("添加")
    tab.page.wait_for_timeout(500)
    tab.page.get_by_role("link", name="试算").first.click()
    tab.settle()
    tab.press("填入……")
    tab.page.get_by_label("粘贴 JSON 记录").fill('{"sku": "1", "title": "金华火腿礼盒", "price": 30}')
    tab.page.keyboard.press("Control+Enter")
    tab.settle()
    tab.page.get_by_role("button", name="使用", exact=True).last.click()
    tab.settle()
    tab.see("此市场不能销售猪肉制品：火腿")
    assert "火腿" not in (shop / "rulesets/listing.yaml").read_text()


def test_a_weight_is_overridden_for_one_market(shop: Path, serve: Serve, open_tab: OpenTab) -> None:
    tab = open_tab(serve(shop)).open("scorecards", card="listing_quality")
    tab.choose("Market", "DE")
    tab.page.get_by_role("spinbutton", name="Weight of Photos").fill("7")
    tab.page.keyboard.press("Enter")
    tab.settle()
    tab.see("Inherit again")
    tab.page.get_by_role("link", name="Changes").first.click()
    tab.settle().press("Save")
    tab.see("Saved: 1 file(s) written.")
    assert "photos: 7" in (shop / "regions/regions.yaml").read_text()
    assert "photos: 2} # buyers here look at pictures first" in (shop / "regions/regions.yaml").read_text()


def test_a_syntax_error_is_made_and_repaired(shop: Path, serve: Serve, open_tab: OpenTab) -> None:
    tab = open_tab(serve(shop)).open("source", file=RULES)
    content = tab.page.locator(".cm-content")
    content.wait_for()
    content.click()
    tab.page.keyboard.press("Control+Home")
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.type("  oops: [")
    tab.page.locator(".cm-lintRange-error").first.wait_for(timeout=60_000)
    tab.see("WB")
    tab.page.get_by_role("link", name="Try it").first.click()
    tab.see("It cannot decide anything until they are mended")
    tab.page.go_back()
    tab.settle()
    while tab.page.get_by_role("button", name="Undo").first.is_enabled():
        tab.press("Undo")
    tab.see("No findings in this file.")
    assert "oops" not in content.inner_text()


def test_completion_and_hover_speak_of_the_project(shop: Path, serve: Serve, open_tab: OpenTab) -> None:
    tab = open_tab(serve(shop)).open("source", file=RULES)
    line = tab.page.locator(".cm-line", has_text="when: price < 5").first
    line.click()
    tab.page.keyboard.press("End")
    for _ in "# the least that pays for the parcel ":
        tab.page.keyboard.press("Shift+ArrowLeft")
    tab.page.keyboard.type(" and forec")
    tab.page.keyboard.press("Control+Space")
    option = tab.page.locator(".cm-tooltip-autocomplete li", has_text="forecast_units").first
    option.wait_for(timeout=60_000)
    option.click()
    assert "forecast_units" in line.inner_text()


def test_a_block_is_pasted_into_a_table(shop: Path, serve: Serve, open_tab: OpenTab) -> None:
    tab = open_tab(serve(shop)).open("rules", table="shipping/routes")
    tab.press("Paste")
    area = tab.page.get_by_role("textbox", name="Cells copied from a spreadsheet")
    area.fill("[10..50]\tcourier\n> 50\tfreight")
    area.press("Control+Enter")
    tab.settle()
    tab.page.get_by_role("button", name="Paste", exact=True).last.click()
    tab.settle()
    tab.see("3 of 3 rows")
    tab.page.get_by_role("link", name="Changes").first.click()
    tab.settle().press("Save")
    tab.see("Saved: 1 file(s) written.")
    assert (
        shop / "rulesets/routes.csv"
    ).read_text() == "price,route\n< 10,post\n[10..50],courier\n> 50,freight\n"


def test_two_people_changing_one_rule_see_the_conflict(shop: Path, serve: Serve, open_tab: OpenTab) -> None:
    anna, bo = open_tab(serve(shop, "anna")), open_tab(serve(shop, "bo"))
    set_threshold(anna, "7")
    set_threshold(bo, "9")
    bo.open("changes").press("Save").see("Saved: 1 file(s) written.")
    anna.open("changes")
    anna.see("was changed by somebody else in the same parts")
    anna.press("Keep mine")
    anna.press("Save").see("Saved: 1 file(s) written.")
    assert "when: price < 7 #" in (shop / RULES).read_text()


def test_a_draft_survives_reload_and_restart(shop: Path, serve: Serve, open_tab: OpenTab) -> None:
    server = serve(shop)
    tab = open_tab(server)
    set_threshold(tab, "8")
    tab.see("Unsaved changes in 1 file(s)")
    server.kill()
    server.start()
    tab.open("changes")
    tab.see("Unsaved changes in 1 file(s)")
    assert "price < 5 #" in (shop / RULES).read_text()


def test_the_server_killed_in_mid_save_leaves_a_whole_file(
    shop: Path, serve: Serve, open_tab: OpenTab
) -> None:
    server = serve(shop)
    tab = open_tab(server)
    for pause, value in ((0, "6"), (5, "7"), (20, "8"), (60, "9")):
        before = (shop / RULES).read_text()
        number = before.split("price < ")[1].split(" ")[0]
        tab.open("rules", rule="listing_gate/cheap")
        tab.fill(f"price < {number}", value)
        tab.open("changes")
        tab.page.get_by_role("button", name="Save", exact=True).click()
        tab.page.wait_for_timeout(pause)
        server.kill()
        after = (shop / RULES).read_text()
        assert after in (before, before.replace(f"price < {number}", f"price < {value}"))
        server.start()
        tab.open("changes")
        if tab.page.get_by_role("button", name="Save", exact=True).count():
            tab.press("Save")
        assert f"price < {value} " in (shop / RULES).read_text()


def test_the_language_stays_with_the_address(shop: Path, serve: Serve, open_tab: OpenTab) -> None:
    tab = open_tab(serve(shop)).open("try_it")
    tab.pick("中文")
    tab.see("判定依据")
    assert "lang=zh" in tab.page.url
    tab.page.reload()
    tab.see("判定依据")


def test_text_of_records_is_never_html(shop: Path, serve: Serve, open_tab: OpenTab) -> None:
    tab = open_tab(serve(shop)).open("try_it")
    tab.press("Fill in …")
    evil = '<img src=x onerror=\\"document.title=1\\"> pork ![x](http://127.0.0.1:9/x.png) :red[a] $x$'
    tab.page.get_by_label("Paste a record as JSON").fill('{"sku": "1", "title": "' + evil + '", "price": 1}')
    tab.page.keyboard.press("Control+Enter")
    tab.settle()
    tab.page.get_by_role("button", name="Use it", exact=True).last.click()
    tab.settle()
    assert tab.page.locator('[data-testid="stMain"] img').count() == 0
    assert tab.page.title() != "1"


HEAD = "customer_id,relation,recency_days,median_interval_days,tenure_days,lifetime_orders,lifetime_spend,"
HEAD += "store_average_order,complaints_90d,open_complaint_days,marketing_consent,last_product\n"


def test_a_churn_threshold_is_changed_and_its_impact_seen(
    tmp_path: Path, serve: Serve, open_tab: OpenTab
) -> None:
    packs = tmp_path / "packs"
    for part in ("regions", "scorecards", "rulesets"):
        shutil.copytree(ROOT / part, packs / part)
    shutil.copy(ROOT / "weighbridge.yaml", packs)
    rows = (f"C-{days},shop,{days},20,200,3,50,100,,,given,Kettle\n" for days in range(40, 80))
    (packs / "samples").mkdir()
    (packs / "samples/customers.csv").write_text(HEAD + "".join(rows))
    tab = open_tab(serve(packs)).open("batch")
    tab.choose("Decide with", "Retention")
    tab.choose("or a sample of the project", "customers.csv").press("Load and decide")
    tab.see("Records")
    tab.page.get_by_role("link", name="Scorecards").first.click()
    tab.settle().choose("Scorecards", "Churn risk").pick("Tiers")
    tab.see("customers.csv")
    sliders = tab.page.get_by_role("slider")
    assert sliders.count() >= 3
    tab.page.get_by_role("spinbutton", name="Level 1: care offer from").fill("60")
    tab.page.keyboard.press("Enter")
    tab.settle().see("Unsaved changes in 1 file(s)").click()
    tab.settle().pick("What it would do")
    tab.see("Records that change")
    assert int(tab.page.locator('[data-testid="stMetricValue"]').nth(1).inner_text()) > 0
    tab.press("Save")
    tab.see("Saved: 1 file(s) written.")
    card = (packs / "scorecards/customers/churn_risk.yaml").read_text()
    before = (ROOT / "scorecards/customers/churn_risk.yaml").read_text()
    assert len([a for a, b in zip(card.splitlines(), before.splitlines(), strict=True) if a != b]) == 1


def bound(tab: Tab) -> float:
    """Where the last handle of the page stands."""
    return float(tab.page.get_by_role("slider").last.get_attribute("aria-valuenow"))


def test_a_tier_is_dragged_over_its_scores_and_moved_by_keys(
    shop: Path, serve: Serve, open_tab: OpenTab
) -> None:
    tab = open_tab(serve(shop)).open("batch")
    tab.choose("or a sample of the project", "listings.csv").press("Load and decide")
    tab.see("Records")
    tab.page.get_by_role("link", name="Scorecards").first.click()
    tab.settle().pick("Tiers")
    handle = tab.page.get_by_role("slider", name="Good from")
    handle.scroll_into_view_if_needed()
    place = handle.bounding_box()
    middle = (place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    tab.page.mouse.move(*middle)
    tab.page.mouse.down()
    tab.page.mouse.move(middle[0] - 200, middle[1], steps=5)
    tab.page.mouse.up()
    tab.settle().see("Unsaved changes in 1 file(s)")
    dragged = bound(tab)
    assert 0 < dragged < 50
    number = tab.page.get_by_role("spinbutton", name="Good from")
    assert float(number.input_value()) == dragged
    handle.focus()
    for _ in range(3):
        tab.page.keyboard.press("ArrowRight")
    tab.page.wait_for_timeout(800)
    tab.settle()
    assert bound(tab) == dragged + 1.5
    assert float(number.input_value()) == dragged + 1.5
    for _ in range(2):
        tab.page.get_by_role("button", name="Undo", exact=True).first.press("Enter")
        tab.settle()
    assert bound(tab) == 50
    tab.see("No unsaved changes")
