"""Documents: their full form, and every way of getting one wrong, with the exact place of the complaint."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from weighbridge.documents import (
    Interval,
    OutputModel,
    ScorecardOverride,
    SourceModel,
    duration_minutes,
    read_interval,
)
from weighbridge.project import Loaded, load_text

SOUND = {
    "record_type": """
record_type: listing
title: {en: Product listing, zh: 商品}
key: sku
fields:
  sku: {type: text, required: true, title: 货号}
  price: {type: number, unit: EUR, min: 0, max: 1e9}
  stock: {type: text, allowed: [in_stock, out_of_stock]}
  category: {type: text, tree: [apparel, apparel/footwear]}
  languages: {type: text_list}
derived:
  margin: {value: "price * 0.5"}
feeds:
  shopify: {sku: SKU, price: {from: Price, as: number}}
""",
    "mapping": """
mapping: shopee
record: listing
format: csv
missing: ["", "null", "-"]
columns:
  sku: id
  price: {from: final_price, as: number, strip: "$,"}
  tags: {from: tags, as: text_list, split: ","}
  title: {from: [title, name]}
  text: {from: [a, b], join: " "}
  category:
    from: path
    choose: [{contains: shoe, value: a/b}, {contains: [x, y], value: a}]
    otherwise: null
  language: {value: en}
""",
    "region": """
region: SA
extends: gcc
title: Saudi Arabia
declares:
  ramadan: {type: boolean}
parameters:
  currency: SAR
  weekend: [friday, saturday]
  ramadan:
    - {from: 2026-02-18, to: 2026-03-19, value: true}
weights:
  cultural_fit: {symbol: 18, colour: [{from: 2026-01-01, value: 2.5}]}
overrides:
  - {rule: gate/needs-committee, set: {enabled: false}, from: 2026-01-01, reason: "..."}
  - {scorecard: cultural_fit, set: {minimum_coverage: 0.5, tiers: {fit: 85}}, reason: {en: x, zh: y}}
""",
    "term_list": """
term_list: pig
match: {accents: exact}
terms: {en: [pig, pork], ar: [خنزير]}
except: [guinea pig]
""",
    "scorecard": """
scorecard: cultural_fit
record: listing
minimum_coverage: 0.6
characteristics:
  - id: symbol
    weight: 12
    value: count_mentions(all_text, region.terms)
    bins: [{upto: 0, points: 100}, {upto: 1, points: 40, reason: one}, {points: 0}]
    missing: 60
  - {id: colour, points: 100 - price, min: 0, max: 100, reason_code: looks}
  - {id: size, value: length(title), bins: [{range: "[0..5)", points: 1}, {range: "[5..9]", points: 2}]}
  - {id: kind, value: stock, bins: [{in: [a, b], points: 1}, {is: true, points: 2}, {points: 0}]}
tiers: [{id: reject, from: 0}, {id: fit, from: 80}]
""",
    "ruleset": """
ruleset: listing_gate
record: listing
include: [taboo_base]
outputs: {verdict: {}, actions: {type: text, combine: collect}}
rules:
  - id: pig-materials
    when: mentions(materials, terms.pig)
    then: {verdict: block, actions: [remove, tell], price: {value: "price * 0.9"}}
    markets: gcc
    effective: {from: 2024-12-13}
    reason: {en: "{match}", zh: "{match}"}
    source: GSO 9
    review: {queue: committee, within: 48h, approvers: 2}
  - id: TAB-1.2
    when: true
    then: {verdict: warn}
    source: {citation: x, url: "https://x.y", checked: 2026-01-02}
tables:
  - id: shipping
    inputs: [market, weight_kg]
    outputs: [route, actions]
    rows: [["-", ">= 5", sea, [a, b]]]
  - id: taboos
    columns:
      {id: {as: id}, terms: {as: mentions, of: all_text}, verdict: {as: output}, why: {as: reason},
       price: {as: test}}
    rows: [{id: T-1, terms: pig, verdict: block, why: because, price: 1e3}]
""",
    "scenarios": """
scenarios: listing_gate
record: {title: Bag, price: 10}
market: SA
as_of: 2026-11-21
cases:
  - name: blocked
    record: {title: Pigskin bag, price: null}
    expect: {verdict: block, outputs: {actions: [remove], route: null}, fired: [listing_gate/pig-materials]}
  - name: two markets
    markets: [SA, AE]
    expect: {only_fired: [], scores: {cultural_fit: {tier: null, min: 4}}}
""",
}


def load(text: str) -> Loaded:
    return load_text(text.lstrip("\n"), "f.yaml")


def sound(kind: str) -> Any:
    loaded = load(SOUND[kind])
    assert loaded.diagnostics == []
    return loaded.documents[0].model


def complaints(text: str) -> list[str]:
    """Code and place of every problem, in order of place, as "WB102 3:5"."""
    spans = [(d.span, d.code) for d in load(text).diagnostics]
    places = sorted((span.line, span.column, code) for span, code in spans if span is not None)
    assert len(places) == len(spans)
    return [f"{code} {line}:{column}" for line, column, code in places]


# ---- full forms


@pytest.mark.parametrize("kind", SOUND)
def test_a_sound_document_of_every_kind(kind: str) -> None:
    loaded = load(SOUND[kind])
    assert loaded.diagnostics == []
    assert [document.kind for document in loaded.documents] == [kind]
    assert loaded.broken == set()


@pytest.mark.parametrize("kind", SOUND)
def test_models_dump_without_complaints(kind: str, recwarn: pytest.WarningsRecorder) -> None:
    sound(kind).model_dump(mode="json", by_alias=True)
    assert not recwarn.list


def test_record_type_in_full() -> None:
    model = sound("record_type")
    assert model.fields["sku"].title == {"en": "货号"}
    assert (model.fields["price"].min, model.fields["price"].max) == (0, 1e9)
    assert model.additional_fields == "forbid"
    assert model.feeds["shopify"]["sku"].from_ == ("SKU",)


def test_mapping_in_full() -> None:
    columns = sound("mapping").columns
    assert columns["sku"].from_ == ("id",)
    assert columns["category"].choose[0].contains == ("shoe",)
    assert (columns["language"].is_constant, columns["sku"].is_constant) == (True, False)


def test_region_in_full() -> None:
    model = sound("region")
    assert model.extends == ("gcc",)
    assert model.is_market
    assert model.parameters["currency"][0].value == "SAR"
    assert model.parameters["weekend"][0].value == ("friday", "saturday")
    dated = model.parameters["ramadan"][0]
    assert (dated.from_, dated.to) == (datetime.date(2026, 2, 18), datetime.date(2026, 3, 19))
    assert dated.value is True
    assert model.weights["cultural_fit"]["symbol"][0].value == 18
    rule, card = model.overrides
    assert (rule.rule, rule.set, rule.reason) == ("gate/needs-committee", {"enabled": False}, {"en": "..."})
    assert isinstance(card, ScorecardOverride)
    assert (card.set.minimum_coverage, card.set.tiers) == (0.5, {"fit": 85})


def test_a_group_is_no_market() -> None:
    assert not load("region: gcc\n").documents[0].model.is_market
    assert load("region: gcc\nmarket: true\n").documents[0].model.is_market


def test_term_list_in_full() -> None:
    model = sound("term_list")
    assert model.terms == {"en": ("pig", "pork"), "ar": ("خنزير",)}
    assert model.except_ == {"": ("guinea pig",)}
    assert (model.match.case, model.match.accents, model.match.plural) == ("fold", "exact", True)


def test_scorecard_in_full() -> None:
    model = sound("scorecard")
    symbol, colour, size, kind = model.characteristics
    assert [item.selectors for item in symbol.bins] == [("upto",), ("upto",), ()]
    assert symbol.bins[1].reason == {"en": "one"}
    assert (symbol.code, colour.code, colour.weight) == ("symbol", "looks", 1)
    assert size.bins[0].interval == Interval(0, True, 5, False)
    assert (kind.bins[0].in_, kind.bins[1].is_) == (("a", "b"), True)


def test_ruleset_in_full() -> None:
    model = sound("ruleset")
    assert model.outputs["verdict"] == OutputModel(
        type="text", combine="worst", default="pass", allowed=("pass", "warn", "review", "block")
    )
    rule = model.rules[0]
    assert rule.markets == ("gcc",)
    assert rule.then["actions"] == ("remove", "tell")
    assert rule.then["price"].value == "price * 0.9"
    assert rule.source == SourceModel(citation="GSO 9")
    assert rule.review.within == "48h"
    assert model.rules[1].when == "true"
    short, full = model.tables
    assert [(role.as_, role.of, role.to) for role in short.roles().values()] == [
        ("test", "market", None), ("test", "weight_kg", None),
        ("output", None, "route"), ("output", None, "actions"),
    ]  # fmt: skip
    assert (full.roles()["price"].of, full.roles()["verdict"].to, full.roles()["why"].language) == (
        "price", "verdict", "en",
    )  # fmt: skip


def test_a_ruleset_without_outputs_has_a_verdict() -> None:
    model = load("ruleset: g\nrecord: l\n").documents[0].model
    assert model.outputs["verdict"].combine == "worst"


def test_scenarios_in_full() -> None:
    model = sound("scenarios")
    first, second = model.cases
    assert first.record == {"title": "Pigskin bag", "price": None}
    assert first.expect.outputs == {"actions": ("remove",), "route": None}
    assert first.expect.only_fired is None
    assert second.expect.only_fired == ()
    assert second.expect.scores["cultural_fit"].model_fields_set == {"tier", "min"}


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("[0..5)", Interval(0, True, 5, False)),
        ("(-1.5 .. 2]", Interval(-1.5, False, 2, True)),
        ("[5..)", Interval(5, True, None, False)),
        ("(..3]", Interval(None, False, 3, True)),
        ("[3..3]", Interval(3, True, 3, True)),
        ("[3..3)", None),
        ("[5..1]", None),
        ("0..5", None),
        ("[0,5]", None),
        ("[a..b]", None),
        ("]0..5[", None),
    ],
)
def test_intervals(text: str, interval: Interval | None) -> None:
    assert read_interval(text) == interval


@pytest.mark.parametrize(("text", "minutes"), [("30m", 30), ("48h", 2880), ("7d", 10080)])
def test_durations(text: str, minutes: int) -> None:
    assert duration_minutes(text) == minutes


# ---- wrong shapes

RULE = "ruleset: g\nrecord: l\nrules:\n- id: a\n  when: x\n  then: {verdict: block}\n"
CARD = "scorecard: c\nrecord: l\ncharacteristics:\n- id: a\n"
BINS = CARD + "  value: x\n  bins:\n"
FIELD = "record_type: l\nfields:\n  a: "
TABLE = "ruleset: g\nrecord: l\ntables:\n- id: t\n"
CASE = "scenarios: g\nmarket: SA\nas_of: 2026-01-01\ncases:\n- name: n\n"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # unknown and missing keys
        (RULE.replace("when", "whne"), ["WB102 5:3"]),
        (RULE.replace("  when: x\n", ""), ["WB103 4:3"]),
        (RULE + "  eff: {}\n  Reason: x\n", ["WB102 7:3", "WB102 8:3"]),
        ("record: l\nruleset: g\n", ["WB101 2:1"]),
        ("rulesett: g\nrecord: l\n", ["WB101 1:1"]),
        ("- a\n", ["WB101 1:1"]),
        ("just text\n", ["WB101 1:1"]),
        ("{}\n", ["WB101 1:1"]),
        ("ruleset:\nrecord: l\n", ["WB104 1:9"]),
        ("ruleset: g\n", ["WB103 1:1"]),
        # ids
        ("ruleset: Gate\nrecord: l\n", ["WB104 1:10"]),
        ("ruleset: 5\nrecord: l\n", ["WB104 1:10"]),
        ("region: a b\n", ["WB104 1:9"]),
        (RULE.replace("id: a", "id: -a"), ["WB104 4:7"]),
        (FIELD + "{type: text}\n  B: {type: text}\n  and: {type: text}\n", ["WB104 4:3", "WB104 5:3"]),
        ("region: SA\ndeclares: {market: {type: text}}\n", ["WB104 2:12"]),
        # types
        (FIELD + "{type: txt}\n", ["WB105 3:13"]),
        (FIELD + "{type: text, required: yes}\n", ["WB104 3:29"]),
        (FIELD + "{type: number, min: '5'}\n", ["WB104 3:26"]),
        (FIELD + "{type: number, max: true}\n", ["WB104 3:26"]),
        (FIELD + "{type: number, max: .inf}\n", ["WB104 3:26"]),
        (FIELD + "text\n", ["WB104 3:6"]),
        (FIELD + "{type: text, allowed: [a, 5, true]}\n", ["WB104 3:32", "WB104 3:35"]),
        (FIELD + "{type: text, title: {en: a, EN: b}}\n", ["WB104 3:34"]),
        (FIELD + "{type: text, title: [a]}\n", ["WB104 3:26"]),
        (FIELD + "{type: text, unit: }\n", ["WB104 3:25"]),
        ("record_type: l\nfields: {}\n", ["WB104 2:9"]),
        ("record_type: l\nfields: [a]\n", ["WB104 2:9"]),
        (RULE.replace("when: x", "when: [x]"), ["WB104 5:9"]),
        (RULE.replace("when: x", "when: ''"), ["WB104 5:9"]),
        (RULE.replace("{verdict: block}", "{}"), ["WB104 6:9"]),
        (RULE.replace("block}", "}"), ["WB104 6:19"]),
        (RULE.replace("block}", "[a, 1]}"), ["WB104 6:19"]),
        (RULE.replace("block}", "{valeu: x}}"), ["WB102 6:20"]),
        (RULE + "  enabled: no\n", ["WB104 7:12"]),
        (RULE + "  if_unknown: fail\n", ["WB105 7:15"]),
        (RULE + "  effective: {from: 2024-02-30, to: 2024-1-1}\n", ["WB104 7:21", "WB104 7:37"]),
        (RULE + "  source: {url: x.y}\n", ["WB103 7:11", "WB104 7:17"]),
        (RULE + "  review: {queue: q, within: 48, approvers: 0}\n", ["WB104 7:30", "WB104 7:45"]),
        (RULE + "  reason: {en: }\n", ["WB104 7:16"]),
        (RULE + "  reason:\n", ["WB104 7:10"]),
        (RULE + "  markets: {}\n", ["WB104 7:12"]),
        (RULE + "outputs: {x: {type: number}}\n", ["WB103 7:14"]),
        (RULE + "outputs: {x: {combine: wrst}}\n", ["WB105 7:24"]),
        ("region: SA\nparameters: {a: , b: {c: 1}, d: [1, 2]}\n", ["WB104 2:17", "WB104 2:22", "WB104 2:34"]),
        ("region: SA\nparameters:\n  a: [{from: 2026-01-01, valeu: 1}]\n", ["WB102 3:26"]),
        ("region: SA\noverrides: [{set: {a: 1}, reason: x}]\n", ["WB103 2:13"]),
        ("region: SA\noverrides: [{rule: a, set: {}, reason: x}]\n", ["WB104 2:20", "WB104 2:28"]),
        ("region: SA\noverrides: [{scorecard: a, set: {tier: {}}, reason: x}]\n", ["WB102 2:34"]),
        (
            "region: SA\nweights: {a: {b: x, c: 1.2345, d: 10001}}\n",
            ["WB104 2:18", "WB104 2:24", "WB104 2:35"],
        ),
        ("term_list: a\nterms: {}\n", ["WB104 2:8"]),
        ("term_list: a\nterms: {en: pig}\n", ["WB104 2:13"]),
        ("term_list: a\nterms: [pig, '', 5]\n", ["WB104 2:14", "WB104 2:18"]),
        ("term_list: a\nterms: [a]\nmatch: {width: exact}\n", ["WB105 3:16"]),
        (BINS + "  - {upto: a, points: 1}\n", ["WB104 7:12"]),
        (BINS + "  - {upto: 1, points: 1.2345}\n", ["WB104 7:23"]),
        (BINS + "  - {upto: 1, points: 1000001}\n", ["WB104 7:23"]),
        (BINS + "  - {upto: 1}\n", ["WB103 7:5"]),
        (
            "scorecard: c\nrecord: l\nminimum_coverage: 60\ncharacteristics: []\n",
            ["WB104 3:19", "WB104 4:18"],
        ),
        (TABLE + "  rows: 5\n  inputs: [a]\n", ["WB104 5:9"]),
        (TABLE + "  rows: [[1], 2]\n  inputs: [a]\n", ["WB104 5:15"]),
        (TABLE + "  rows: [[{a: 1}]]\n  inputs: [a]\n", ["WB104 5:11"]),
        (TABLE + "  rows: [{a: [[1]]}]\n  inputs: [a]\n", ["WB104 5:14"]),
        (TABLE + "  rows: a.csv\n  columns: {a: {as: outputt}, b: {}}\n", ["WB103 6:34", "WB105 6:21"]),
        (CASE + "  expect: {fired: [a], verdcit: block}\n", ["WB102 6:24", "WB104 6:20"]),
        ("mapping: m\nrecord: l\ncolumns: {a: 5, b: {form: x}}\n", ["WB102 3:21", "WB104 3:14"]),
    ],
)
def test_wrong_shapes(text: str, found: list[str]) -> None:
    assert complaints(text) == sorted(found, key=lambda entry: [int(n) for n in entry.split()[1].split(":")])


def diagnostic(text: str) -> Any:
    (only,) = load(text).diagnostics
    return only


def test_an_unknown_key_names_the_part_the_choices_and_the_nearest() -> None:
    found = diagnostic(RULE.replace("when", "whne"))
    assert found.message == "unknown key 'whne' in a rule"
    assert found.expected.startswith("one of: id, title, when, then")
    assert found.suggestion == "when"


@pytest.mark.parametrize(
    ("text", "message", "suggestion"),
    [
        (FIELD + "{type: number, min: abc}\n", "expected a number, found text 'abc'", None),
        (FIELD + "{type: text, title: 2026}\n", "expected text, or texts by language", None),
        (FIELD + "{type: text, unit: 5}\n", "expected text, in quotes, found the number 5", '"5"'),
        (FIELD + "{type: text, required: on}\n", "expected true or false, found text 'on'", "true"),
        (FIELD + "{type: Text}\n", "text 'Text' is not one of the choices for 'type'", "text"),
        (
            RULE + "  review: {queue: q, within: 48}\n",
            "expected a duration such as 30m, 48h or 7d, found the",
            None,
        ),
        ("rulset: g\n", "unknown kind of document 'rulset'", "ruleset"),
        (
            "region: SA\noverrides: [{rule: a/b, set: {x: 1}, reson: y}]\n",
            "unknown key 'reson' in an over",
            "reason",
        ),
        (CARD + "  bins: {}\n", "expected a list, found a mapping", None),
    ],
)
def test_messages_speak_of_the_document(text: str, message: str, suggestion: str | None) -> None:
    found = diagnostic(text)
    assert found.message.startswith(message)
    assert found.suggestion == suggestion


# ---- what must agree within a document


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (RULE + "- {id: a, when: y, then: {verdict: warn}}\n", ["WB109 7:8"]),
        (RULE + "  effective: {from: 2024-01-02, to: 2024-01-01}\n", ["WB112 7:37"]),
        (RULE + "derived: {verdict: {value: x}}\n", ["WB109 7:11"]),
        (RULE + "outputs: {a: {combine: worst}, b: {combine: sum}}\n", ["WB111 7:15", "WB111 7:36"]),
        (RULE + "outputs: {a: {combine: worst, allowed: [x], default: y}}\n", ["WB105 7:54"]),
        (RULE + "outputs: {a: {combine: set, allowed: [x], titles: {y: {en: Y}}}}\n", ["WB105 7:52"]),
        (RULE + "outputs: {a: {combine: set, titles: {y: {en: Y}}}}\n", ["WB111 7:29"]),
        (RULE + "include: [g]\n", ["WB111 7:11"]),
        (CARD, ["WB111 4:3"]),
        (CARD + "  bins: [{points: 1}]\n", ["WB111 5:3"]),
        (CARD + "  value: x\n  points: y\n", ["WB111 5:3"]),
        (CARD + "  value: x\n  points: y\n  bins: [{points: 1}]\n", ["WB111 6:3"]),
        (BINS + "  - {points: 1}\n  min: 0\n", ["WB111 8:3"]),
        (CARD + "  points: x\n  min: 5\n  max: 4\n", ["WB110 7:8"]),
        (CARD + "  points: x\n- {id: a, points: x}\n", ["WB109 6:8"]),
        (CARD + "  points: x\n  weight: -1\n", ["WB110 6:11"]),
        (BINS + "  - {upto: 1, points: 1}\n  - {upto: 1, points: 2}\n", ["WB110 8:12"]),
        (BINS + "  - {from: 1, points: 1}\n  - {from: 0, points: 2}\n", ["WB110 8:12"]),
        (BINS + "  - {points: 1}\n  - {upto: 1, points: 2}\n", ["WB110 7:5"]),
        (BINS + "  - {upto: 1, from: 0, points: 1}\n", ["WB111 7:15"]),
        (BINS + "  - {upto: 1, points: 1}\n  - {from: 2, points: 2}\n", ["WB111 8:6"]),
        (BINS + "  - {in: [a, b], points: 1}\n  - {is: b, points: 2}\n", ["WB109 8:10"]),
        (BINS + "  - {range: '[0..5]', points: 1}\n  - {range: '[5..9]', points: 2}\n", ["WB110 8:13"]),
        (BINS + "  - {range: '[0..5)', points: 1}\n  - {range: '(5..9]', points: 2}\n", ["WB110 8:13"]),
        (BINS + "  - {range: '[6..9]', points: 1}\n  - {range: '[0..5)', points: 2}\n", ["WB110 7:13"]),
        (BINS + "  - {range: '[0..5)', points: 1}\n  - {range: '[6..9]', points: 2}\n  - {points: 0}\n", []),
        (BINS + "  - {range: '5-9', points: 1}\n", ["WB104 7:13"]),
        (CARD + "  points: x\ntiers: [{id: a, from: 5}, {id: b, from: 5}, {id: a}]\n",
         ["WB109 6:50", "WB110 6:41", "WB111 6:45"]),
        ("region: SA\nextends: [SA, a, a]\n", ["WB109 2:18", "WB111 2:11"]),
        ("region: SA\nparameters:\n  a:\n  - {from: 2026-01-05, value: 1}\n  - {to: 2026-01-05, value: 2}\n",
         ["WB112 5:5"]),
        ("region: SA\nparameters:\n  a: [{value: 1}, {from: 2026-01-05, value: 2}]\n", ["WB112 3:19"]),
        ("region: SA\nparameters:\n  a: [{to: 2026-01-04, value: 1}, {from: 2026-01-05, value: 2}]\n", []),
        ("region: SA\noverrides: [{rule: a/b, set: {x: 1}, reason: y, from: 2026-01-02, to: 2026-01-01}]\n",
         ["WB112 2:71"]),
        ("region: SA\noverrides: [{rule: a/b, set: {enabled: no}, reason: y}]\n", ["WB104 2:40"]),
        (FIELD + "{type: text, min: 1}\n", ["WB111 3:19"]),
        (FIELD + "{type: number, min: 2, max: 1}\n", ["WB110 3:34"]),
        (FIELD + "{type: number, allowed: [a]}\n", ["WB111 3:21"]),
        (FIELD + "{type: text, tree: [a, a//b, a]}\n", ["WB104 3:29", "WB109 3:35"]),
        (FIELD + "{type: text}\nkey: b\nderived: {a: {value: x}}\n", ["WB109 5:11", "WB111 4:6"]),
        (TABLE + "  rows: [[1]]\n", ["WB111 4:3"]),
        (TABLE + "  rows: [[1]]\n  inputs: [a]\n  columns: {a: {as: note}}\n", ["WB111 6:3"]),
        (TABLE + "  rows: [[1]]\n  inputs: [a]\n  outputs: [a]\n", ["WB109 7:13"]),
        (TABLE + "  rows: [[1]]\n  columns: {a: {as: mentions}, b: {as: id, of: x}}\n",
         ["WB103 6:16", "WB111 6:44"]),
        (TABLE + "  rows: [[1]]\n  columns: {a: {as: id}, b: {as: id}}\n", ["WB111 6:26"]),
        (TABLE + "  rows: [[1]]\n  columns: {a: {as: reason}, b: {as: reason, language: en}}\n",
         ["WB111 6:30"]),
        (CASE + "  expect: {}\n", ["WB103 6:11"]),
        (CASE + "  expect: {verdict: a}\n- {name: n, expect: {verdict: b}}\n", ["WB109 7:10"]),
        (CASE + "  market: SA\n  markets: [AE]\n  expect: {verdict: a}\n", ["WB111 7:3"]),
        (CASE.replace("market: SA\nas_of: 2026-01-01\n", "") + "  expect: {verdict: a}\n",
         ["WB103 3:3", "WB103 3:3"]),
        (CASE + "  expect: {scores: {a: {}, b: {min: 2, max: 1}, c: {value: 1, min: 0}}}\n",
         ["WB103 6:24", "WB110 6:45", "WB111 6:63"]),
        ("mapping: m\nrecord: l\ncolumns: {a: {as: number}, b: {from: x, value: y}}\n",
         ["WB111 3:14", "WB111 3:32"]),
        ("mapping: m\nrecord: l\ncolumns: {a: {from: x, split: ','}, b: {from: x, otherwise: y}}\n",
         ["WB111 3:24", "WB111 3:50"]),
    ],
)  # fmt: skip
def test_what_must_agree_within_a_document(text: str, found: list[str]) -> None:
    assert complaints(text) == sorted(found, key=lambda entry: [int(n) for n in entry.split()[1].split(":")])


def test_duplicates_point_at_the_first() -> None:
    found = diagnostic(RULE + "- {id: a, when: y, then: {verdict: warn}}\n")
    assert [(text, str(span)) for text, span in found.related] == [("the first stands here", "f.yaml:4:7")]


def test_wrong_parts_are_cut_out_so_that_the_rest_can_be_checked_in_the_same_run() -> None:
    text = (
        RULE + "  colour: red\n- {id: b, then: {verdict: warn}}\n- {id: c, when: y, then: {verdict: warn}}\n"
    )
    text += "  \n- {id: a, when: z, then: {verdict: pass}}\n"
    loaded = load(text)
    assert complaints(text) == ["WB102 7:3", "WB103 8:3", "WB109 11:8"]
    assert loaded.documents == []
    assert loaded.broken == {("ruleset", "g")}
    (partial,) = loaded.partial
    assert [rule.id for rule in partial.model.rules] == ["a", "c", "a"]
    assert str(partial.span("rules", 1, "when")) == "f.yaml:9:17"


# ---- places


def test_spans_of_keys_values_and_what_was_not_written() -> None:
    document = load(RULE + "  reason: why\n").documents[0]
    assert str(document.span("rules", 0, "when")) == "f.yaml:5:9"
    assert str(document.span("rules", 0, "when", key=True)) == "f.yaml:5:3"
    assert str(document.span("rules", 0, "reason", "en")) == "f.yaml:7:11"
    assert str(document.span("rules", 0, "effective", "from")) == "f.yaml:4:3"
    assert str(document.span("rules", 0, "effective", key=True)) == "f.yaml:4:3"
    assert str(document.span()) == "f.yaml:1:1"


def test_a_range_inside_an_expression_is_found_in_the_file() -> None:
    document = load(RULE.replace("when: x", "when: >-\n    price >\n    thirty")).documents[0]
    span = document.text_span(("rules", 0, "when"), 8, 14)
    assert (span.line, span.column, span.end_column) == (7, 5, 11)
