"""The shipped packs: what regions say about personal data, and what is done with it."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from command import process
from markdown import ROOT

import weighbridge
from weighbridge.documents import DataCategory, Purpose
from weighbridge.engine import Engine

DAY = date(2026, 11, 21)
PURPOSES = Purpose.__args__
CATEGORIES = [c for part in DataCategory.__args__ for c in (getattr(part, "__args__", None) or (part,))]
CONSENT = {
    "opt_in": "opt_in",
    "soft_opt_in": "opt_in",
    "opt_out": "opt_out",
    "tacit": "opt_out",
    "none": "opt_out",
}
"""The market's consent model for messages -> what its privacy rules must say of contact data for marketing."""


@pytest.fixture(scope="module")
def engine() -> Engine:
    return weighbridge.load(ROOT)


def test_every_market_says_something_of_all_data_for_all_purposes(engine: Engine) -> None:
    regions = engine.book.regions
    silent = [
        (market, purpose, category)
        for market in regions.markets
        for purpose in PURPOSES
        for category in CATEGORIES
        if regions.permission(market, purpose, category, DAY) is None
    ]
    assert silent == []


def test_marketing_follows_the_consent_model_of_the_market(engine: Engine) -> None:
    regions = engine.book.regions
    for market in regions.markets:
        model = regions.parameter(market, "consent_model", DAY)
        said = regions.permission(market, "marketing", "contact", DAY)
        assert model is not None and said is not None
        assert said.entry.consent == CONSENT[str(model.value)], market


@pytest.mark.parametrize(
    "category", ["health", "religion", "origin", "opinion", "intimate", "biometric", "children"]
)
def test_no_market_lets_an_offer_rest_on_special_data(engine: Engine, category: str) -> None:
    for market in engine.markets:
        for purpose in ("marketing", "profiling", "retention"):
            said = engine.book.regions.permission(market, purpose, category, DAY)
            assert said is not None and said.entry.consent == "forbidden", market


def test_what_is_unconfirmed_is_labelled_and_forbids_nothing(engine: Engine) -> None:
    entries = [
        (name, entry)
        for name, document in engine.project.regions.items()
        for entry in document.model.privacy
        if name != "world"
    ]
    assert len(entries) > 35
    for name, entry in entries:
        assert entry.source is not None, name
        assert entry.source.confidence is not None or entry.source.citation.startswith("House policy"), name
        assert entry.consent != "forbidden" or entry.source.confidence != "needs_check", name


def test_a_customer_rule_that_reads_health_is_refused_in_every_market() -> None:
    path = "rulesets/customers/customer.yaml"
    text = (ROOT / path).read_text(encoding="utf-8")
    field = "  allergy: {type: text, personal: health}\n"
    segments = "rulesets/customers/messages.yaml"
    rule = "  - {id: allergic, when: evidence(allergy), then: {channels: mail}, reason: {en: x, zh: x}}\n"
    with pytest.raises(weighbridge.ProjectError) as refused:
        weighbridge.load(
            ROOT,
            {
                path: text.replace("  email:", field + "  email:", 1),
                segments: (ROOT / segments).read_text(encoding="utf-8") + rule,
            },
        )
    (found,) = refused.value.diagnostics
    assert found.code == "WB351"
    assert "messages/allergic reads allergy (health data) for marketing" in found.message
    assert found.span is not None and found.span.file == segments
    assert found.related[0][1].file == "regions/world.yaml"


def test_an_objection_takes_the_score_away_and_nothing_shows(engine: Engine) -> None:
    record: dict[str, Any] = {
        "customer_id": "C-4711-SECRET", "recency_days": 61, "median_interval_days": 20, "tenure_days": 60,
        "lifetime_orders": 1, "lifetime_spend": 50, "store_average_order": 100, "last_product": "SECRET kettle",
    }  # fmt: skip
    scored = engine.decide("retention", record, market="DE", as_of=DAY)
    objected = engine.decide("retention", record | {"profiling_objection": True}, market="DE", as_of=DAY)
    assert scored.scores["churn_risk"].tier is not None
    assert objected.scores["churn_risk"].tier is None
    assert objected.outputs["actions"] == ["do_not_profile"]
    for made in (scored, objected):
        assert "SECRET" not in made.to_json() + made.explain("en") + made.explain("zh")
    assert "SECRET kettle" in scored.unmasked().explain() or "C-4711-SECRET" in scored.unmasked().explain()


def test_explain_region_shows_what_holds_and_who_said_so() -> None:
    shown = process("explain-region", "DE", "--as-of", "2026-11-21", cwd=ROOT)
    assert shown.code == 0
    assert "ePrivacy Directive 2002/58/EC Art. 13(1) (unconfirmed)" in shown.out
    report = json.loads(process("explain-region", "US", "--format", "json", cwd=ROOT).out)
    first = report["privacy"][0]
    assert (first["purposes"], first["consent"], first["set_by"]) == (["marketing"], "opt_out", "US")
