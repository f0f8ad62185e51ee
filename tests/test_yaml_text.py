"""Edits of YAML texts: only what was asked for changes, on every shipped file."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from weighbridge.source import Node, parse_yaml, to_python
from weighbridge.yaml_text import EditError, YamlText
from weighbridge.yaml_writing import block_lines, flow_text, scalar_text

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = sorted(
    p for folder in ("regions", "scorecards", "rulesets") for p in (ROOT / folder).rglob("*.yaml")
)
STARTER = sorted((ROOT / "engine/weighbridge/starter_project").rglob("*.yaml"))

NEW_VALUES: list[Any] = [
    "new text", "a: b", "# x", "true", "12", "0012", "it's \"q\"", "中文，逗号", "[x", "- y", " lead", "", "x\ny",
    "price > 3 and mentions(title, terms.pig)", 3, 2.5, False, None, "a, b", "50%", "\\", "é\t", "null", "&a", "*a",
]  # fmt: skip

RULES = """\
# head
ruleset: gate # the gate
record: item
rules:
  # ======== first part ========
  # about a
  - id: a
    when: >-
      price > 1
      and price < 2 # no comment
    then: {verdict: warn}  # keep

  - id: b
    when: "price > 2"
    then: {verdict: block}

  # ======== second part ========
  - id: c
    when: 'price > 3'
    then: {verdict: pass, actions: [x, y]}
tables: []
"""


def leaves(node: Node, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Node]]:
    if node.kind == "scalar" and path:
        yield path, node
    for key, value in node.items:
        yield from leaves(value, (*path, str(key.value)))
    for index, element in enumerate(node.elements):
        yield from leaves(element, (*path, index))


def changed_lines(old: str, new: str) -> tuple[int, int]:
    """How many lines of the old and of the new text lie between what they share at both ends."""
    a, b = old.split("\n"), new.split("\n")
    first = 0
    while first < min(len(a), len(b)) and a[first] == b[first]:
        first += 1
    last = 0
    while last < min(len(a), len(b)) - first and a[-1 - last] == b[-1 - last]:
        last += 1
    return len(a) - first - last, len(b) - first - last


def set_at(data: Any, path: tuple[str | int, ...], value: Any) -> None:
    for step in path[:-1]:
        data = data[step]
    data[path[-1]] = value


@pytest.mark.parametrize("path", [*SHIPPED, *STARTER], ids=lambda p: p.name)
def test_a_one_value_edit_changes_the_lines_of_that_value_only(path: Path) -> None:
    """Random values of every shipped file; everything else is the same, read and written."""
    text = path.read_bytes().decode("utf-8")
    yaml = YamlText(text, path.name)
    choose = random.Random(path.name)
    for number in choose.sample(range(len(yaml.roots)), min(2, len(yaml.roots))):
        found = list(leaves(yaml.roots[number]))
        for where, node in choose.sample(found, min(2, len(found))):
            value = choose.choice(NEW_VALUES)
            if isinstance(node.value, str) and choose.random() < 0.5:
                words = node.value.split(" ")
                words[choose.randrange(len(words))] = "changed"
                value = " ".join(words)
            try:
                new = yaml.set(number, where, value)
            except EditError:
                assert "&" in text  # a value that an alias repeats elsewhere
                continue
            before, after = changed_lines(text, new)
            assert before <= node.place[2] - node.place[0] + 1
            assert after <= max(before, 1)
            wanted = [to_python(r) for r in yaml.roots]
            set_at(wanted[number], where, value)
            assert [to_python(r) for r in parse_yaml(new, path.name)[0]] == wanted


@pytest.mark.parametrize("path", [*SHIPPED, *STARTER], ids=lambda p: p.name)
def test_setting_what_is_there_changes_nothing(path: Path) -> None:
    text = path.read_bytes().decode("utf-8")
    yaml = YamlText(text, path.name)
    for number, root in enumerate(yaml.roots):
        for key, value in root.items:
            assert yaml.set(number, (str(key.value),), to_python(value)) == text


def test_a_condition_on_several_lines_keeps_its_layout() -> None:
    new = YamlText(RULES, "f").set(0, ("rules", "a", "when"), "price > 1 and price < 7 # no comment")
    assert changed_lines(RULES, new) == (1, 1)
    assert "      and price < 7 # no comment\n" in new


def test_quotes_and_comments_stay() -> None:
    yaml = YamlText(RULES, "f")
    assert '    when: "price > 9"\n' in yaml.set(0, ("rules", "b", "when"), "price > 9")
    assert "    when: 'price > ''9'\n" in yaml.set(0, ("rules", "c", "when"), "price > '9")
    assert "    then: {verdict: block}  # keep\n" in yaml.set(0, ("rules", "a", "then", "verdict"), "block")
    assert "ruleset: door # the gate\n" in yaml.set(0, ("ruleset",), "door")


def test_a_new_key_goes_to_its_usual_place() -> None:
    order = ["id", "title", "when", "then", "enabled"]
    new = YamlText(RULES, "f").set(0, ("rules", "b", "title"), "B", order)
    assert "  - id: b\n    title: B\n    when:" in new
    assert changed_lines(RULES, new) == (0, 1)
    last = YamlText(RULES, "f").set(0, ("rules", "a", "enabled"), False, order)
    assert "    then: {verdict: warn}  # keep\n    enabled: false\n\n  - id: b" in last


def test_a_short_form_is_written_out_where_the_path_needs_it() -> None:
    yaml = YamlText("ruleset: r\ntitle: Shoes # t\nsource: Law\n", "f")
    assert "title: {en: Shoes, zh: 鞋} # t\n" in yaml.set(0, ("title", "zh"), "鞋")
    assert "source: {citation: Law, url: https://x.org}\n" in yaml.set(0, ("source", "url"), "https://x.org")


def test_removing_a_rule_takes_its_comment_and_leaves_the_heading() -> None:
    new = YamlText(RULES, "f").remove(0, ("rules", "a"))
    assert "about a" not in new
    assert "first part ========\n  - id: b\n" in new
    assert [r["id"] for r in to_python(YamlText(new, "f").roots[0])["rules"]] == ["b", "c"]


def test_removing_the_last_item_of_a_file_keeps_the_rest() -> None:
    text = "rules:\n  - id: a\n    x: 1\n  - id: b"
    assert (
        YamlText("ruleset: r\n" + text, "f").remove(0, ("rules", "b"))
        == "ruleset: r\nrules:\n  - id: a\n    x: 1"
    )


def test_removing_the_only_entry_leaves_an_empty_list_or_prunes_upwards() -> None:
    text = "region: SA\nweights:\n  # why\n  card: {photos: 2}\noverrides:\n  - rule: g/a\n    set: {enabled: false}\n"
    yaml = YamlText(text, "f")
    assert "overrides: []\n" in yaml.remove(0, ("overrides", "g/a"))
    assert "weights:\n  # why\n  card: {}\n" in yaml.remove(0, ("weights", "card", "photos"))
    pruned = yaml.remove(0, ("weights", "card", "photos"), prune=True)
    assert pruned.startswith("region: SA\noverrides:")


def test_a_rule_is_copied_as_it_is_written() -> None:
    new = YamlText(RULES, "f").copy(0, ("rules", "a"), "a2")
    assert new.count("    then: {verdict: warn}  # keep\n") == 2
    assert [r["id"] for r in to_python(YamlText(new, "f").roots[0])["rules"]] == ["a", "a2", "b", "c"]
    with pytest.raises(EditError, match="there already"):
        YamlText(RULES, "f").copy(0, ("rules", "a"), "b")


def test_a_rule_moves_with_its_comment_and_headings_stay() -> None:
    new = YamlText(RULES, "f").move(0, ("rules", "a"), 2)
    assert [r["id"] for r in to_python(YamlText(new, "f").roots[0])["rules"]] == ["b", "c", "a"]
    assert "first part ========\n  - id: b\n" in new
    assert "second part ========\n  - id: c\n" in new
    assert "  # about a\n  - id: a\n" in new
    back = YamlText(new, "f").move(0, ("rules", "a"), 0)
    assert to_python(YamlText(back, "f").roots[0]) == to_python(YamlText(RULES, "f").roots[0])


def test_items_are_added_in_the_style_of_the_list() -> None:
    rule = {"id": "d", "when": "x > 1", "then": {"verdict": "warn"}}
    new = YamlText(RULES, "f").insert(0, ("rules",), rule, 3)
    assert "\n\n  - id: d\n    when: x > 1\n    then: {verdict: warn}\ntables: []\n" in new
    assert "actions: [x, z, y]}" in YamlText(RULES, "f").insert(0, ("rules", "c", "then", "actions"), "z", 1)
    made = YamlText(RULES, "f").insert(0, ("tables",), {"id": "t", "rows": "t.csv"}, 0)
    assert to_python(YamlText(made, "f").roots[0])["tables"] == [{"id": "t", "rows": "t.csv"}]


def test_lists_inside_brackets_are_reordered_in_place() -> None:
    text = "term_list: t\nterms: [a, b,\n  c] # x\n"
    assert YamlText(text, "f").move(0, ("terms", "c"), 0) == "term_list: t\nterms: [c, a,\n  b] # x\n"


def test_a_whole_rule_set_anew_changes_only_what_differs() -> None:
    yaml = YamlText(RULES, "f")
    rule = to_python(yaml.node(0, ("rules", "a")))  # type: ignore[arg-type]
    rule["then"]["verdict"] = "block"
    assert changed_lines(RULES, yaml.set(0, ("rules", "a"), rule)) == (1, 1)


def test_windows_line_ends_stay() -> None:
    text = RULES.replace("\n", "\r\n")
    yaml = YamlText(text, "f")
    for new in (
        yaml.insert(0, ("rules",), {"id": "d", "when": "a\nb", "then": {"v": 1}}, 1),
        yaml.remove(0, ("rules", "b")),
        yaml.copy(0, ("rules", "a"), "z"),
        yaml.move(0, ("rules", "a"), 2),
        yaml.set(0, ("rules", "b", "title"), "t"),
    ):
        assert new.count("\n") == new.count("\r\n") == new.count("\r")


def test_what_an_alias_repeats_is_not_changed_behind_its_back() -> None:
    text = "ruleset: r\na: &x {k: 1}\nb: *x\n"
    for where in (("a", "k"), ("b", "k"), ("b",)):
        with pytest.raises(EditError):
            YamlText(text, "f").set(0, where, 2)


def test_other_documents_of_the_file_stay() -> None:
    text = "region: A\n---\n# b\nregion: B\nparameters: {x: 1}\n---\nregion: C\n"
    assert YamlText(text, "f").set(1, ("parameters", "x"), 2) == text.replace("x: 1", "x: 2")
    added = YamlText(text, "f").set(0, ("parameters", "y"), 3)
    assert added == text.replace("region: A\n", "region: A\nparameters: {y: 3}\n")


def test_a_path_that_leads_nowhere_names_the_nearest() -> None:
    with pytest.raises(EditError, match="did you mean: b"):
        YamlText("ruleset: r\nrules:\n  - {id: b}\n", "f").set(0, ("rules", "bb", "when"), "x")


def test_numbers_of_other_kinds_are_written_as_numbers() -> None:
    yaml = YamlText("region: A\nparameters: {x: 1}\n", "f")
    for value in (np.int64(5), np.float64(5.0), Decimal("5")):
        assert "{x: 5}" in yaml.set(0, ("parameters", "x"), value)
    assert "{x: true}" in yaml.set(0, ("parameters", "x"), np.bool_(True))
    assert "{x: 2026-03-01}" in yaml.set(0, ("parameters", "x"), date(2026, 3, 1))
    for value in (float("nan"), float("inf")):
        with pytest.raises(EditError):
            yaml.set(0, ("parameters", "x"), value)


def test_a_value_nested_beyond_bounds_is_refused() -> None:
    value: Any = 1
    for _ in range(5000):
        value = [value]
    with pytest.raises(EditError, match="nested too deep"):
        YamlText("region: A\n", "f").set(0, ("parameters",), value)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats(-1e6, 1e6) | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def readable(value: Any) -> bool:
    """No halves of surrogate pairs, which no file holds; nothing that YAML 1.2 here refuses as a key."""
    try:
        repr(value).encode("utf-8")
        return "\\ud" not in repr(value)
    except UnicodeEncodeError:
        return False


@settings(max_examples=60, deadline=None)
@given(values.filter(readable))
@example({"<<": 1})
@example({"a": "x" * 200, "b": ["y " * 80]})
@example("12:30")
@example("line\n\n  indented\n")
def test_every_value_is_read_back_as_it_was_written(value: Any) -> None:
    text = "\n".join([*block_lines({"key": value}, 0), ""])
    roots, problems = parse_yaml(text, "f")
    assert problems == []
    assert to_python(roots[0])["key"] == value
    flow = parse_yaml(f"key: {flow_text(value)}", "f")[0]
    assert to_python(flow[0])["key"] == value


@pytest.mark.parametrize("text", ["no", "on", "2026-01-01", "12:30", "a b", "http://x.y/z", "50%", "00123"])
def test_text_that_needs_no_quotes_gets_none(text: str) -> None:
    assert scalar_text(text) == text
