"""A decision written down as a scenario passes when it is run."""

from __future__ import annotations

from typing import Any

import pytest

from weighbridge.draft import Draft
from weighbridge.edits import add_case
from weighbridge.engine import Engine, load
from weighbridge.recorded_case import recorded_case, scenario_yaml
from weighbridge.scenarios import run_scenarios
from weighbridge.starter import write_starter

RECORDS: list[dict[str, Any]] = [
    {"sku": "A", "title": 'Pigskin: a "wallet" # 1', "forecast_units": 5000.0, "photos": float("nan")},
    {"sku": "001", "title": "no", "category": "toys/infant", "ce_marking": None, "price": 3},
    {"sku": "C", "title": "皮夹\nline two", "description": "x" * 300, "photos": 4, "category": "home"},
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    root = tmp_path_factory.mktemp("recorded") / "p"
    write_starter(root)
    return load(root)


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: str(r["sku"]))
@pytest.mark.parametrize("market", ["SA", "DE"])
@pytest.mark.parametrize("target", ["listing_gate", "listing_quality"])
def test_the_scenario_passes_on_the_project_that_decided(
    engine: Engine, record: dict[str, Any], market: str, target: str
) -> None:
    decision = engine.decide(target, record, market=market, as_of="2026-03-01")
    text = scenario_yaml(target, market, "2026-03-01", record, decision, "recorded: one")
    tested = load(engine.project.root, {"rulesets/recorded.yaml": text})
    run = run_scenarios(tested, target, "recorded: one")
    assert [(case.market, case.failures) for case in run.cases] == [(market, ())]


def test_the_scenario_fails_once_the_rules_say_something_else(engine: Engine) -> None:
    record = RECORDS[0]
    decision = engine.decide("listing_gate", record, market="DE", as_of="2026-03-01")
    draft = Draft.open(engine.project.root)
    # The file's own base record has values that this record lacks.
    draft.edit(add_case("listing_gate", recorded_case(decision, "recorded"), whole=True))
    assert draft.scenarios().failed == ()
    gate = "rulesets/listing_gate.yaml"
    draft.set_text(
        gate, draft.text(gate).replace("forecast_units > region.review_units", "forecast_units > 9999")
    )
    assert "recorded" in [case.name for case in draft.scenarios().failed]
