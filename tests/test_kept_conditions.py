"""Conditions kept from one market and version of a project to the next: decisions are those of a new engine."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from projects import projects, records

from benchmarks.large_shop import GATE, MARKETS, project_files
from weighbridge.decisions import Decision
from weighbridge.diagnostics import InvalidRecord
from weighbridge.engine import Engine, ProjectCache, check_project
from weighbridge.specialise import specialise

NOWHERE = Path("/nowhere/at/all")
DAY = date(2026, 3, 1)


class Edited:
    """A project as an editor loads it again and again, beside the same loaded anew."""

    def __init__(self) -> None:
        self.cache = ProjectCache()
        self.engine: Engine | None = None

    def load(self, files: dict[str, str]) -> tuple[Engine, Engine] | None:
        """The engine that takes over what it can, and a new one; None where the project has errors."""
        project, book, found = check_project(NOWHERE, files, self.cache)
        if any(d.severity == "error" for d in found):
            return None
        self.engine = Engine(project, book, self.engine)
        return self.engine, Engine(*check_project(NOWHERE, files)[:2])


def assert_same(pair: tuple[Engine, Engine], target: str, found: Iterable[dict[str, Any]]) -> None:
    mine, anew = pair
    for market in anew.markets:
        one, other = mine.prepared(target, market, DAY), anew.prepared(target, market, DAY)
        assert one.special.steps == other.special.steps
        assert one.special.parameters == other.special.parameters
        assert one.program.source == other.program.source
        assert one.program.mention_places == other.program.mention_places
    for record in found:
        for market in anew.markets:
            assert said(mine, target, record, market) == said(anew, target, record, market)


def said(engine: Engine, target: str, record: dict[str, Any], market: str) -> object:
    """Everything a decision says; of a record that is not valid, why."""
    try:
        decision = engine.decide(target, record, market=market, as_of=DAY)
    except InvalidRecord as error:
        return error.diagnostics
    assert decision.unknown == undecided(decision)
    return decision.fired, decision.unknown, decision.missing, decision.to_dict()


def undecided(decision: Decision) -> tuple[str, ...]:
    """The undecided rules, found by asking every rule."""
    explainer, step = decision._explain(), decision._prepared.target_step
    assert step is not None and decision._prepared.combiner is not None
    unknown = [r.index for r in step.rules if explainer.evaluator.value(r.condition) is None]
    counted = decision._prepared.combiner.waiting(explainer.results[-1][0], unknown)
    return tuple(step.rules[index].rule.ref for index in counted)


RECORD = {
    "sku": "A1", "title": "bar5 cen17", "price": 80.0, "category": "cat028", "weight_kg": 3.7, "stock": 4.0,
    "rating": 2.2, "return_rate": 0.4, "lead_days": 9.0, "discount": 0.1,
}  # fmt: skip


def test_a_session_of_random_edits_decides_as_new_engines_do() -> None:
    rng = random.Random(5)
    files, edited = project_files(60), Edited()
    for _ in range(4):
        pair = edited.load(files)
        assert pair is not None
        assert_same(pair, GATE, [])
        # One field differs from record to record, as on the page where a record is tried.
        for field in rng.sample(sorted(RECORD), 5):
            record = RECORD if field == "sku" else {**RECORD, field: None}
            assert said(pair[0], GATE, record, "DE") == said(pair[1], GATE, record, "DE")
        name = f"rulesets/pack{rng.randrange(10)}.yaml"
        numbers = list(re.finditer(r"(?<=[<>] )\d+(\.\d+)?", files[name]))
        where = rng.choice(numbers)
        files = {
            **files,
            name: files[name][: where.start()] + f"{rng.uniform(0, 9):.2f}" + files[name][where.end() :],
        }


REGIONS = """region: world
declares: {limit: {type: number}, home: {type: text}, words: {type: terms}}
parameters: {limit: 3, home: EU, words: meat}
---
region: EU
extends: world
---
region: DE
extends: EU
---
region: US
extends: world
parameters: {limit: 7}
"""
RULES = """record_type: thing
fields: {n: {type: number}, t: {type: text}}
---
term_list: meat
terms: [pork]
---
term_list: drink
terms: [wine]
---
ruleset: gate
record: thing
outputs: {verdict: {combine: worst, default: pass}}
rules:
  - {id: limit, when: n > region.limit and n < 100, then: {verdict: review}, reason: "{n}"}
  - {id: europe, when: in_region('EU') and n > 1, then: {verdict: warn}, reason: "{n}"}
  - {id: here, when: market == 'US' or region.home == 'DE', then: {verdict: warn}, reason: here}
  - {id: words, when: "mentions(t, region.words)", then: {verdict: block}, reason: "{match}"}
tables:
  - {id: cells, inputs: [n, t], outputs: [verdict], rows: [["< 4", wine, warn], ["-", pork, review]]}
"""


def test_a_condition_is_made_again_where_a_market_or_a_parameter_says_otherwise() -> None:
    edited = Edited()
    found = [{"n": n, "t": t} for n in (None, 2.0, 5.0, 8.0) for t in (None, "pork", "wine")]
    regions = REGIONS
    verdicts = set()
    for before, after in (
        ("", ""),
        ("limit: 7", "limit: 1"),
        ("limit: 3, home: EU", "limit: 6, home: DE"),
        ("words: meat", "words: drink"),
        ("region: DE\nextends: EU", "region: DE\nextends: world"),
        ("limit: 1", "limit: 7"),
    ):
        assert before in regions
        regions = regions.replace(before, after)
        pair = edited.load({"regions/r.yaml": regions, "rulesets/r.yaml": RULES})
        assert pair is not None
        assert_same(pair, "gate", found)
        verdicts.add(
            tuple(pair[0].decide("gate", r, market=m, as_of=DAY).verdict for r in found for m in ("DE", "US"))
        )
    assert (
        len(verdicts) == 5
    )  # the last version is the one before the third change but for what came after it


@settings(max_examples=8, deadline=None)
@given(st.lists(projects(), min_size=2, max_size=3), st.lists(records(), min_size=2, max_size=4))
def test_any_project_after_any_other_decides_as_it_does_alone(
    versions: list[dict[str, str]], found: list[dict[str, Any]]
) -> None:
    edited = Edited()
    for files in versions:
        pair = edited.load(files)
        if pair is not None:
            assert_same(pair, "gate", found)


def _conditions(engine: Engine, market: str) -> Iterator[tuple[str, int]]:
    special = specialise(engine.book, GATE, market, DAY, (DAY, DAY), engine._conditions)
    return ((rule.rule.ref, id(rule.facts)) for rule in special.steps[-1].rules)  # type: ignore[union-attr]


def test_what_an_edit_does_not_touch_is_made_once_for_all_markets_and_versions() -> None:
    files, edited = project_files(120), Edited()
    pair = edited.load(files)
    assert pair is not None
    before = dict(_conditions(pair[0], "DE"))
    both = before.keys() & dict(_conditions(pair[0], "JP")).keys()
    assert both and all(before[ref] == dict(_conditions(pair[0], "JP"))[ref] for ref in both)
    changed = re.search(r"[<>] \d+(\.\d+)?", files["rulesets/pack4.yaml"])
    assert changed is not None
    text = files["rulesets/pack4.yaml"]
    pair = edited.load(
        {**files, "rulesets/pack4.yaml": text[: changed.start()] + changed[0] + "1" + text[changed.end() :]}
    )
    assert pair is not None
    after = {ref: made for market in MARKETS for ref, made in _conditions(pair[0], market)}
    assert len([ref for ref in before if after[ref] != before[ref]]) <= 1


def test_conditions_that_are_no_longer_there_are_forgotten() -> None:
    files, edited = project_files(60), Edited()
    pair = edited.load(files)
    assert pair is not None
    dict(_conditions(pair[0], "DE"))
    kept = len(pair[0]._conditions._made)
    pair = edited.load(
        {
            **files,
            "rulesets/pack4.yaml": re.sub(r"rules:\n(.|\n)*", "rules: []\n", files["rulesets/pack4.yaml"]),
        }
    )
    assert pair is not None
    assert 0 < len(pair[0]._conditions._made) < kept
