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
    page.text_input(key="new rule when").set_value("price > 9000").run()
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
