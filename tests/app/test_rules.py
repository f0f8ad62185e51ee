from pathlib import Path

from app_pages import OpenPage
from streamlit.testing.v1 import AppTest

RULES = "rulesets/listing_gate.yaml"


CHEAP = "listing_gate/cheap"


def number(page: AppTest, index: int = 0):  # type: ignore[no-untyped-def]
    return [n for n in page.number_input if str(n.key).startswith("number ")][index]


def test_a_threshold_is_changed_in_the_draft_and_nowhere_else(open_page: OpenPage, shop: Path) -> None:
    before = (shop / RULES).read_text()
    page = open_page("rules", shop, rule=CHEAP)
    field = number(page)
    field.set_value(field.value + 7).run()
    assert not page.error
    assert (shop / RULES).read_text() == before
    changes = open_page("changes", shop)
    values = changes.dataframe[0].value
    assert len(values) == 1
    assert values.iloc[0, 1] == "rules › Too cheap › condition"


def test_undo_takes_the_change_back(open_page: OpenPage, shop: Path) -> None:
    page = open_page("rules", shop, rule=CHEAP)
    field = number(page)
    old = field.value
    field.set_value(old + 7).run()
    assert number(page).value == old + 7
    page.button(key="undo").click().run()
    assert number(page).value == old
    page.button(key="redo").click().run()
    assert number(page).value == old + 7


def test_rules_are_found_by_word(open_page: OpenPage, shop: Path) -> None:
    page = open_page("rules", shop)
    everything = len(page.dataframe[0].value)
    page.text_input(key="rule words").set_value("no such word anywhere").run()
    assert len(page.dataframe[0].value) == 0
    assert everything > 3


def test_a_new_rule_appears_and_can_be_deleted(open_page: OpenPage, shop: Path) -> None:
    page = open_page("rules", shop)
    page.text_input(key="new rule id").set_value("too-dear").run()
    page.selectbox(key="new rule name").select("price").run()
    page.selectbox(key="new rule operator").select(">").run()
    page.text_input(key="new rule value").set_value("9,000").run()
    page.button(key="add rule").click().run()
    assert page.query_params["rule"] in ("listing_gate/too-dear", ["listing_gate/too-dear"])
    assert any(n.value == 9000 for n in page.number_input)
    page.button(key="sure delete rule").click().run()
    assert not any(n.value == 9000 for n in page.number_input)


def test_a_rule_with_an_error_stays_where_it_can_be_mended(open_page: OpenPage, shop: Path) -> None:
    from weighbridge.draft import Draft
    from weighbridge.edits import Address, SetValue

    ref = CHEAP
    page = open_page("rules", shop, rule=ref)
    draft = Draft.open(shop, "anna")
    draft.edit(
        SetValue(Address("ruleset", "listing_gate"), ("rules", ref.split("/")[1], "when"), "prise > 5")
    )
    page.run()
    assert any("prise" in m.value and "price" in m.value for m in page.markdown)


def test_a_pasted_block_adds_rows_to_a_table(open_page: OpenPage, shop: Path) -> None:
    from weighbridge.draft import Draft

    (shop / "rulesets/shipping.yaml").write_text(
        "ruleset: shipping\nrecord: listing\noutputs:\n  route: {combine: first}\n"
        "tables:\n  - id: routes\n    inputs: [price]\n    outputs: [route]\n    rows: routes.csv\n"
    )
    (shop / "rulesets/routes.csv").write_text("price,route\n< 10,post\n")
    page = open_page("rules", shop, table="shipping/routes")
    page.text_area(key="paste block").set_value("[10..50]\tcourier\n> 50\tfreight").run()
    page.button(key="paste now").click().run()
    assert not page.error
    assert Draft.open(shop, "anna").text("rulesets/routes.csv") == (
        "price,route\n< 10,post\n[10..50],courier\n> 50,freight\n"
    )


def test_a_term_is_added_in_chinese(open_page: OpenPage, shop: Path) -> None:
    from weighbridge.draft import Draft

    (shop / "rulesets/words.yaml").write_text("term_list: taboo\nterms:\n  en: [clock]\n  zh: [钟]\n")
    page = open_page("rules", shop, terms="taboo", lang="zh")
    page.text_input(key="new term taboo").set_value("雨伞")
    page.selectbox(key="term lang taboo").set_value("zh")
    next(
        b for b in page.button if (b.label == "添加" and b.key is None) or "FormSubmitter" in str(b.key)
    ).click().run()
    assert "雨伞" in Draft.open(shop, "anna").text("rulesets/words.yaml")


def test_viewers_cannot_change(open_page: OpenPage, shop: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    from weighbridge.app import access

    viewer = access.Person("bo", "Bo", access.Role.viewer, True)
    monkeypatch.setattr(access, "present", lambda: viewer)
    page = open_page("rules", shop, rule=CHEAP)
    assert number(page).disabled
    assert not [b for b in page.button if b.key == "undo"]


def limit(page: AppTest, words: str):  # type: ignore[no-untyped-def]
    return next(n for n in page.number_input if words in n.label)


def test_a_limit_set_by_market_is_moved_on_the_rule_that_rests_on_it(open_page: OpenPage, shop: Path) -> None:
    from weighbridge.draft import Draft

    page = open_page("rules", shop, rule="listing_gate/forecast")
    limit(page, "World (SA, DE)").set_value(750).run()
    assert not page.exception
    assert Draft.open(shop, "anna").value("region", "world", "parameters", "review_units") == 750


def test_a_tier_is_moved_on_the_rule_that_reads_it(open_page: OpenPage, shop: Path) -> None:
    from weighbridge.draft import Draft

    page = open_page("rules", shop, rule="listing_gate/poor-listing")
    field = limit(page, "from (points)")
    field.set_value(field.value + 3).run()
    assert not page.exception
    changed = Draft.open(shop, "anna").diff()
    assert [change.file for change in changed] == ["scorecards/listing_quality.yaml"]


def test_a_number_in_a_computed_value_is_moved_on_the_rule(open_page: OpenPage, shop: Path) -> None:
    from weighbridge.draft import Draft

    rules = shop / RULES
    text = rules.read_text()
    rules.write_text(
        text.replace(
            "rules:", "derived:\n  dear:\n    value: coalesce(price, 0) * 2 > 1 and price > 40\nrules:", 1
        )
        + "  - {id: dear-one, when: dear, then: {verdict: warn}, reason: {en: dear, zh: 贵}}\n"
    )
    page = open_page("rules", shop, rule="listing_gate/dear-one")
    numbers = [n.value for n in page.number_input if str(n.key).startswith("number ")]
    assert numbers == [40], "a factor and a stand-in are no limits"
    limit(page, "price > 40").set_value(55).run()
    written = Draft.open(shop, "anna").value("ruleset", "listing_gate", "derived", "dear", "value")
    assert written == "coalesce(price, 0) * 2 > 1 and price > 55"


def test_the_number_of_an_equality_is_offered_as_no_limit(open_page: OpenPage, shop: Path) -> None:
    rules = shop / RULES
    rules.write_text(
        rules.read_text()
        + "  - {id: free, when: price == 0, then: {verdict: warn}, reason: {en: f, zh: f}}\n"
    )
    page = open_page("rules", shop, rule="listing_gate/free")
    assert not page.exception
    assert not [n for n in page.number_input if str(n.key).startswith("number ")]


def test_a_search_also_names_scorecards_market_settings_and_term_lists(
    open_page: OpenPage, shop: Path
) -> None:
    page = open_page("rules", shop)
    page.text_input(key="rule words").set_value("review above").run()
    assert "Market setting: Review above" in labels(page)
    page.text_input(key="rule words").set_value("quality").run()
    assert "Scorecard: Listing quality" in labels(page)
    page.text_input(key="rule words").set_value("pork").run()
    assert "Term list: Pig and pork" in labels(page)


def labels(page: AppTest) -> list[str]:
    return [link.proto.label for link in page.get("page_link")]


def test_a_rule_with_an_error_can_be_shown_as_source_deleted_and_switched_off(
    open_page: OpenPage, shop: Path
) -> None:
    from weighbridge.draft import Draft
    from weighbridge.edits import Address, SetValue

    where = ("rules", "cheap", "when")
    Draft.open(shop, "anna").edit(SetValue(Address("ruleset", "listing_gate"), where, "price < < 5"))
    page = open_page("rules", shop, rule=CHEAP)
    assert not page.exception
    assert any(CHEAP in m.value for m in page.markdown), "a rule that cannot be read has a heading too"
    page.segmented_control(key="rule way").set_value("source").run()
    assert not page.exception
    assert not page.text_area, "the form makes way for the source"
    page.segmented_control(key="rule way").set_value("form").run()
    page.button(key="sure delete rule").click().run()
    assert Draft.open(shop, "anna").span("ruleset", "listing_gate", "rules", "cheap") is None


def test_what_is_wrong_with_a_condition_is_placed_in_its_own_text() -> None:
    from weighbridge.app.rule_form import _problems_in
    from weighbridge.expressions import Scope, Symbol
    from weighbridge.tree import Type

    scope = Scope({"price": Symbol("price", Type.NUMBER)})
    (found,) = _problems_in("price > 3\nand prise < 9", scope)
    assert found.span is not None
    assert (found.span.line, found.span.column, found.span.end_column) == (2, 5, 10)
    assert _problems_in("price > 3", scope) == []


def test_a_new_rule_is_compared_with_a_setting_of_the_market(open_page: OpenPage, shop: Path) -> None:
    from weighbridge.draft import Draft

    page = open_page("rules", shop)
    page.text_input(key="new rule id").set_value("Big Order!").run()
    page.selectbox(key="new rule name").select("forecast_units").run()
    page.selectbox(key="new rule operator").select(">=").run()
    page.text_input(key="new rule value").set_value("region.review_units").run()
    page.button(key="add rule").click().run()
    assert not page.exception
    written = Draft.open(shop, "anna").value("ruleset", "listing_gate", "rules", "big-order", "when")
    assert written == "forecast_units >= region.review_units"


def test_a_new_rule_is_written_as_an_expression(open_page: OpenPage, shop: Path) -> None:
    from weighbridge.draft import Draft

    page = open_page("rules", shop)
    page.text_input(key="new rule id").set_value("odd").run()
    page.segmented_control(key="new rule way").set_value("expression").run()
    page.text_input(key="new rule when").set_value("price * 2 > 9 or photos < 1").run()
    page.button(key="add rule").click().run()
    written = Draft.open(shop, "anna").value("ruleset", "listing_gate", "rules", "odd", "when")
    assert written == "price * 2 > 9 or photos < 1"


def test_columns_of_a_table_have_titles_and_keep_their_headers(open_page: OpenPage, shop: Path) -> None:
    import json

    (shop / "rulesets/shipping.yaml").write_text(
        "ruleset: shipping\ntitle: {en: Shipping, zh: 运输}\nrecord: listing\n"
        "outputs:\n  route: {combine: first, title: {en: Route, zh: 路线}}\n"
        "tables:\n  - id: routes\n    title: {en: Routes by price, zh: 按价格的路线}\n"
        "    inputs: [price]\n    outputs: [route]\n    rows: routes.csv\n"
    )
    (shop / "rulesets/routes.csv").write_text("price,route\n< 10,post\n")
    page = open_page("rules", shop, lang="zh", table="shipping/routes")
    assert not page.exception
    (grid,) = [e.proto for e in page.dataframe]
    labels = {name: column.get("label") for name, column in json.loads(grid.columns).items()}
    assert labels["route"] == "路线 (route)"
    assert labels["price"] == "价格 (price)"
    assert any("运输: 按价格的路线 (shipping/routes)" in box.options for box in page.selectbox)


def test_a_row_of_a_table_is_a_form_copied_and_deleted(open_page: OpenPage, shop: Path) -> None:
    from weighbridge.draft import Draft

    (shop / "rulesets/shipping.yaml").write_text(
        "ruleset: shipping\nrecord: listing\noutputs:\n  route: {combine: first}\n"
        "tables:\n  - id: routes\n    inputs: [price]\n    outputs: [route]\n    rows: routes.csv\n"
    )
    (shop / "rulesets/routes.csv").write_text("id,price,route\nnear,< 10,post\nfar,> 50,freight\n")
    page = open_page("rules", shop, rule="shipping/far")
    fields = {f.label: f for f in page.text_input}
    fields["route"].set_value("courier").run()
    page.button(key="copy row").click().run()
    assert not page.exception
    text = "id,price,route\nnear,< 10,post\nfar,> 50,courier\nfar-2,> 50,courier\n"
    assert Draft.open(shop, "anna").text("rulesets/routes.csv") == text
    page.button(key="sure delete row").click().run()
    assert "far,> 50" not in Draft.open(shop, "anna").text("rulesets/routes.csv")
