"""Purpose and consent: what may be read where, at load and in decisions."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import pytest
from small_projects import load, refusal

from weighbridge.diagnostics import Diagnostic
from weighbridge.engine import Engine

PERSON = {
    "record_type": "person",
    "key": "id",
    "fields": {
        "id": {"type": "text"},
        "email": {"type": "text", "personal": "contact"},
        "visits": {"type": "number", "personal": "behaviour"},
        "member": {"type": "boolean", "personal": "behaviour"},
        "since": {"type": "date", "personal": "behaviour"},
        "tags": {"type": "text_list", "personal": "behaviour"},
        "ill": {"type": "boolean", "personal": "health"},
        "child": {"type": "boolean", "personal": "children"},
        "basket": {"type": "number"},
        "agreed": {"type": "text", "allowed": ["yes", "no"]},
        "objects": {"type": "boolean"},
    },
    "consents": {
        "marketing": {"given": 'agreed == "yes"', "refused": 'agreed == "no"'},
        "profiling": {"refused": "objects"},
    },
    "derived": {
        "busy": {"value": "visits > 3"},
        "busy_member": {"value": "busy and member"},
        "at_least_one": {"value": "coalesce(visits, 1)"},
    },
}
ORDINARY = ["contact", "behaviour"]


def region(name: str, *privacy: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"region": name, "privacy": list(privacy), **more}


REGIONS = [
    region(
        "world",
        {"data": ["special", "children"], "consent": "forbidden", "source": "House policy"},
        {"purposes": ["profiling"], "consent": "opt_out"},
        {"purposes": ["marketing"], "consent": "opt_in"},
        {"consent": "not_needed"},
        declares={"festive": {"type": "boolean"}},
    ),
    {"region": "eea", "extends": "world"},
    {"region": "DE", "extends": "eea"},
    region("US", {"purposes": ["marketing"], "data": ORDINARY, "consent": "opt_out"}, extends="world"),
    region("XX", {"data": ["health"], "purposes": ["marketing"], "consent": "not_needed"}, extends="world"),
]


def rules(*conditions: str, purpose: str | None = "marketing", **keys: Any) -> dict[str, Any]:
    made = [{"id": f"r{i}", "when": c, "then": {"verdict": "warn"}} for i, c in enumerate(conditions)]
    stated = {} if purpose is None else {"purpose": purpose}
    return {"ruleset": "gate", "record": "person", "rules": made, **stated, **keys}


def codes(found: list[Diagnostic]) -> list[str]:
    return [d.code for d in found]


def decide(engine: Engine, market: str, target: str = "gate", **record: Any) -> Any:
    return engine.decide(target, record, market=market, as_of="2026-06-15")


# ---- errors at load


def test_a_forbidden_field_is_an_error_at_the_condition_that_names_the_line_that_forbids() -> None:
    (found,) = refusal(PERSON, *REGIONS, rules("basket > 1", "ill", markets=["eea"]))
    assert found.code == "WB351"
    assert "gate/r1 reads ill (health data) for marketing" in found.message
    assert "world forbids (DE)" in found.message
    assert found.span is not None
    assert found.expected is not None and "another purpose" in found.expected
    ((said, where),) = found.related
    assert "House policy" in said
    assert where.line != found.span.line


@pytest.mark.parametrize(
    "reader",
    [
        rules("sick_guess", derived={"sick_guess": {"value": "ill or busy"}}),
        rules("basket > 1", rules=[{"id": "a", "when": "basket > 1", "then": {"note": {"value": "ill"}}}],
              outputs={"verdict": {}, "note": {"type": "boolean", "combine": "first"}}),
        rules(rules=[{"id": "a", "when": "basket > 1", "then": {"verdict": "warn"}, "reason": "ill: {ill}"}]),
        rules(tables=[{"id": "t", "inputs": ["ill"], "outputs": ["verdict"], "rows": [[True, "warn"]]}]),
        rules(
            tables=[
                {"id": "t", "when": "ill", "inputs": ["basket"], "outputs": ["verdict"], "rows": [["1", "warn"]]}
            ]
        ),
    ],
    ids=["derived value", "computed output", "reason", "table column", "condition of a table"],
)  # fmt: skip
def test_every_way_of_reading_counts(reader: dict[str, Any]) -> None:
    assert set(codes(refusal(PERSON, *REGIONS, reader))) == {"WB351"}


def card(value: str = "ill", **keys: Any) -> dict[str, Any]:
    line = {"id": "x", "value": value, "bins": [{"is": True, "points": 1}, {"points": 0}]} | keys
    return {"scorecard": "risk", "record": "person", "purpose": "profiling", "characteristics": [line]}


def test_characteristics_are_checked_and_bind_those_who_read_the_score() -> None:
    (found,) = {d.message.split(" reads")[0] for d in refusal(PERSON, *REGIONS, card())}
    assert found == "risk.x"
    # The card may read it here, but what marketing makes of the score is marketing.
    allowed = [
        *REGIONS[:-1],
        region("XX", {"purposes": ["profiling"], "consent": "opt_out"}, extends="world"),
    ]
    found_in = refusal(PERSON, *allowed, card(when="market == 'XX'"), rules("risk.score > 1"))
    assert any(d.message.startswith("gate/r0 reads ill") for d in found_in)


def test_the_reason_of_a_characteristic_counts() -> None:
    assert codes(refusal(PERSON, *REGIONS, card("busy", reason="{ill}"))) == ["WB351"]
    bins = [{"is": True, "points": 1, "reason": "{child}"}, {"points": 0}]
    assert codes(refusal(PERSON, *REGIONS, card("busy", bins=bins))) == ["WB351"]
    assert not refusal(PERSON, *REGIONS, card("busy"))


def test_an_included_rule_serves_the_purpose_of_who_includes_it() -> None:
    inner = {**rules("ill", purpose="compliance"), "ruleset": "inner"}
    regions = [
        region(
            "world",
            {"purposes": ["compliance"], "consent": "not_needed"},
            {"consent": "forbidden"},
        ),
        {"region": "DE", "extends": "world"},
    ]
    assert not refusal(PERSON, *regions, inner)
    outer = rules(include=["inner"])
    (found,) = refusal(PERSON, *regions, inner, outer)
    assert "inner/r0 reads ill (health data) for marketing" in found.message


@pytest.mark.parametrize(
    "escape",
    [
        rules("ill", markets=["XX"]),
        rules("in_region('XX') and ill"),
        rules("market == 'XX' and ill"),
        rules(rules=[{"id": "a", "when": "ill", "then": {"verdict": "warn"}, "markets": "XX"}]),
        rules(rules=[{"id": "a", "when": "ill", "then": {"verdict": "warn"}, "enabled": False}]),
        rules("guess", derived={"guess": {"value": "ill if market == 'XX' else busy"}}),
    ],
    ids=["markets", "in_region", "market", "markets of a rule", "disabled", "choice in a derived value"],
)
def test_a_rule_that_does_not_read_it_where_it_is_forbidden_is_no_error(escape: dict[str, Any]) -> None:
    assert not refusal(PERSON, *REGIONS, escape)


def test_an_override_may_switch_the_rule_off() -> None:
    off = {"rule": "gate/r0", "set": {"enabled": False}, "reason": "no"}
    regions = [{**r, "overrides": [off]} if r["region"] == "world" else r for r in REGIONS]
    on = {"rule": "gate/r0", "set": {"enabled": True}, "reason": "yes"}
    regions = [{**r, "overrides": [on]} if r["region"] == "XX" else r for r in regions]
    assert not refusal(PERSON, *regions, rules("ill"))


def test_dates_count_on_both_sides() -> None:
    def from_2027(**keys: Any) -> dict[str, Any]:
        return {"purposes": ["marketing"], "data": ["health"], "consent": "forbidden", **keys}

    before = [region("world", from_2027(**{"from": "2027-01-01"}), {"consent": "not_needed"}),
              {"region": "DE", "extends": "world"}]  # fmt: skip
    assert codes(refusal(PERSON, *before, rules("ill"))) == ["WB351"]
    assert not refusal(PERSON, *before, rules("ill", effective={"to": "2026-12-31"}))
    assert codes(refusal(PERSON, *before, rules("ill", effective={"to": "2027-01-01"}))) == ["WB351"]
    # A dated parameter that lets the condition hold on a few days of the span only.
    dated = [{"to": "2027-11-30", "value": False}, {"from": "2027-12-01", "value": True}]
    festive = [{**before[0], "declares": {"festive": {"type": "boolean"}}, "parameters": {"festive": dated}}]
    assert codes(refusal(PERSON, *festive, before[1], rules("region.festive and ill"))) == ["WB351"]
    never = [{**festive[0], "parameters": {"festive": False}}]
    assert not refusal(PERSON, *never, before[1], rules("region.festive and ill"))


def test_reading_personal_data_takes_a_purpose_said_once() -> None:
    (found,) = refusal(PERSON, *REGIONS, rules("busy", "member", purpose=None))
    assert found.code == "WB350"
    assert not refusal(PERSON, *REGIONS, rules("basket > 1", purpose=None))


def test_a_market_that_says_nothing_is_no_leave() -> None:
    silent = [*REGIONS, {"region": "ZZ"}]
    (found,) = refusal(PERSON, *silent, rules("busy", "like(email, '*@*')"))
    assert found.code == "WB352"
    assert "ZZ" in found.message and "email" in found.message and "visits" in found.message
    assert not refusal(PERSON, *silent, rules("busy", markets=["world"]))


@pytest.mark.parametrize(("consent", "key"), [("opt_in", "given"), ("opt_out", "refused")])
def test_consent_that_no_record_can_tell_is_an_error(consent: str, key: str) -> None:
    mute = {**PERSON, "consents": {}}
    regions = [region("world", {"consent": consent}), {"region": "DE", "extends": "world"}]
    (found,) = refusal(mute, *regions, rules("busy", "member"))
    assert found.code == "WB353"
    assert found.expected is not None and f"`{key}` under consents: marketing" in found.expected


def test_consent_is_told_by_fields_that_are_not_personal() -> None:
    circular = {**PERSON, "consents": {"marketing": {"given": "member"}}}
    assert codes(refusal(circular, *REGIONS)) == ["WB203"]


def test_unknown_words_are_told_with_the_nearest() -> None:
    wrong = {**PERSON, "fields": {**PERSON["fields"], "x": {"type": "text", "personal": "helth"}}}
    (found,) = refusal(wrong, *REGIONS)
    assert (found.code, found.suggestion) == ("WB105", "health")
    assert codes(refusal(PERSON, region("world", {"consent": "maybe"}))) == ["WB105"]
    assert codes(refusal({**PERSON, "consents": {"marketing": {}}}, *REGIONS)) == ["WB111"]
    (purpose,) = refusal({**PERSON, "consents": {"marketin": {"given": "objects"}}}, *REGIONS)
    assert purpose.code in ("WB104", "WB105") and "marketin" in purpose.message


# ---- what a decision sees

EVERYTHING = {
    "email": "a@b.example", "visits": 5, "member": True, "since": "2020-01-01", "tags": ["vip"],
}  # fmt: skip
READERS = rules(
    "like(email, '*@*')", "busy", "member", "since < '2021-01-01'", "'vip' in tags", "busy_member",
    "at_least_one > 3", "not member", "visits <= 3", "is_missing(email)", "visits > basket", "at_least_one == 1",
    "mentions(email, ['b.example'])", "email in ['a@b.example', 'x']", "coalesce(member, false)",
    outputs={"verdict": {}, "seen": {"type": "number", "combine": "first"}},
)  # fmt: skip
READERS["rules"].append({"id": "out", "when": "basket > 0", "then": {"seen": {"value": "visits * 2"}}})
PROFILE = card("busy")
MIXED = {**rules("risk.score >= 1", "visits > 3", purpose="retention"), "ruleset": "mixed"}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load(PERSON, *REGIONS, READERS, PROFILE, MIXED)


@pytest.mark.parametrize(
    ("market", "agreed", "seen"),
    [
        ("DE", "yes", True), ("DE", "no", False), ("DE", None, False),
        ("US", "yes", True), ("US", "no", False), ("US", None, True),
    ],
)  # fmt: skip
def test_a_field_without_consent_is_as_if_the_record_did_not_carry_it(
    engine: Engine, market: str, agreed: str | None, seen: bool
) -> None:
    consent = {} if agreed is None else {"agreed": agreed}
    full = decide(engine, market, **EVERYTHING, basket=1, **consent)
    bare = decide(engine, market, **(EVERYTHING if seen else {}), basket=1, **consent)
    whole = decide(engine, "US", **EVERYTHING, basket=1, agreed="yes")
    assert (full.fired, full.unknown, full.outputs) == (bare.fired, bare.unknown, bare.outputs)
    assert (full.fired == whole.fired) is seen


def test_whatever_a_record_lacks_the_same_holds(engine: Engine) -> None:
    chance = random.Random(7)
    for _ in range(300):
        kept = {k: v for k, v in EVERYTHING.items() if chance.random() < 0.6}
        consent = chance.choice([{}, {"agreed": "yes"}, {"agreed": "no"}])
        market = chance.choice(["DE", "US", "XX"])
        read = consent.get("agreed") == "yes" or (market == "US" and consent.get("agreed") is None)
        full = decide(engine, market, **kept, basket=1, **consent)
        bare = decide(engine, market, **(kept if read else {}), basket=1, **consent)
        assert (full.fired, full.unknown, full.outputs) == (bare.fired, bare.unknown, bare.outputs)


def test_explanations_agree_with_the_decision(engine: Engine) -> None:
    full = decide(engine, "DE", **EVERYTHING, basket=1, agreed="no").unmasked()
    for i in range(len(READERS["rules"]) - 1):
        ref = f"gate/r{i}"
        status = full.why_not(ref).status
        assert (status == "fired") is (ref in full.fired), ref
        assert (status == "undecided") is (ref in full.unknown), ref
    assert "@marketing" not in full.explain() + "".join(
        full.explain(rule=f"gate/r{i}") for i in range(len(READERS["rules"]) - 1)
    )


def test_what_is_missing_is_the_consent_where_that_is_what_is_missing(engine: Engine) -> None:
    unasked = decide(engine, "DE", **EVERYTHING, basket=1)
    assert unasked.missing["gate/r0"] == ("agreed",)
    assert unasked.missing["gate/r1"] == ("agreed",)
    refused = decide(engine, "DE", **EVERYTHING, basket=1, agreed="no")
    assert refused.missing["gate/r1"] == ("visits",)
    nothing = decide(engine, "DE", basket=1, agreed="yes")
    assert nothing.missing["gate/r1"] == ("visits",)


def test_a_score_serves_its_own_purpose_and_that_of_its_reader(engine: Engine) -> None:
    objects = {"visits": 5, "objects": True}
    assert decide(engine, "DE", "risk", visits=5).scores["risk"].value == 1
    assert decide(engine, "DE", "risk", **objects).scores["risk"].value is None
    mixed = decide(engine, "DE", "mixed", **objects)
    assert mixed.fired == ("mixed/r1",)
    assert mixed.unknown == ("mixed/r0",)


def test_a_score_made_for_marketing_knows_only_what_marketing_may() -> None:
    advertise = {**rules("risk.score >= 1"), "ruleset": "advertise"}
    engine = load(PERSON, *REGIONS, PROFILE, advertise)
    for consent, fires in (({"agreed": "yes"}, True), ({"agreed": "no"}, False), ({}, False)):
        assert decide(engine, "DE", "risk", visits=5, **consent).scores["risk"].value == 1
        made = decide(engine, "DE", "advertise", visits=5, **consent)
        assert bool(made.fired) is fires
        assert made.scores["risk"].value == (1 if fires else None)


def test_consent_changes_with_the_day() -> None:
    world = region(
        "world",
        {"consent": "not_needed", "to": "2026-12-31"},
        {"consent": "opt_in", "from": "2027-01-01"},
    )
    engine = load(PERSON, world, {"region": "DE", "extends": "world"}, rules("visits > 3"))
    for day, fires in (("2026-12-31", True), ("2027-01-01", False)):
        decision = engine.decide("gate", {"visits": 5}, market="DE", as_of=day)
        assert bool(decision.fired) is fires


def test_an_entry_nearer_to_the_market_counts_first_and_then_the_order() -> None:
    world = region("world", {"consent": "opt_in"}, declares={})
    us = region("US", {"data": ["contact"], "consent": "not_needed"}, {"consent": "opt_out"}, extends="world")
    engine = load(PERSON, world, us, {"region": "DE", "extends": "world"}, READERS)
    said = {
        (m, c): p.entry.consent
        for m in ("US", "DE")
        for c in ("contact", "behaviour")
        if (p := engine.book.regions.permission(m, "marketing", c, date(2026, 1, 1)))
    }
    assert said == {("US", "contact"): "not_needed", ("US", "behaviour"): "opt_out",
                    ("DE", "contact"): "opt_in", ("DE", "behaviour"): "opt_in"}  # fmt: skip
