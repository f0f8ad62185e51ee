"""Impact over a feed: what two versions decide differently is what counting them one by one gives."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st
from recount import recount
from small_projects import BASE, NOWHERE, RECORD_TYPE, REGIONS, TERMS, TODAY, WORLD, files, gate, rule

import weighbridge
from tests.projects import DAYS, projects, records
from weighbridge.batch_plan import BatchTask
from weighbridge.diagnostics import DiagnosticError, ProjectError
from weighbridge.impact import MOST_ALONE, Feed, impact
from weighbridge.impact_result import TABLE, Impact, read_limit
from weighbridge.impact_tally import EXAMPLES
from weighbridge.single_changes import Changes
from weighbridge.versions import Version, load_version

RELAXED = settings(
    max_examples=int(os.environ.get("WEIGHBRIDGE_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
OUTPUTS = {
    "verdict": {"combine": "worst"},
    "tags": {"type": "text_list", "combine": "set"},
    "steps": {"type": "text_list", "combine": "collect"},
}
CARD = {
    "scorecard": "card",
    "record": "thing",
    "characteristics": [
        {"id": "many", "weight": 2, "value": "n", "bins": [{"upto": 1, "points": 0}, {"points": 100}]},
        {"id": "said", "weight": 1, "value": "length(t)", "bins": [{"points": 50}], "missing": 10},
    ],
    "tiers": [{"id": "low", "from": 0}, {"id": "high", "from": 60}],
}
SHOP = [
    *BASE,
    CARD,
    gate(
        rule("n > 3", "large"),
        rule("m > 1", "many", then={"verdict": "warn", "tags": ["m"]}),
        rule("mentions(t, terms.meat)", "meat", then={"verdict": "review", "tags": ["t"]}),
        rule('card.tier == "low"', "poor", then={"verdict": "warn"}),
        rule("o > region.limit", "over", then={"verdict": "review"}),
        outputs=OUTPUTS,
    ),
]
FEED = [
    {"n": 1, "m": 2, "t": "pork pie and pork", "o": 5},
    {"n": 4, "m": 0, "t": "bread"},
    {"n": 3, "m": 2, "t": "beef", "o": 3.5},
    {"m": 2, "o": 4},
    {"n": 2.5, "t": "fish"},
    {"n": 2},
]


def version(*documents: dict[str, Any], **tables: str) -> Version:
    return load_version("base", NOWHERE, {**files(*documents), **tables})


def changed(place: int, **keys: Any) -> list[dict[str, Any]]:
    """The shop with some keys of one document replaced."""
    return [*SHOP[:place], {**SHOP[place], **keys}, *SHOP[place + 1 :]]


def rules(**new: dict[str, Any]) -> list[dict[str, Any]]:
    """The shop with rules replaced by id, or added behind the others."""
    known = {r["id"]: r for r in SHOP[-1]["rules"]}
    return changed(
        len(SHOP) - 1, rules=list({**known, **{k: {"id": k, **v} for k, v in new.items()}}.values())
    )


def compare(
    base: Version, current: Version, records_: Any, markets: tuple[str, ...] = ("AA",), **keys: Any
) -> Impact:
    task = BatchTask(
        keys.pop("target", "gate"), markets, keys.pop("day", TODAY), keys.pop("market_field", None)
    )
    return impact(base, current, task, Feed(records_), **keys)


def listed(found: Impact) -> set[tuple[int, str, str, str]]:
    return {(r["row"], r["market"], r["kind"], r["name"]) for r in found.table.to_pylist()}


def check(base: Version, current: Version, records_: list[dict[str, Any]], **keys: Any) -> Impact:
    """Compares over records, and with the count one by one."""
    found = compare(base, current, pd.DataFrame(records_), **keys)
    markets, day = keys.get("markets", ("AA",)), keys.get("day", TODAY)
    expected = recount(base.engine, current.engine, keys.get("target", "gate"), records_, markets, day)
    assert listed(found) == expected
    assert found.changed == len({(row, market) for row, market, _, _ in expected})
    assert found.changed_records == len({row for row, _, _, _ in expected})
    assert found.verdicts_changed == sum(kind == "verdict" for _, _, kind, _ in expected)
    assert found.records == len(records_)
    moved = sum(m.count for m in found.moves) + found.others
    assert moved == sum(kind != "score" for _, _, kind, _ in expected)
    assert sum(s.count for s in found.scores) == sum(kind == "score" for _, _, kind, _ in expected)
    return found


# --- counting ---------------------------------------------------------------------------------------------


@RELAXED
@given(
    one=projects(),
    other=projects(),
    found=st.lists(records(), min_size=1, max_size=8),
    day=st.sampled_from(DAYS[:5]),
)
def test_random_versions_differ_as_counted_one_by_one(
    one: dict[str, str], other: dict[str, str], found: list[dict[str, Any]], day: date
) -> None:
    note(one["rulesets/all.yaml"])
    note(other["rulesets/all.yaml"])
    base, current = load_version("a", NOWHERE, one), load_version("b", NOWHERE, other)
    task = BatchTask("gate", ("AA", "BB"), day)
    table = pa.Table.from_pylist(found, schema=_schema(base))
    result = impact(base, current, task, Feed(table), causes=False)
    assert listed(result) == recount(base.engine, current.engine, "gate", found, ("AA", "BB"), day)


def _schema(of: Version) -> pa.Schema:
    kinds = {
        "text": pa.string(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "text_list": pa.list_(pa.string()),
    }
    return pa.schema([(n, kinds[f.type]) for n, f in of.engine.record_type("gate").fields.items()])


def test_nothing_differs_between_equal_versions() -> None:
    found = check(version(*SHOP), version(*SHOP), FEED)
    assert (found.changed, found.causes, found.together) == (0, (), 0)
    assert found.decisions == len(FEED)


def test_every_kind_of_difference_is_counted() -> None:
    card = {
        **CARD,
        "characteristics": [{**CARD["characteristics"][0], "weight": 1}, CARD["characteristics"][1]],
    }
    after = [*BASE, card, {**SHOP[-1], "rules": [*SHOP[-1]["rules"][1:], rule("n >= 3", "large")]}]
    found = check(version(*SHOP), version(*after), FEED)
    assert {m.kind for m in found.moves} == {"verdict", "rule", "tier"}
    assert found.scores[0].name == "card"
    large = next(m for m in found.moves if m.name == "gate/large")
    assert (large.before, large.after, large.count, large.examples) == ("silent", "fired", 1, ("#2",))


def test_the_order_of_a_set_is_no_difference_and_that_of_a_list_is() -> None:
    both = {"tags": ["a"], "steps": ["a"]}, {"tags": ["b"], "steps": ["b"]}
    one = [rule("true", "x", then=both[0]), rule("true", "y", then=both[1])]
    base = version(*BASE, gate(*one, outputs=OUTPUTS))
    current = version(*BASE, gate(*reversed(one), outputs=OUTPUTS))
    found = check(base, current, FEED[:2])
    assert {(m.kind, m.name, m.before, m.after) for m in found.moves} == {("output", "steps", "a, b", "b, a")}


def test_a_set_that_differs_is_shown_sorted() -> None:
    base = version(*BASE, gate(rule("true", "x", then={"tags": ["z", "c"]}), outputs=OUTPUTS))
    current = version(*BASE, gate(rule("true", "x", then={"tags": ["y", "b"]}), outputs=OUTPUTS))
    (move,) = check(base, current, FEED[:1]).moves
    assert (move.before, move.after) == ("c, z", "b, y")


def test_a_rule_that_becomes_undecided_is_one_of_its_own() -> None:
    base = version(*BASE, gate(rule("n > 3", if_unknown="review")))
    current = version(*BASE, gate(rule("n > 3 and o > 1", if_unknown="review")))
    found = check(base, current, [{"n": 5}, {"n": 5, "o": 2}, {"n": 1}])
    ways = {(m.kind, m.before, m.after) for m in found.moves}
    assert ways == {("verdict", "block", "review"), ("rule", "fired", "undecided")}


def test_silent_undecided_rules_are_compared_on_request() -> None:
    base, current = (version(*BASE, gate(rule(text))) for text in ("n > 3", "n > 3 and o > 1"))
    task = BatchTask("gate", ("AA",), TODAY, undecided=True)
    feed = Feed(pd.DataFrame([{"n": 5.0}, {"n": 1.0}]))
    (move, other) = impact(base, current, task, feed).moves
    assert {(m.before, m.after) for m in (move, other)} == {("block", "pass"), ("fired", "undecided")}


def test_conflicts_are_compared() -> None:
    outputs = {"x": {"type": "text", "combine": "unique"}}
    one = rule("n > 1", "a", then={"x": "a"})
    base = version(*BASE, gate(one, rule("n > 9", "b", then={"x": "b"}), outputs=outputs))
    current = version(*BASE, gate(one, rule("n > 1", "b", then={"x": "b"}), outputs=outputs))
    found = check(base, current, [{"n": 5}, {"n": 0}])
    assert {m.kind for m in found.moves} == {"output", "rule", "conflict"}


def test_records_that_are_none_under_one_version_only() -> None:
    fields = {**RECORD_TYPE["fields"], "n": {"type": "number", "max": 3}}
    current = version({**RECORD_TYPE, "fields": fields}, *SHOP[1:])
    feed = [{"n": 1, "m": 1, "w": "x"}, {"n": 4, "m": 1, "w": "y"}]
    found = check(version(*SHOP), current, feed)
    v = found.validity
    assert (v.before, v.after, v.newly_invalid, v.newly_valid) == (0, 1, 1, 0)
    ((key, why),) = v.examples
    assert key == "#1"
    assert "n" in why["en"] and "无效" in why["zh"]
    back = check(current, version(*SHOP), feed).validity
    assert (back.newly_invalid, back.newly_valid) == (0, 1)


def test_a_stream_is_read_again_where_versions_read_it_differently() -> None:
    fields = {**RECORD_TYPE["fields"], "n": {"type": "number", "max": 3}}
    current = version({**RECORD_TYPE, "fields": fields}, *SHOP[1:])
    table = pa.table({"n": [1.0, 4.0], "m": [1.0, 1.0]})
    found = compare(version(*SHOP), current, table.to_reader())
    assert found.validity.newly_invalid == 1


def test_markets_are_decided_each_and_new_ones_left_out_with_a_note() -> None:
    more = {"region": "CC", "extends": "world", "parameters": {"limit": 9}}
    current = version(*rules(over={"when": "o > region.limit - 1", "then": {"verdict": "block"}}), more)
    found = compare(version(*SHOP), current, pd.DataFrame(FEED), ("AA", "CC"))
    assert found.markets == ("AA",)
    assert [n.code for n in found.notes] == ["WB824"]
    with pytest.raises(DiagnosticError, match="no market 'CC'"):
        compare(version(*SHOP), current, pd.DataFrame(FEED), ("CC",))
    with pytest.raises(DiagnosticError, match="no target 'other'"):
        other = {**SHOP[-1], "ruleset": "other"}
        compare(version(*SHOP), version(*SHOP, other), pd.DataFrame(FEED), target="other")


def test_records_are_decided_in_the_market_they_name() -> None:
    two = {"region": "BB", "extends": "world"}
    base = version(*SHOP, two)
    current = version(*rules(large={"when": "n > 2", "then": {"verdict": "block"}}), two)
    feed = pd.DataFrame(
        [{"n": 3.0, "w": "AA"}, {"n": 3.0, "w": "BB"}, {"n": 3.0, "w": None}, {"n": 3.0, "w": "XX"}]
    )
    found = compare(base, current, feed, ("AA", "BB"), market_field="w")
    places = {(r, m) for r, m, kind, _ in listed(found) if kind == "verdict"}
    assert places == {(0, "AA"), (1, "BB"), (2, "AA"), (2, "BB")}
    assert found.validity.before == found.validity.after == 1


def test_a_scorecard_is_compared_too() -> None:
    tiers = [{"id": "low", "from": 0}, {"id": "high", "from": 70}]
    current = version(*BASE, {**CARD, "tiers": tiers}, *SHOP[len(BASE) + 1 :])
    feed = [{"n": 2, "t": "x"}, {"n": 2}, {"n": 0, "t": "x"}]
    found = check(version(*SHOP), current, feed, target="card")
    assert [(m.kind, m.before, m.after) for m in found.moves] == [] or found.moves[0].kind == "tier"
    assert found.totals and {t.kind for t in found.totals} == {"tier"}


def test_totals_say_how_many_decisions_have_each_verdict() -> None:
    base, current = version(*SHOP), version(*rules(large={"when": "n > 2", "then": {"verdict": "block"}}))
    found = check(base, current, FEED)
    for side, engine in enumerate((base.engine, current.engine)):
        verdicts = [engine.decide("gate", r, market="AA", as_of=TODAY).verdict or "" for r in FEED]
        counted = {t.value: (t.before, t.after)[side] for t in found.totals if t.kind == "verdict"}
        assert {v: n for v, n in counted.items() if n} == {v: verdicts.count(v) for v in verdicts}
        fired = [ref for r in FEED for ref in engine.decide("gate", r, market="AA", as_of=TODAY).fired]
        totals = {t.rule: (t.before, t.after)[side] for t in found.rules}
        assert {r: n for r, n in totals.items() if n} == {r: fired.count(r) for r in fired}


def test_pieces_are_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weighbridge.impact.ROWS_IN_HAND", 3)
    base = version(*SHOP)
    current = version(
        *rules(
            large={"when": "n > 2", "then": {"verdict": "block"}},
            more={"when": "m > 0", "then": {"tags": ["q"]}},
        )
    )
    rng = np.random.default_rng(5)
    feed = [{"n": float(n), "m": float(m)} for n, m in rng.integers(0, 6, (20, 2))]
    seen: list[int] = []
    parts: list[pa.Table] = []
    found = compare(
        base, current, pd.DataFrame(feed), progress=lambda n, share: seen.append(n), sink=parts.append
    )
    assert listed(found) == recount(base.engine, current.engine, "gate", feed, ("AA",), TODAY)
    assert seen == [3, 6, 9, 12, 15, 18, 20]
    assert pa.concat_tables(parts).equals(found.table)
    assert found.table.schema == TABLE
    assert all(len(m.examples) == min(m.count, EXAMPLES) for m in found.moves)


def test_keys_that_are_personal_are_masked_unless_asked_for() -> None:
    person = {
        **RECORD_TYPE,
        "key": "t",
        "fields": {**RECORD_TYPE["fields"], "t": {"type": "text", "personal": "contact"}},
    }
    documents = [person, *REGIONS, *TERMS, gate(rule("n > 3"))]
    base, current = version(*documents), version(*documents[:-1], gate(rule("n > 2")))
    feed = Feed(pd.DataFrame([{"n": 3.0, "t": "anna@example.org"}]))
    for personal in (False, True):
        found = impact(base, current, BatchTask("gate", ("AA",), TODAY, personal=personal), feed)
        names = {*found.moves[0].examples, *found.table.column("key").to_pylist()}
        assert (names == {"anna@example.org"}) is personal
        assert personal or all(name.startswith("masked-") for name in names)


def test_outputs_computed_from_personal_data_are_masked_unless_asked_for() -> None:
    fields = {**RECORD_TYPE["fields"], "t": {"type": "text", "personal": "contact"}}
    outputs = {**OUTPUTS, "said": {"type": "text", "combine": "first"}}
    base, current = (
        version(
            {**RECORD_TYPE, "fields": fields},
            {
                **WORLD,
                "privacy": [{"purposes": ["service"], "consent": "not_needed", "source": "House policy"}],
            },
            *REGIONS[1:],
            *TERMS,
            gate(rule(when, then={"said": {"value": "t"}}), outputs=outputs, purpose="service"),
        )
        for when in ("n > 3", "n > 2")
    )
    feed = Feed(pd.DataFrame([{"n": 3.0, "t": "anna@example.org"}]))
    for personal, shown in ((False, "***"), (True, "anna@example.org")):
        found = impact(base, current, BatchTask("gate", ("AA",), TODAY, personal=personal), feed)
        (move,) = (m for m in found.moves if m.kind == "output")
        assert (move.before, move.after) == ("", shown)
        assert found.table.to_pylist()[0]["after"] == shown


def test_what_progress_raises_ends_the_run() -> None:
    class Stop(Exception):
        pass

    def stop(records_: int, share: float | None) -> None:
        raise Stop

    with pytest.raises(Stop):
        compare(version(*SHOP), version(*SHOP), pd.DataFrame(FEED), progress=stop)


# --- causes -----------------------------------------------------------------------------------------------


def causes(found: Impact) -> dict[str, tuple[str, int, int, int]]:
    assert found.causes is not None
    return {c.name: (c.status, c.alone, c.explains, c.undone) for c in found.causes}


def test_each_change_alone_does_what_the_base_with_it_does() -> None:
    after = rules(
        large={"when": "n > 2", "then": {"verdict": "block"}},
        many={"when": "m > 1", "then": {"verdict": "review", "tags": ["m"]}},
    )
    found = check(version(*SHOP), version(*after), FEED)
    for name, only in (("large", after[-1]["rules"][0]), ("many", after[-1]["rules"][1])):
        alone = version(*rules(**{name: {k: v for k, v in only.items() if k != "id"}}))
        expected = recount(version(*SHOP).engine, alone.engine, "gate", FEED, ("AA",), TODAY)
        status, count, _, _ = causes(found)[f"ruleset gate rules {name}"]
        assert (status, count) == ("applied", len({(row, m) for row, m, _, _ in expected}))
    assert found.together == 0
    by_change = {r["changes"] for r in found.table.to_pylist()}
    assert by_change <= {"1", "2", "1 2"}


def test_a_difference_that_needs_two_changes_is_said_to() -> None:
    base = version(*BASE, gate(rule("n > 3 and o > 3")))
    # Each limit alone changes nothing for this record; both do.
    both = version(
        {**RECORD_TYPE},
        {**WORLD, "parameters": {**WORLD["parameters"], "limit": 1}},
        *REGIONS[1:],
        *TERMS,
        gate(rule("n > 3 and o > 3"), rule("n > 1 and m > region.limit", "two")),
    )
    found = check(base, both, [{"n": 2, "o": 1, "m": 2}, {"n": 2, "m": 4}])
    assert causes(found) == {
        "region world parameters limit": ("applied", 0, 0, 0),
        "ruleset gate rules two": ("applied", 1, 1, 0),
    }
    assert found.together == 1
    assert {r["row"]: r["changes"] for r in found.table.to_pylist()} == {0: "", 1: "2"}


def test_changes_that_undo_each_other_are_seen() -> None:
    after = [*rules(large={"when": "n > 2", "then": {"verdict": "block"}})]
    rescue = {
        "region": "AA",
        "extends": "east",
        "overrides": [{"rule": "gate/large", "set": {"enabled": False}, "reason": "Not here."}],
    }
    after[after.index(REGIONS[-1])] = rescue
    base = [*SHOP]
    base[base.index(REGIONS[-1])] = rescue
    again = [*after]
    again[again.index(rescue)] = REGIONS[-1]
    found = check(version(*base), version(*again), [{"n": 2.5}, {"n": 4}, {"n": 0}])
    assert found.together == 1  # n = 2.5 needs the rule to be on and lower
    assert causes(found)["region AA overrides"][1:] == (1, 1, 0)
    undone = check(version(*SHOP), version(*after), [{"n": 2.5}, {"n": 0}])
    assert causes(undone)["ruleset gate rules large"] == ("applied", 1, 0, 1)


def test_one_change_is_the_cause_of_everything() -> None:
    found = check(
        version(*SHOP), version(*rules(large={"when": "n > 2", "then": {"verdict": "block"}})), FEED
    )
    ((status, alone, explains, _),) = causes(found).values()
    assert (status, alone, explains) == ("all", found.changed, found.changed)


def test_a_change_without_effect_and_one_that_needs_another() -> None:
    new_terms = {"term_list": "fish", "terms": ["fish"]}
    after = [
        *rules(
            fishy={"when": "mentions(t, terms.fish)", "then": {"verdict": "block"}},
            large={"when": "n > 3", "then": {"verdict": "block"}, "title": "Large"},
        ),
        new_terms,
    ]
    found = check(version(*SHOP), version(*after), FEED)
    assert found.causes is not None
    fishy = next(c for c in found.causes if c.name.endswith("fishy"))
    assert [c.name for c in fishy.needs] == ["term_list fish"]
    assert (fishy.status, fishy.alone, fishy.explains) == ("applied", 1, 1)
    terms = next(c for c in found.causes if c.name == "term_list fish")
    assert terms.alone == 0


def test_a_change_that_does_not_load_alone_says_why() -> None:
    fields = {n: f for n, f in RECORD_TYPE["fields"].items() if n != "o"}
    after = [
        {**RECORD_TYPE, "fields": fields},
        *rules(over={"when": "m > region.limit", "then": {"verdict": "block"}})[1:],
    ]
    found = compare(version(*SHOP), version(*after), pd.DataFrame([{"n": 4.0, "m": 4.0}]))
    assert found.causes is not None
    gone = next(c for c in found.causes if c.name == "record_type thing fields o")
    assert gone.status == "does_not_load"
    assert gone.problems[0].code == "WB301" or gone.problems[0].code.startswith("WB")
    assert "o" in gone.problems[0].message


def test_many_changes_are_tried_by_file_and_then_not_at_all(tmp_path: Path) -> None:
    many = [rule(f"n > {i}", f"r{i}") for i in range(MOST_ALONE + 1)]
    fewer = [rule(f"n >= {i}", f"r{i}") for i in range(MOST_ALONE + 1)]
    found = check(version(*BASE, gate(*many)), version(*BASE, gate(*fewer)), [{"n": 0}, {"n": 99}])
    assert [n.code for n in found.notes] == ["WB825"]
    assert causes(found) == {"rulesets/all.yaml": ("all", 1, 1, 0)}
    texts = [
        {
            f"rulesets/r{i}.yaml": files(gate(r, ruleset=f"g{i}"))["rulesets/all.yaml"]
            for i, r in enumerate(rs)
        }
        for rs in (many, fewer)
    ]
    base, current = (load_version("b", NOWHERE, {**files(*SHOP), **t}) for t in texts)
    found = compare(base, current, pd.DataFrame(FEED))
    assert found.causes is None
    assert [n.code for n in found.notes] == ["WB825"]


def test_causes_need_not_be_looked_for() -> None:
    after = version(*rules(large={"when": "n > 2", "then": {"verdict": "block"}}))
    found = compare(version(*SHOP), after, pd.DataFrame(FEED), causes=False)
    assert (found.causes, found.together) == (None, 0)
    assert found.changed == 2


# --- changes ----------------------------------------------------------------------------------------------

EDITS: dict[str, list[dict[str, Any]]] = {
    "a rule": rules(large={"when": "n > 2", "then": {"verdict": "block"}}),
    "a new rule": rules(new={"when": "n > 2", "then": {"verdict": "warn"}}),
    "rules in another order": changed(len(SHOP) - 1, rules=[*reversed(SHOP[-1]["rules"])]),
    "an order and a new rule": changed(
        len(SHOP) - 1, rules=[rule("b", "first"), *reversed(SHOP[-1]["rules"]), rule("p", "last")]
    ),
    "a rule gone": changed(len(SHOP) - 1, rules=SHOP[-1]["rules"][1:]),
    "terms": changed(4, terms=["pork", "beef \U0001f416"]),
    "a parameter": changed(1, parameters={**WORLD["parameters"], "limit": 1.50}),
    "a tier": changed(
        5, tiers=[{"id": "low", "from": 0}, {"id": "mid", "from": 30}, {"id": "high", "from": 60}]
    ),
    "a weight of a region": changed(3, weights={"card": {"many": 5}}),
    "a field": changed(0, fields={**RECORD_TYPE["fields"], "extra": {"type": "number"}}),
    "a document gone": SHOP[:-1],
    "an output": changed(
        len(SHOP) - 1, outputs={**OUTPUTS, "steps": {"type": "text_list", "combine": "set"}}
    ),
}


@pytest.mark.parametrize("what", EDITS)
def test_all_changes_together_make_the_project(what: str) -> None:
    base, current = version(*SHOP), version(*EDITS[what])
    changes = Changes(base.engine.project, current.engine.project)
    assert changes.found
    made = weighbridge.load(NOWHERE, {**base.files, **changes.texts(changes.found)})
    assert made.version == current.engine.version


@pytest.mark.parametrize(
    "what", ["a rule", "a new rule", "a rule gone", "terms", "a parameter", "a weight of a region", "a field"]
)
def test_one_edit_is_one_change(what: str) -> None:
    (change,) = Changes(version(*SHOP).engine.project, version(*EDITS[what]).engine.project).found
    assert change.span is not None


TABLE_RULES = gate(tables=[{"id": "t", "inputs": ["n"], "outputs": ["verdict"], "rows": "t.csv"}], rules=[])
ROWS = {
    "first": "id,n,verdict\na,> 3,block\nb,1.50,warn\n",
    "cell": "id,n,verdict\na,> 2,block\nb,1.50,warn\n",
    "row": 'id,n,verdict\na,> 3,block\nc,"[0..1)",review\nb,1.50,warn\n',
    "gone": "id,n,verdict\nb,1.50,warn\n",
    "order": "id,n,verdict\nb,1.50,warn\na,> 3,block\n",
}


@pytest.mark.parametrize("what", [name for name in ROWS if name != "first"])
def test_a_row_of_a_table_file_is_a_change(what: str) -> None:
    base = version(*BASE, TABLE_RULES, **{"rulesets/t.csv": ROWS["first"]})
    current = version(*BASE, TABLE_RULES, **{"rulesets/t.csv": ROWS[what]})
    changes = Changes(base.engine.project, current.engine.project)
    (change,) = changes.found
    assert change.place == "rulesets/t.csv"
    made = weighbridge.load(NOWHERE, {**base.files, **changes.texts(changes.found)})
    assert made.version == current.engine.version
    check(base, current, [{"n": 1.5}, {"n": 2.5}, {"n": 4}, {"n": 0.5}])


def test_a_document_that_moves_to_another_file_is_no_change() -> None:
    moved = {
        "rulesets/a.yaml": files(*SHOP[:3])["rulesets/all.yaml"],
        "rulesets/b.yaml": files(*SHOP[3:])["rulesets/all.yaml"],
    }
    current = load_version("moved", NOWHERE, moved)
    assert Changes(version(*SHOP).engine.project, current.engine.project).found == ()


@RELAXED
@given(one=projects(), other=projects())
def test_random_changes_together_make_the_project(one: dict[str, str], other: dict[str, str]) -> None:
    note(one["rulesets/all.yaml"])
    note(other["rulesets/all.yaml"])
    base, current = load_version("a", NOWHERE, one), load_version("b", NOWHERE, other)
    changes = Changes(base.engine.project, current.engine.project)
    try:
        made = weighbridge.load(NOWHERE, {**one, **changes.texts(changes.found)})
    except ProjectError as error:
        raise AssertionError(str(error)) from None
    assume(made.version != base.engine.version)
    assert made.version == current.engine.version


# --- limits -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "changed_", "of", "failed"),
    [
        ("0", 0, 10, False),
        ("0", 1, 10, True),
        ("3", 3, 10, False),
        ("3", 4, 10, True),
        ("30%", 3, 10, False),
        ("29.9 %", 3, 10, True),
        ("0%", 0, 0, False),
    ],
)
def test_a_limit_is_a_number_or_a_share(text: str, changed_: int, of: int, failed: bool) -> None:
    found = compare(version(*SHOP), version(*SHOP), pd.DataFrame(FEED))
    counted = {f: getattr(found, f) for f in found.__dataclass_fields__}
    assert read_limit(text).exceeded(Impact(**{**counted, "changed": changed_, "decisions": of})) is failed


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "101%", "nan", "inf%", "%", "1e400"])
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(DiagnosticError, match="--max-changed"):
        read_limit(text)
