"""Every market of the packs has listings of its own among the scenarios of the gate."""

from __future__ import annotations

import pytest
from markdown import ROOT

import weighbridge
from weighbridge.documents import CaseModel, ScenariosModel
from weighbridge.engine import Engine

GATE = "listing_gate"


@pytest.fixture(scope="module")
def packs() -> Engine:
    return weighbridge.load(ROOT)


def _cases(packs: Engine) -> dict[str, list[tuple[ScenariosModel, CaseModel]]]:
    """The cases of the gate with a verdict, by market."""
    found: dict[str, list[tuple[ScenariosModel, CaseModel]]] = {market: [] for market in packs.markets}
    for document in packs.project.scenarios:
        model = document.model
        if model.scenarios == GATE:
            for case in model.cases:
                for market in case.markets or (case.market or model.market,):
                    if case.expect.verdict is not None and market is not None:
                        found[market].append((model, case))
    return found


def test_every_market_has_five_listings_of_different_categories_that_pass_and_do_not(packs: Engine) -> None:
    assert len(packs.markets) == 54
    for market, cases in _cases(packs).items():
        titles = {case.record.get("title", model.record.get("title")) for model, case in cases}
        categories = {case.record.get("category", model.record.get("category")) for model, case in cases}
        verdicts = {case.expect.verdict for _, case in cases}
        assert len(titles) >= 5, market
        assert len(categories) >= 4, market
        assert "pass" in verdicts, market
        assert verdicts & {"review", "block"}, market
