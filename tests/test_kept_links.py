"""A project linked again after an edit is the project linked anew: same rules, same diagnostics, same version."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from projects import projects

from benchmarks.large_shop import project_files
from weighbridge.catalogue import catalogue
from weighbridge.engine import ProjectCache, check_project
from weighbridge.lint import warned

ROOT = Path(__file__).parents[1]
NOWHERE = Path("/nowhere/at/all")


def linked(files: dict[str, str], cache: ProjectCache | None) -> tuple[object, ...]:
    """Everything a load gives, comparable."""
    project, book, found = check_project(NOWHERE, files, cache)
    return (
        book.version,
        warned(project, book, found),
        book.rulesets,
        book.scorecards,
        book.derived,
        book.scopes,
        book.terms,
        project.sources,
    )


def assert_same(files: dict[str, str], cache: ProjectCache) -> None:
    mine, anew = linked(files, cache), linked(files, None)
    for one, other in zip(mine, anew, strict=True):
        assert one == other


def test_a_sequence_of_edits_links_as_a_full_load_does() -> None:
    files = project_files(60)
    cache = ProjectCache()
    assert_same(files, cache)
    for name, before, after in (
        ("rulesets/pack3.yaml", "verdict: warn", "verdict: block"),
        ("rulesets/pack3.yaml", "price", "prise"),  # an unknown name
        ("rulesets/pack3.yaml", "prise", "price"),
        ("rulesets/pack3.yaml", "rules:\n", "# a line more\n\nrules:\n"),  # every place moves
        ("rulesets/terms.yaml", "term_list: list3", "term_list: other"),  # rules elsewhere lose their list
        ("rulesets/terms.yaml", "term_list: other", "term_list: list3"),
        ("rulesets/item.yaml", "fragile: {type: boolean}", "fragile: {type: number}"),
        ("rulesets/item.yaml", "fragile: {type: number}", "fragile: {type: boolean}"),
        ("regions/regions.yaml", "region: JP", "region: KR"),  # markets that rules name go
        ("regions/regions.yaml", "region: KR", "region: [JP"),  # and now their file is broken
        ("regions/regions.yaml", "region: [JP", "region: JP"),
        ("rulesets/pack5.yaml", "ruleset: pack5", "ruleset: pack5x"),  # included elsewhere
        ("rulesets/pack5.yaml", "ruleset: pack5x", "ruleset: pack4"),  # one id twice
        ("rulesets/pack5.yaml", "ruleset: pack4", "ruleset: pack5"),
        ("scorecards/quality.yaml", "id: good", "id: best"),
    ):
        assert before in files[name], (name, before)
        files = {**files, name: files[name].replace(before, after)}
        assert_same(files, cache)


TABLE = """ruleset: shipping
record: item
outputs: {route: {combine: first}}
tables:
  - id: routes
    inputs: [price, brand]
    outputs: [route]
    rows: routes.csv
"""


def test_rows_of_a_table_are_linked_again_when_its_file_changes() -> None:
    files = project_files(10) | {
        "rulesets/shipping.yaml": TABLE,
        "rulesets/routes.csv": "price,brand,route\n< 10,-,post\n>= 10,-,truck\n",
    }
    cache = ProjectCache()
    assert_same(files, cache)
    for csv in (
        "price,brand,route\n< 20,-,post\n>= 20,-,truck\n",
        "price,brand,route\n< 20,nobody,post\n>= 20,-,truck\n",  # no such brand
        "price,band,route\n< 20,-,post\n",  # no such column
        "price,brand,route\n< 20,-,post\n>= 20,-,truck\n",
    ):
        files = {**files, "rulesets/routes.csv": csv}
        assert_same(files, cache)


def _edited(text: str, rng: random.Random) -> str:
    """A pack after one of the things people do to rules; some make it wrong."""
    head, mark, rest = text.partition("rules:\n")
    rules = [f"  - id: {rule}" for rule in rest.split("  - id: ")[1:]]
    at = rng.randrange(len(rules))
    numbers = list(re.finditer(r"(?<=[<>] )\d+(\.\d+)?", rules[at]))
    match rng.randrange(9):
        case 0 | 1 | 2 if numbers:
            where = rng.choice(numbers)
            rules[at] = rules[at][: where.start()] + str(rng.randrange(99)) + rules[at][where.end() :]
        case 3:
            rules.insert(at, rules[at])  # one id twice
        case 4:
            rules.insert(at, rules[at].replace("id: r", "id: copy-r", 1))
        case 5:
            del rules[at]
        case 6:
            rules[at] = rules[at].replace("points: ", "points: 1", 1)
        case 7:
            rules[at] = rules[at].replace("price", "prise").replace("holds", "applies")
        case _:
            head = (
                head.replace("combine: sum}", "combine: max}")
                if rng.random() < 0.5
                else "# a line more\n" + head
            )
    return head + mark + "".join(rules)


@pytest.mark.parametrize("seed", range(3))
def test_a_session_of_random_edits_links_as_full_loads_do(seed: int) -> None:
    rng = random.Random(seed)
    files, cache = project_files(30), ProjectCache()
    states = [files]
    for _ in range(14):
        if rng.random() < 0.3:
            files = rng.choice(states)  # taken back
        else:
            name = f"rulesets/pack{rng.randrange(3)}.yaml"
            files = {**files, name: _edited(files[name], rng)}
        states.append(files)
        assert_same(files, cache)


def test_of_an_edited_ruleset_only_the_edited_rule_is_made_again() -> None:
    files, cache = project_files(100), ProjectCache()
    _, before, _ = check_project(NOWHERE, files, cache)
    listed = catalogue(before)
    for number in range(3):
        # The third edit moves every rule by a line: their places differ, and yet their trees are the same.
        text = files["rulesets/pack0.yaml"]
        head, rules = text.split("rules:\n")
        rules = rules.replace("points: ", "points: 1", 1)
        files["rulesets/pack0.yaml"] = "# more\n" + text if number == 2 else f"{head}rules:\n{rules}"
        _, after, _ = check_project(NOWHERE, files, cache)
        pairs = list(zip(before.rulesets["pack0"].rules, after.rulesets["pack0"].rules, strict=True))
        assert sum(a is not b for a, b in pairs) == (len(pairs) if number == 2 else 1)
        assert all(a.conditions[0].tree is b.conditions[0].tree for a, b in pairs)
        again = catalogue(after, (before, listed))
        assert again == catalogue(after)
        before, listed = after, again


@pytest.mark.parametrize("header", ["", "colour: red\n"])
def test_an_id_given_twice_is_reported_at_its_second_place(header: str) -> None:
    files, cache = project_files(40), ProjectCache()
    # With an unknown key the document has errors before and after.
    files["rulesets/pack0.yaml"] = files["rulesets/pack0.yaml"].replace("rules:\n", f"{header}rules:\n")
    assert_same(files, cache)
    files["rulesets/pack0.yaml"] += "  - id: " + files["rulesets/pack0.yaml"].split("  - id: ")[1]
    assert_same(files, cache)
    assert any(d.code == "WB307" for d in check_project(NOWHERE, files, cache)[2])


def test_what_a_ruleset_says_for_all_its_rules_makes_them_again() -> None:
    files, cache = project_files(40), ProjectCache()
    first = files["rulesets/pack0.yaml"]
    for old, new in (
        ("record: item", "record: item # and no more"),
        ("record: item", "record: item\nif_unknown: fire"),
        ("record: item\ntitle: {en: Pack 0, zh: 规则包 0}", "record: item\nmarkets: [DE]"),
        ("record: item\ntitle: {en: Pack 0, zh: 规则包 0}", "record: item\neffective: {from: 2026-01-01}"),
        ("points: {type: number, combine: sum}", "points: {type: text, combine: first}"),
    ):
        assert old in first
        for text in (first, first.replace(old, new, 1)):
            files["rulesets/pack0.yaml"] = text
            assert_same(files, cache)
    assert cache.links.begin()._before._rulesets["pack0"].problems  # type: ignore[union-attr]


def test_what_did_not_change_is_the_same_object() -> None:
    files = project_files(40)
    cache = ProjectCache()
    _, before, _ = check_project(NOWHERE, files, cache)
    files["rulesets/pack1.yaml"] = files["rulesets/pack1.yaml"].replace("verdict: warn", "verdict: block")
    _, after, _ = check_project(NOWHERE, files, cache)
    assert after.rulesets["pack0"].rules is before.rulesets["pack0"].rules
    assert after.rulesets["pack1"].rules is not before.rulesets["pack1"].rules
    assert catalogue(after, (before, catalogue(before))) == catalogue(after)


def test_rules_that_are_no_longer_there_are_forgotten() -> None:
    files = project_files(20)
    cache = ProjectCache()
    check_project(NOWHERE, files, cache)
    check_project(NOWHERE, {k: v for k, v in files.items() if "pack" not in k}, cache)
    assert not any("pack" in name for name in cache.links.begin()._before._rulesets)  # type: ignore[union-attr]


@settings(max_examples=10, deadline=None)
@given(st.lists(projects(), min_size=2, max_size=3))
def test_any_project_after_any_other_links_as_it_does_alone(versions: list[dict[str, str]]) -> None:
    cache = ProjectCache()
    for files in versions:
        assert_same(files, cache)


def _damages(files: dict[str, str], rng: random.Random) -> Iterator[dict[str, str]]:
    """Random small changes of the shipped packs, most of them wrong."""
    names = sorted(files)
    for _ in range(3):
        name = rng.choice(names)
        text = files[name]
        words = [m.span() for m in re.finditer(r"[A-Za-z_]+|\d+", text)]
        start, end = rng.choice(words)
        word = rng.choice(["price", "block", "SA", "7", "", "terms.nothing", "and"])
        yield {**files, name: text[:start] + word + text[end:]}


@pytest.mark.parametrize("seed", [1])
def test_damaged_packs_are_reported_as_by_a_full_load(seed: int) -> None:
    files = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for folder in ("regions", "scorecards", "rulesets")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".yaml", ".csv")
        and (
            "retention" in path.name
            or "listing" in path.name
            or folder != "rulesets"
            or path.suffix == ".csv"
        )
    }
    cache = ProjectCache()
    linked(files, cache)
    for damaged in _damages(files, random.Random(seed)):
        assert_same(damaged, cache)
