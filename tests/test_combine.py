"""Combine policies: several rules set one output; violated policies are conflicts, never a silent first hit."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import pytest
from small_projects import BASE, TODAY, gate, load, refusal, rule

from weighbridge.decisions import Decision

LEVELS = ["mild", "middling", "harsh"]
NUMBERS: dict[str, Any] = {"type": "number"}
TEXTS: dict[str, Any] = {"type": "text"}


def decide(
    output: dict[str, Any], values: list[Any], record: dict[str, Any] | None = None, **keys: Any
) -> Decision:
    """The decision where one rule after another sets the output `x`. Rule i fires unless its value is None."""
    rules = [
        {"id": f"r{i}", "when": "false" if v is None else "true", "then": {"x": 0 if v is None else v}}
        for i, v in enumerate(values)
    ]
    if output.get("type") != "number":
        rules = [r | {"then": {"x": "mild"}} if v is None else r for r, v in zip(rules, values, strict=True)]
    engine = load(*BASE, gate(*rules, outputs={"x": output}, **keys))
    return engine.decide("gate", record or {}, market="AA", as_of=TODAY)


@pytest.mark.parametrize(
    ("output", "values", "expected"),
    [
        (TEXTS | {"combine": "first"}, ["b", "a"], "b"),
        (TEXTS | {"combine": "first"}, [None, "a", "b"], "a"),
        (TEXTS | {"combine": "unique"}, [None, "a"], "a"),
        (TEXTS | {"combine": "any"}, ["a", "a", "a"], "a"),
        (TEXTS | {"combine": "worst", "allowed": LEVELS}, ["mild", "harsh", "middling"], "harsh"),
        (TEXTS | {"combine": "best", "allowed": LEVELS}, ["harsh", "middling"], "middling"),
        (TEXTS | {"combine": "collect"}, ["b", "a", "b"], ["b", "a", "b"]),
        (TEXTS | {"combine": "collect"}, [["b", "a"], "c"], ["b", "a", "c"]),
        (TEXTS | {"combine": "set"}, ["b", "a", "b"], ["b", "a"]),
        (TEXTS | {"combine": "set"}, [["b", "a"], "b"], ["b", "a"]),
        ({"type": "text_list", "combine": "collect"}, [["b"], ["a", "b"]], ["b", "a", "b"]),
        ({"type": "text_list", "combine": "first"}, [["b"], ["a"]], ["b"]),
        (NUMBERS | {"combine": "sum"}, [1, 2.5, -4], -0.5),
        (NUMBERS | {"combine": "min"}, [3, 1, 2], 1.0),
        (NUMBERS | {"combine": "max"}, [3, 1, 2], 3.0),
        (NUMBERS | {"combine": "count"}, [3, None, 2], 2.0),
        (TEXTS | {"combine": "count"}, ["a", "a"], 2.0),
        (NUMBERS | {"combine": "first"}, [3, 1], 3.0),
        ({"type": "boolean", "combine": "any"}, [True, True], True),
        ({"type": "date", "combine": "first"}, ["2026-02-03"], date(2026, 2, 3)),
    ],
)  # fmt: skip
def test_values_are_combined(output: dict[str, Any], values: list[Any], expected: Any) -> None:
    decision = decide(output, values)
    assert decision.outputs == {"x": expected}
    assert [f.status for f in decision.findings] == ["fired"] * sum(v is not None for v in values)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (TEXTS | {"combine": "first"}, None),
        (TEXTS | {"combine": "first", "default": "d"}, "d"),
        (TEXTS | {"combine": "worst", "allowed": LEVELS, "default": "mild"}, "mild"),
        (TEXTS | {"combine": "collect"}, []),
        (TEXTS | {"combine": "collect", "default": "d"}, ["d"]),
        (TEXTS | {"combine": "set", "default": ["d", "e"]}, ["d", "e"]),
        (NUMBERS | {"combine": "sum"}, None),
        (NUMBERS | {"combine": "sum", "default": 0}, 0.0),
        (NUMBERS | {"combine": "count"}, 0.0),
        (NUMBERS | {"combine": "max"}, None),
    ],
)
def test_without_a_rule_the_default_holds(output: dict[str, Any], expected: Any) -> None:
    assert decide(output, [None]).outputs == {"x": expected}


def test_a_default_does_not_mix_with_what_rules_set() -> None:
    assert decide(NUMBERS | {"combine": "sum", "default": 100}, [1, 2]).outputs == {"x": 3.0}
    assert decide(TEXTS | {"combine": "collect", "default": "d"}, ["a"]).outputs == {"x": ["a"]}


@pytest.mark.parametrize(
    ("policy", "values", "rules"),
    [
        ("unique", ["a", "b"], ["gate/r0", "gate/r1"]),
        ("unique", ["a", "a"], ["gate/r0", "gate/r1"]),
        ("any", ["a", "a", "b"], ["gate/r0", "gate/r1", "gate/r2"]),
    ],
)
def test_a_violated_policy_is_a_conflict(policy: str, values: list[Any], rules: list[str]) -> None:
    decision = decide(TEXTS | {"combine": policy, "default": "d"}, values)
    assert decision.outputs == {"x": None}, "not the first hit, and not the default"
    (conflict,) = [f for f in decision.findings if f.status == "conflict"]
    assert (conflict.rule, conflict.severity) == (rules[0], "error")
    for language in ("en", "zh"):
        assert all(name in conflict.reason[language] for name in (*rules, "x"))
    assert "conflict" in [f["status"] for f in decision.to_dict()["findings"]]


def test_lists_and_dates_can_conflict_too() -> None:
    lists = decide({"type": "text_list", "combine": "any"}, [["a"], ["b"]])
    dates = decide({"type": "date", "combine": "any"}, ["2026-01-01", "2026-01-02"])
    same = decide({"type": "text_list", "combine": "any"}, [["a", "b"], ["a", "b"]])
    assert [f.status for f in lists.findings] == ["fired", "fired", "conflict"]
    assert [f.status for f in dates.findings] == ["fired", "fired", "conflict"]
    assert same.outputs == {"x": ["a", "b"]}


def test_computed_values_conflict_by_value() -> None:
    rules = [
        {"id": f"r{i}", "when": "true", "then": {"x": {"value": text}}} for i, text in enumerate(("n", "m"))
    ]
    engine = load(*BASE, gate(*rules, outputs={"x": NUMBERS | {"combine": "any"}}))
    for record, x, conflicts in (({"n": 1, "m": 1}, 1.0, 0), ({"n": 1, "m": 2}, None, 1), ({"n": 1}, 1.0, 0)):
        decision = engine.decide("gate", record, market="AA", as_of=TODAY)
        assert decision.outputs == {"x": x}
        assert sum(f.status == "conflict" for f in decision.findings) == conflicts


def test_an_unknown_value_is_no_value() -> None:
    computed = [
        {"id": f"r{i}", "when": "true", "then": {"x": {"value": text}}}
        for i, text in enumerate(("n", "m / 0"))
    ]
    for policy, expected in (("sum", 1.0), ("count", 1.0), ("first", 1.0), ("unique", 1.0), ("min", 1.0)):
        engine = load(*BASE, gate(*computed, outputs={"x": NUMBERS | {"combine": policy}}))
        assert engine.decide("gate", {"n": 1, "m": 1}, market="AA", as_of=TODAY).outputs == {"x": expected}
        nothing = engine.decide("gate", {}, market="AA", as_of=TODAY).outputs["x"]
        assert nothing == (0.0 if policy == "count" else None)


def test_a_sum_does_not_depend_on_the_order_of_rules() -> None:
    points = [0.1, 0.2, 0.3, 1e16, -1e16, 0.4]
    sums = {
        decide(NUMBERS | {"combine": "sum"}, list(order)).outputs["x"]
        for order in itertools.islice(itertools.permutations(points), 0, 720, 97)
    }
    assert sums == {1.0}


def test_a_sum_beyond_all_numbers_is_unknown() -> None:
    assert decide(NUMBERS | {"combine": "sum"}, [1e308, 1e308]).outputs == {"x": None}
    infinite = {"value": "n * 10"}
    assert decide(NUMBERS | {"combine": "sum"}, [infinite, {"value": "-n * 10"}], {"n": 1e308}).outputs == {
        "x": None
    }


# ------------------------------------------------------------------------------------------ undecided rules


def verdict(record: dict[str, Any], *rules: dict[str, Any], **keys: Any) -> Any:
    """The verdict of rules over a record."""
    return load(*BASE, gate(*rules, **keys)).decide("gate", record, market="AA", as_of=TODAY).verdict


@pytest.mark.parametrize(("policy", "expected"), [("skip", "pass"), ("fire", "block"), ("review", "review")])
def test_an_undecided_rule_does_what_its_policy_says(policy: str, expected: str) -> None:
    assert verdict({}, rule("n > 1", if_unknown=policy)) == expected
    assert verdict({}, rule("n > 1"), if_unknown=policy) == expected
    assert verdict({"n": 0}, rule("n > 1", if_unknown=policy)) == "pass"
    assert verdict({"n": 2}, rule("n > 1", if_unknown=policy)) == "block"


def test_a_review_weighs_less_than_a_block_and_more_than_a_warning() -> None:
    review = rule("n > 1", id="open", if_unknown="review")
    assert verdict({"b": True}, review, rule("b")) == "block"
    assert verdict({"b": True}, review, rule("b") | {"then": {"verdict": "warn"}}) == "review"


def test_an_undecided_rule_that_fires_sets_all_its_outputs() -> None:
    fire = {
        "id": "r",
        "when": "n > 1",
        "if_unknown": "fire",
        "then": {"x": {"value": "m * 2"}, "verdict": "warn"},
    }
    outputs = {"verdict": {}, "x": NUMBERS | {"combine": "sum"}}
    decision = load(*BASE, gate(fire, outputs=outputs)).decide("gate", {"m": 4}, market="AA", as_of=TODAY)
    assert decision.outputs == {"verdict": "warn", "x": 8.0}
    assert [(f.status, f.missing) for f in decision.findings] == [("fired", ("n",))]
    assert decision.unknown == ("gate/r",)


def test_a_ruleset_without_reviews_does_not_invent_them() -> None:
    own = {"verdict": {"type": "text", "combine": "worst", "allowed": ["ok", "bad"], "default": "ok"}}
    undecided = {"id": "r", "when": "n > 1", "then": {"verdict": "bad"}, "if_unknown": "review"}
    decision = load(*BASE, gate(undecided, outputs=own)).decide("gate", {}, market="AA", as_of=TODAY)
    assert decision.verdict == "ok"
    assert decision.unknown == ("gate/r",)


# --------------------------------------------------------------------------------------- tables and inclusion


def test_only_the_first_row_of_a_first_hit_table_counts() -> None:
    table = {"id": "tab", "hit": "first", "inputs": ["n"], "outputs": ["verdict"], "if_unknown": "review"}
    table |= {"rows": [[">= 10", "block"], [">= 5", "review"], ["-", "warn"]]}
    engine = load(*BASE, gate(tables=[table]))
    for n, expected, row in ((12, "block", 1), (7, "review", 2), (1, "warn", 3)):
        decision = engine.decide("gate", {"n": n}, market="AA", as_of=TODAY)
        assert (decision.verdict, decision.fired) == (expected, (f"gate/tab-{row}",))
    unknown = engine.decide("gate", {}, market="AA", as_of=TODAY)
    assert (unknown.fired, unknown.unknown) == (("gate/tab-3",), ("gate/tab-1", "gate/tab-2"))


def test_a_unique_output_of_a_first_hit_table_has_no_conflict() -> None:
    rows = [[">= 1", "a"], [">= 0", "b"]]
    for hit, expected in (("first", "a"), ("all", None)):
        table = {"id": "tab", "hit": hit, "inputs": ["n"], "outputs": ["x"], "rows": rows}
        engine = load(*BASE, gate(tables=[table], outputs={"x": TEXTS | {"combine": "unique"}}))
        assert engine.decide("gate", {"n": 2}, market="AA", as_of=TODAY).outputs == {"x": expected}


def test_the_including_ruleset_decides_how_outputs_combine() -> None:
    base = {"ruleset": "base", "record": "thing", "outputs": {"x": NUMBERS | {"combine": "max"}}, "rules": []}
    base |= {"rules": [{"id": "r", "when": "true", "then": {"x": 2}}]}
    own = {"id": "r", "when": "true", "then": {"x": 3}}
    engine = load(*BASE, base, gate(own, include=["base"], outputs={"x": NUMBERS | {"combine": "sum"}}))
    decision = engine.decide("gate", {}, market="AA", as_of=TODAY)
    assert decision.outputs == {"x": 5.0}
    assert decision.fired == ("base/r", "gate/r"), "included rules come first"


@pytest.mark.parametrize(
    ("output", "value"),
    [
        (TEXTS | {"combine": "worst"}, "a"),
        (TEXTS | {"combine": "sum"}, "a"),
        (TEXTS | {"combine": "max"}, "a"),
        (NUMBERS | {"combine": "collect"}, 1),
        ({"type": "text_list", "combine": "worst", "allowed": ["a"]}, "a"),
        (NUMBERS | {"combine": "sum", "default": "a"}, 1),
        (NUMBERS | {"combine": "count", "default": "a"}, 1),
        (TEXTS | {"combine": "collect", "default": 5}, "a"),
        (TEXTS | {"combine": "worst", "allowed": ["a"], "default": "b"}, "a"),
        (TEXTS | {"combine": "first", "allowed": ["a"]}, "b"),
        (TEXTS | {"combine": "first", "allowed": ["a"]}, {"value": "t"}),
        (TEXTS | {"combine": "worst", "allowed": ["a"]}, {"value": "'a' if b else 'b'"}),
        (TEXTS | {"combine": "collect", "allowed": ["a"]}, ["a", "b"]),
        ({"type": "text_list", "combine": "first", "allowed": ["a"]}, ["a", "b"]),
        (TEXTS | {"combine": "most"}, "a"),
    ],
)
def test_outputs_that_could_fail_with_a_record_are_refused_at_load(
    output: dict[str, Any], value: Any
) -> None:
    set_x = {"id": "r", "when": "b", "then": {"x": value}}
    assert refusal(*BASE, gate(set_x, outputs={"x": output}))


def test_computed_texts_among_the_allowed_ones_are_fine() -> None:
    derived = {"level": {"value": "'mild' if n < 1 else 'harsh'"}}
    values = ["level", "'mild' if b else level", "coalesce(level, 'middling')"]
    rules = [{"id": f"r{i}", "when": "true", "then": {"x": {"value": v}}} for i, v in enumerate(values)]
    outputs = {"x": TEXTS | {"combine": "worst", "allowed": LEVELS}}
    engine = load(*BASE, gate(*rules, outputs=outputs, derived=derived))
    for record, expected in (
        ({"n": 2, "b": True}, "harsh"),
        ({"n": 0, "b": False}, "mild"),
        ({}, "middling"),
    ):
        assert engine.decide("gate", record, market="AA", as_of=TODAY).outputs == {"x": expected}
