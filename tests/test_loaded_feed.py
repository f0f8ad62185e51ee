"""A feed held in memory and decided: what the pages of the app look at."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from small_projects import BASE, TODAY, gate, load, rule

from weighbridge.diagnostics import DiagnosticError
from weighbridge.documents import RecordTypeModel
from weighbridge.engine import Engine
from weighbridge.feed_decisions import FeedDecisions, decide_feed
from weighbridge.loaded_feed import LoadedFeed, feed_files, load_feed

OUTPUTS = {
    "verdict": {"combine": "worst"},
    "tags": {"type": "text_list", "combine": "set"},
    "steps": {"type": "text_list", "combine": "collect"},
    "most": {"type": "number", "combine": "max"},
}
CARD = {
    "scorecard": "card",
    "record": "thing",
    "characteristics": [
        {"id": "many", "weight": 1, "value": "n", "bins": [{"upto": 1, "points": 0}, {"points": 90}]}
    ],
    "tiers": [{"id": "low", "from": 0}, {"id": "high", "from": 60}],
}
ENGINE = load(
    *BASE,
    CARD,
    gate(
        rule("n > 3", "z", then={"verdict": "block", "tags": ["z", "b"], "steps": ["z", "b"]}),
        rule("m > 1", "a", then={"verdict": "warn", "tags": ["a"], "steps": ["a"], "most": 2.5}),
        rule('card.tier == "low"', "poor", then={"verdict": "warn"}),
        outputs=OUTPUTS,
    ),
)
ROWS = "n,m,d,l\n4,2,2026-01-01,x|y\n1,0,,\nmany,1,,\n2,,,\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "things.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def loaded(path: Path, **keys: Any) -> LoadedFeed:
    return load_feed(path, ENGINE.record_type("gate"), **keys)


# --- the feed ---------------------------------------------------------------------------------------------


def test_rows_that_are_records_are_held_and_others_told(path: Path) -> None:
    feed = loaded(path)
    assert (feed.rows, feed.lines.to_pylist(), feed.cut) == (3, [2, 3, 5], False)
    assert (feed.refused_count, [r.line for r in feed.refused]) == (1, [4])
    assert feed.refused[0].problems[0].code == "WB410"
    assert (feed.name, feed.record_type, feed.format) == ("things.csv", "thing", "csv")


def test_a_record_has_what_its_row_says_and_nothing_that_is_missing(path: Path) -> None:
    feed = loaded(path)
    assert feed.record(1) == {"n": 1.0, "m": 0.0}
    assert feed.record(0) == {"n": 4.0, "m": 2.0, "d": date(2026, 1, 1), "l": ["x", "y"]}
    assert list(feed.records()) == [feed.record(i) for i in range(3)]
    assert list(feed.records(1, 1)) == [feed.record(1)]


def test_a_feed_longer_than_what_is_held_is_cut(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weighbridge.loaded_feed.MOST_ROWS", 2)
    feed = loaded(path)
    assert (feed.rows, feed.cut) == (2, True)


def test_chunks_are_put_together(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = loaded(path).table
    monkeypatch.setattr("weighbridge.loaded_feed.CHUNK", 1)
    seen: list[tuple[int, int]] = []
    feed = loaded(path, progress=lambda done, total: seen.append((done, total)))
    assert feed.table.equals(whole)
    assert len(seen) == 3
    assert seen[-1][1] == path.stat().st_size


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of a machine where even small tables go to a file."""
    found = tmp_path / "temporary"
    found.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(found))
    monkeypatch.setattr("weighbridge.held_table.MOST_IN_MEMORY", 1)
    monkeypatch.setattr("weighbridge.loaded_feed.CHUNK", 1)
    return found


def test_a_large_feed_lies_in_a_file_that_has_no_name_any_more(path: Path, folder: Path) -> None:
    there: list[int] = []
    feed = loaded(path, progress=lambda done, total: there.append(len(list(folder.iterdir()))))
    assert there == [1, 1, 1]
    assert list(folder.iterdir()) == []
    assert feed.record(0) == {"n": 4.0, "m": 2.0, "d": date(2026, 1, 1), "l": ["x", "y"]}
    assert [feed.record(i) for i in range(3)] == list(feed.records())


def test_a_feed_given_up_half_way_leaves_nothing(path: Path, folder: Path) -> None:
    def stop(done: int, total: int) -> None:
        assert list(folder.iterdir())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loaded(path, progress=stop)
    assert list(folder.iterdir()) == []


def test_a_full_disk_is_told_in_words(path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(folder / "gone"))
    with pytest.raises(DiagnosticError, match="WB400"):
        loaded(path)


def test_feeds_are_told_apart_by_content_and_mapping(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "same.csv"
    other.write_text(ROWS, encoding="utf-8")
    assert loaded(path).digest == loaded(other).digest
    other.write_text(ROWS.replace("4,2", "5,2"), encoding="utf-8")
    assert loaded(path).digest != loaded(other).digest


def test_what_is_no_feed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DiagnosticError, match="WB400"):
        loaded(tmp_path / "nowhere.csv")


def test_files_that_look_like_feeds_are_listed(path: Path) -> None:
    (path.parent / "notes.txt").write_text("x")
    (path.parent / "B.JSONL").write_text("{}")
    assert [p.name for p in feed_files(path.parent)] == ["B.JSONL", "things.csv"]
    assert feed_files(path.parent / "nowhere") == ()


# --- its decisions ----------------------------------------------------------------------------------------


def decide(path: Path, engine: Engine = ENGINE, target: str = "gate", **keys: Any) -> FeedDecisions:
    return decide_feed(engine, target, loaded(path), ("AA",), TODAY, **keys)


def test_a_row_per_record_and_market_says_what_decide_says(path: Path) -> None:
    found = decide(path)
    for row in found.decisions.to_pylist():
        record = loaded(path).record(row["row"])
        decision = ENGINE.decide("gate", record, market=row["market"], as_of=TODAY)
        score, tier = decision.score_values["card"]
        assert (row["verdict"], row["card.score"], row["card.tier"]) == (decision.verdict, score, tier)
        assert row["steps"] == (", ".join(decision.outputs["steps"]) or None)
        assert row["tags"] == (", ".join(sorted(decision.outputs["tags"])) or None)
        most = decision.outputs["most"]
        assert row["most"] == (None if most is None else str(most))
        fired = {r["rule"] for r in found.fired.to_pylist() if r["row"] == row["row"]}
        assert fired == set(decision.fired)
    assert found.decisions.num_rows == 3
    assert (found.version, found.feed, found.invalid_count) == (ENGINE.version, loaded(path).digest, 0)


def test_a_feed_without_a_record_is_decided_too(tmp_path: Path) -> None:
    path = tmp_path / "things.csv"
    path.write_text("n,m,d,l\nmany,1,,\n", encoding="utf-8")
    found = decide(path)
    assert (found.decisions.num_rows, found.fired.num_rows, found.invalid_count) == (0, 0, 0)
    assert {"row", "market", "verdict", "card.score"} <= set(found.decisions.column_names)


def test_a_feed_in_pieces_is_decided_as_it_is_in_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = decide(path)
    monkeypatch.setattr("weighbridge.loaded_feed.CHUNK", 1)
    parts = decide(path)
    for name in ("decisions", "fired"):
        assert getattr(parts, name).to_pylist() == getattr(whole, name).to_pylist()


def test_a_set_is_shown_in_one_order(path: Path) -> None:
    first = decide(path).decisions.to_pylist()[0]
    assert (first["tags"], first["steps"]) == ("a, b, z", "z, b, a")


def test_records_with_values_that_may_not_be_are_told_with_their_line(path: Path) -> None:
    record = ENGINE.record_type("gate")
    strict = load(
        *[
            {**d, "fields": {**d["fields"], "n": {"type": "number", "max": 3}}} if "record_type" in d else d
            for d in BASE
        ],
        gate(rule("n > 1")),
    )
    assert isinstance(record, RecordTypeModel)
    found = decide(path, strict)
    assert (found.decisions.num_rows, found.invalid_count) == (2, 1)
    (invalid,) = found.invalid
    assert invalid.line == 2
    assert "n" in invalid.reason["en"] and "无效" in invalid.reason["zh"]


def test_a_scorecard_is_decided_too(path: Path) -> None:
    rows = decide(path, target="card").decisions.to_pylist()
    assert [r["card.tier"] for r in rows] == ["high", "low", "high"]
    assert "verdict" not in rows[0]


def test_what_progress_raises_ends_it(path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(done: int, total: int) -> None:
        assert total == 3
        raise Stop

    with pytest.raises(Stop):
        decide(path, progress=stop)
