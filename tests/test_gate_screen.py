"""A large feed is screened in columns; its reports are those of a gate that makes every decision."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from markdown import ROOT

import weighbridge
from weighbridge import gate
from weighbridge.engine import Engine
from weighbridge.gate import run_gate
from weighbridge.gate_screen import Screen
from weighbridge.reports import FORMATS, reporter

MARKETS = ("SA", "DE", "JP")
DAY = date(2026, 6, 1)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return weighbridge.load(ROOT)


def feed_of(folder: Path) -> Path:
    """The sample feed with rows that are no records among them."""
    rows = list(csv.DictReader((ROOT / "samples/listings.csv").open(encoding="utf-8", newline="")))[:150]
    rows[60]["price"] = "cheap"
    rows[70]["category"] = "no/such/path"
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys())
    writer.writeheader()
    writer.writerows(rows)
    path = folder / "feed.csv"
    path.write_text(text.getvalue() + "one cell too few\n", encoding="utf-8")
    return path


def reports(engine: Engine, feed: Path, **options: Any) -> dict[str, str]:
    with run_gate(engine, feed, target="listing_gate", markets=MARKETS, as_of=DAY, **options) as result:
        found = {"summary": str(result.summary()), "records": str(list(result.records()))}
        for name in FORMATS:
            stream = io.StringIO()
            reporter(name).write(result, stream, "en")
            found[name] = stream.getvalue()
    return {name: _timeless(text) for name, text in found.items()}


def _timeless(text: str) -> str:
    """Without the lines that say how long it took."""
    return "\n".join(line for line in text.splitlines() if "time=" not in line and " s)" not in line)


@pytest.mark.parametrize("field", [None, "market_code"])
def test_a_screened_feed_is_reported_as_any_other(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: str | None
) -> None:
    feed = feed_of(tmp_path)
    plain = reports(engine, feed, market_field=field)
    monkeypatch.setattr(gate, "PIECE", 20)
    monkeypatch.setattr(gate, "LARGE", 20)
    made: list[int] = []
    quiet = Screen.quiet

    def counted(screen: Screen, rows: Any) -> Any:
        found = quiet(screen, rows)
        made.append(sum(map(len, found)))
        return found

    monkeypatch.setattr(Screen, "quiet", counted)
    assert reports(engine, feed, market_field=field) == plain
    assert sum(made) > 20, "some decisions had nothing to say"
