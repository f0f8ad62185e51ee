"""Impact on real feeds with real edits, against a count of the two decision tables one by one.

The feeds are not part of the project: set WEIGHBRIDGE_DATA to their folder, or lay it beside the project as
`shared/data`.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import os
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from recount import recount

import weighbridge
from weighbridge.engine import Engine
from weighbridge.feeds import open_feed
from weighbridge.impact_result import Impact
from weighbridge.versions import Version, load_version

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("WEIGHBRIDGE_DATA") or ROOT.parent / "shared" / "data")
TELCO = DATA / "churn_telco" / "telco_churn.csv.gz"
LISTINGS = DATA / "listings_unified" / "listings.parquet"
DAY = date(2026, 6, 1)
MARKETS = ("SA", "DE")
pytestmark = pytest.mark.skipif(
    not (TELCO.is_file() and LISTINGS.is_file()),
    reason=f"the real feeds are not in {DATA}; set WEIGHBRIDGE_DATA",
)


@pytest.fixture(scope="module")
def base() -> Version:
    return load_version("packs", ROOT)


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The packs with another churn threshold, another taboo term and another weight."""
    folder = tmp_path_factory.mktemp("packs")
    for name in ("regions", "scorecards", "rulesets"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "weighbridge.yaml", folder)
    _replace(
        folder / "scorecards/customers/churn_risk.yaml", "{id: level_1, from: 70,", "{id: level_1, from: 45,"
    )
    _replace(
        folder / "regions/DE.yaml",
        "cultural_fit: {religious_symbol: 5,",
        "cultural_fit: {religious_symbol: 50,",
    )
    _add_term(folder / "rulesets/taboo_base.csv", "SA", "shirt")
    return weighbridge.load(folder)


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, path
    path.write_text(text.replace(old, new), encoding="utf-8")


def _add_term(path: Path, market: str, term: str) -> None:
    """Adds a term to the first row of a market that asks no condition of its own."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    row = next(r for r in rows if r["markets"] == market and r["terms_en"] and not r["condition"])
    row["terms_en"] += f"|{term}"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def records_of(engine: Engine, target: str, path: Path, mapping: str) -> list[dict[str, Any]]:
    feed = open_feed(path, engine.record_type(target), engine.project.mappings[mapping].model, None)
    return [dict(row.values) for row in feed]


def counted(found: Impact, expected: set[tuple[int, str, str, str]]) -> None:
    listed = {(r["row"], r["market"], r["kind"], r["name"]) for r in found.table.to_pylist()}
    assert listed == expected
    assert found.changed == len({(row, market) for row, market, _, _ in expected})
    assert found.verdicts_changed == sum(kind == "verdict" for _, _, kind, _ in expected)


def test_a_churn_threshold(base: Version, edited: Engine, tmp_path: Path) -> None:
    some = tmp_path / "customers.csv"
    with gzip.open(TELCO, "rt", encoding="utf-8") as file:
        some.write_text("".join(itertools.islice(file, 601)), encoding="utf-8")
    found = edited.impact("retention", some, base, markets=["US"], as_of=DAY, mapping="telco")
    records = records_of(edited, "retention", some, "telco")
    assert len(records) == found.records == 600
    counted(found, recount(base.engine, edited, "retention", records, ["US"], DAY))
    assert found.changed > 0
    assert found.causes is not None
    cause = next(c for c in found.causes if c.name == "scorecard churn_risk tiers level_1")
    assert cause.explains == found.changed
    assert ("tier", "churn_risk", "none", "level_1") in {m[:4] for m in cause.moves}


def test_a_taboo_term_and_a_weight(base: Version, edited: Engine, tmp_path: Path) -> None:
    frame = pd.read_parquet(LISTINGS)
    some = tmp_path / "listings.parquet"
    pd.concat(
        [frame.iloc[:: len(frame) // 250], frame[frame["title"].str.contains("shirt", na=False)][:50]]
    ).to_parquet(some)
    found = edited.impact("listing_gate", some, base, markets=MARKETS, as_of=DAY, mapping="unified")
    records = records_of(edited, "listing_gate", some, "unified")
    assert len(records) == found.records
    counted(found, recount(base.engine, edited, "listing_gate", records, MARKETS, DAY))
    assert found.causes is not None
    causes = {c.name: c for c in found.causes}
    term = next(c for name, c in causes.items() if name.startswith("rulesets/taboo_base.csv "))
    weight = causes["region DE weights cultural_fit religious_symbol"]
    by_market = found.table.to_pandas().groupby("market", observed=True)["row"].nunique()
    assert (term.explains, weight.explains) == (by_market["SA"], by_market["DE"])
    assert min(term.explains, weight.explains) > 0
    assert causes["scorecard churn_risk tiers level_1"].alone == 0
    assert found.together == 0
