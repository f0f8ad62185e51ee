"""The gate: exit codes, failing closed, rows that are no records, fingerprints, waivers, baseline."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fake_engine import FakeEngine, Found

from weighbridge import gate as gate_module
from weighbridge.diagnostics import DiagnosticError, ProjectError
from weighbridge.engine import load
from weighbridge.gate import ExitCode, GateResult, run_gate
from weighbridge.gate_findings import GateFinding, GateSeverity
from weighbridge.project import load_text

TODAY = date(2026, 11, 21)
CLEAN_FEED = "sku,title,material\nA-1,Bag,cotton\nA-2,Belt,canvas\n"
PIG_FEED = "sku,title,material\nA-1,Bag,cotton\nA-2,Belt,pigskin\n"

Gate = Callable[..., GateResult]


@pytest.fixture(autouse=True)
def no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine made up for these tests decides one by one only."""
    monkeypatch.setattr(gate_module, "LARGE", 10**9)


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Gate:
    """Runs the gate in a folder of its own over a feed given as text; everything is closed afterwards."""
    monkeypatch.chdir(tmp_path)

    def run(feed: str | Path, engine: FakeEngine | None = None, **options: Any) -> GateResult:
        path = Path("feed.csv") if isinstance(feed, str) else feed
        if isinstance(feed, str):
            path.write_text(feed, encoding="utf-8")
        settings: dict[str, Any] = {"target": "listing_gate", "markets": ["SA"], "as_of": TODAY} | options
        result = run_gate((engine or FakeEngine()).as_engine(), path, **settings)
        request.addfinalizer(result.close)
        return result

    return run


def codes(result: GateResult) -> list[str]:
    return [note.code for note in result.notes]


def by_rule(result: GateResult, rule: str) -> list[GateFinding]:
    return [finding for finding in result.findings() if finding.rule == rule]


def waive(entries: str) -> Path:
    path = Path("waivers.yaml")
    path.write_text(f"waivers:\n{entries}", encoding="utf-8")
    return path


# ------------------------------------------------------------------------------------------------ exit codes


def test_a_feed_without_findings_is_clean(gate: Gate) -> None:
    result = gate(CLEAN_FEED)
    assert (result.exit_code, int(result.exit_code)) == (ExitCode.CLEAN, 0)
    assert result.counts.verdicts == {"SA": {"pass": 2}}
    assert list(result.findings()) == []


def test_a_blocked_record_fails_the_gate_with_its_line_and_reason(gate: Gate) -> None:
    result = gate(PIG_FEED)
    assert result.exit_code is ExitCode.FINDINGS
    (finding,) = result.findings()
    assert (finding.feed, finding.line, finding.record, finding.market) == ("feed.csv", 3, "A-2", "SA")
    assert (finding.rule, finding.severity, finding.verdict) == ("taboo/pig", "block", "block")
    assert finding.reason == {"en": "contains pigskin", "zh": "含猪皮"}
    assert finding.rule_location is not None and finding.rule_location.line == 14
    assert finding.source is not None and finding.source.citation == "Customs law art. 5"


@pytest.mark.parametrize(
    ("found", "fail_on", "expected"),
    [
        ("warn", "warn", 1),
        ("warn", "review", 0),
        ("review", "review", 1),
        ("review", "block", 0),
        ("block", "block", 1),
        ("block", "error", 0),
        ("error", "error", 1),
    ],
)
def test_only_findings_at_or_above_the_threshold_fail(
    gate: Gate, found: str, fail_on: GateSeverity, expected: int
) -> None:
    result = gate(CLEAN_FEED, FakeEngine(lambda record, market: [Found("taboo/pig", found)]), fail_on=fail_on)
    assert int(result.exit_code) == expected
    assert result.counts.severities == {found: 2}


def test_every_market_asked_for_is_decided_once(gate: Gate) -> None:
    result = gate(PIG_FEED, markets=["SA", "DE", "SA"])
    assert result.counts.verdicts == {"SA": {"pass": 1, "block": 1}, "DE": {"pass": 1, "review": 1}}
    assert [finding.market for finding in result.findings()] == ["SA", "DE"]


def test_rules_that_fired_without_severity_are_no_findings(gate: Gate) -> None:
    result = gate(CLEAN_FEED, FakeEngine(lambda record, market: [Found("taboo/cow", "pass")]))
    assert result.exit_code is ExitCode.CLEAN
    assert list(result.findings()) == []


def test_undecided_rules_are_listed_where_asked_but_do_not_fail(gate: Gate) -> None:
    lacking = Found("taboo/cow", "pass", "skipped", missing=("eu_rp_name",))
    result = gate(CLEAN_FEED, FakeEngine(lambda record, market: [lacking]), undecided=True)
    assert result.exit_code is ExitCode.CLEAN
    assert not list(gate(CLEAN_FEED, FakeEngine(lambda record, market: [lacking])).findings())
    assert [(finding.status, finding.missing) for finding in result.findings()] == [
        ("undecided", ("eu_rp_name",)),
        ("undecided", ("eu_rp_name",)),
    ]


def test_undecided_rules_that_ask_for_review_fail(gate: Gate) -> None:
    reason = {"en": "eu_rp_name is missing", "zh": "缺少 eu_rp_name"}
    lacking = Found("taboo/cow", "review", "undecided", reason, ("eu_rp_name",))
    result = gate(CLEAN_FEED, FakeEngine(lambda record, market: [lacking]))
    assert result.exit_code is ExitCode.FINDINGS
    assert "eu_rp_name" in next(result.findings()).reason["zh"]


def test_a_verdict_that_no_finding_bears_is_a_finding(gate: Gate) -> None:
    """A ruleset whose verdict is `review` by default fires no rule; that must not look clean."""
    result = gate(CLEAN_FEED, FakeEngine(lambda record, market: [], verdict=lambda worst: "review"))
    assert result.exit_code is ExitCode.FINDINGS
    assert {(finding.rule, finding.severity) for finding in result.findings()} == {
        ("listing_gate.verdict", "review")
    }


# ------------------------------------------------------------------------- false greens seen in other gates


def test_a_missing_file_is_not_a_pass(gate: Gate) -> None:
    result = gate(Path("nowhere.csv"))
    assert (result.exit_code, codes(result)) == (ExitCode.UNUSABLE, ["WB400"])
    assert "nowhere.csv" in str(result.notes[0])


def test_a_missing_directory_is_not_a_pass(gate: Gate) -> None:
    assert gate(Path("nowhere/feed.csv")).exit_code is ExitCode.UNUSABLE


def test_a_directory_instead_of_a_feed_is_not_a_pass(gate: Gate) -> None:
    Path("feeds.csv").mkdir()
    assert gate(Path("feeds.csv")).exit_code is ExitCode.UNUSABLE


@pytest.mark.parametrize("feed", ["", "\n", "sku,title,material\n"], ids=["empty", "blank", "header only"])
def test_a_feed_without_records_is_not_a_pass(gate: Gate, feed: str) -> None:
    result = gate(feed)
    assert result.exit_code is ExitCode.UNUSABLE
    assert codes(result) in (["WB422"], ["WB602"])


def test_a_feed_none_of_whose_rows_could_be_read_is_not_a_pass(gate: Gate) -> None:
    result = gate("sku,title,price\nA-1,Bag,cheap\nA-2,Belt,dear\n")
    assert (result.exit_code, codes(result)) == (ExitCode.UNUSABLE, ["WB603"])
    assert [finding.line for finding in result.findings()] == [2, 3]


def test_a_feed_that_breaks_off_is_not_a_pass(gate: Gate) -> None:
    """The rows before the break may be clean; of those behind it nothing is known."""
    rows = "".join(f"A-{number},Bag,cotton {number * 7919 % 1000}\n" for number in range(20_000))
    packed = gzip.compress(f"sku,title,material\n{rows}".encode())
    Path("feed.csv.gz").write_bytes(packed[: len(packed) // 2])
    result = gate(Path("feed.csv.gz"))
    assert result.exit_code is ExitCode.UNUSABLE
    assert "WB400" in codes(result)
    assert result.counts.decided > 0


def test_no_market_is_not_a_pass(gate: Gate) -> None:
    result = gate(CLEAN_FEED, markets=[])
    assert (result.exit_code, codes(result)) == (ExitCode.UNUSABLE, ["WB605"])


def test_an_unknown_market_is_not_a_pass_and_names_the_nearest(gate: Gate) -> None:
    result = gate(CLEAN_FEED, markets=["SA", "DEE"])
    assert (result.exit_code, codes(result)) == (ExitCode.UNUSABLE, ["WB605"])
    assert result.notes[0].suggestion == "DE"
    assert result.counts.read == 0


def test_an_unknown_target_is_not_a_pass_and_names_the_nearest(gate: Gate) -> None:
    result = gate(CLEAN_FEED, target="listing_gat")
    assert (result.exit_code, codes(result)) == (ExitCode.UNUSABLE, ["WB604"])
    assert result.notes[0].suggestion == "listing_gate"


def test_an_unknown_threshold_is_not_a_pass(gate: Gate) -> None:
    assert gate(CLEAN_FEED, fail_on="never").exit_code is ExitCode.UNUSABLE


def test_a_target_that_never_gives_a_verdict_is_not_a_pass(gate: Gate) -> None:
    result = gate(CLEAN_FEED, FakeEngine(lambda record, market: [], verdict=lambda worst: None))
    assert (result.exit_code, codes(result)) == (ExitCode.UNUSABLE, ["WB607"])


def test_a_verdict_the_gate_does_not_know_is_not_a_pass(gate: Gate) -> None:
    result = gate(CLEAN_FEED, FakeEngine(lambda record, market: [], verdict=lambda worst: "fine"))
    assert (result.exit_code, codes(result)) == (ExitCode.UNUSABLE, ["WB607"])


def test_an_unknown_rule_in_a_waiver_is_not_a_pass(gate: Gate) -> None:
    path = waive("  - {rule: taboo/pigs, owner: a@b, reason: agreed, expires: 2027-01-31}\n")
    result = gate(CLEAN_FEED, waivers=path)
    assert (result.exit_code, codes(result)) == (ExitCode.UNUSABLE, ["WB611"])
    (note,) = result.notes
    assert note.suggestion == "taboo/pig"
    assert note.span is not None and (note.span.file, note.span.line) == ("waivers.yaml", 2)


def test_an_unknown_market_in_a_waiver_is_not_a_pass(gate: Gate) -> None:
    path = waive("  - {rule: taboo/pig, market: SAA, owner: a@b, reason: agreed, expires: 2027-01-31}\n")
    result = gate(CLEAN_FEED, waivers=path)
    assert (result.exit_code, codes(result)) == (ExitCode.UNUSABLE, ["WB612"])


@pytest.mark.parametrize(
    "entry",
    [
        "{rule: taboo/pig, owner: a@b, reason: agreed}",
        "{rule: taboo/pig, reason: agreed, expires: 2027-01-31}",
        "{rule: taboo/pig, owner: a@b, expires: 2027-01-31}",
        "{rule: taboo/pig, owner: a@b, reason: '', expires: 2027-01-31}",
        "{rule: taboo/pig, owner: a@b, reason: agreed, expires: 2027-02-30}",
        "{rule: taboo/pig, owner: a@b, reason: agreed, expires: 2027-01-31, recrod: A-2}",
        "{rule: taboo/pig, market: 'S A', owner: a@b, reason: agreed, expires: 2027-01-31}",
        "{rule: taboo/pig, record: [A-2], owner: a@b, reason: agreed, expires: 2027-01-31}",
        "{rule: taboo/pig",
    ],
    ids=[
        "no expiry",
        "no owner",
        "no reason",
        "empty reason",
        "no day",
        "misspelt key",
        "market",
        "record",
        "YAML",
    ],
)
def test_a_waiver_file_with_a_mistake_is_not_a_pass(gate: Gate, entry: str) -> None:
    result = gate(PIG_FEED, waivers=waive(f"  - {entry}\n"))
    assert result.exit_code is ExitCode.UNUSABLE
    assert all(note.span is not None and note.span.file == "waivers.yaml" for note in result.notes)


def test_a_missing_waiver_file_is_not_a_pass(gate: Gate) -> None:
    assert gate(CLEAN_FEED, waivers=Path("waivers.yaml")).exit_code is ExitCode.UNUSABLE


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "{",
        "[]",
        "{}",
        '{"version": 1}',
        '{"version": 2, "target": "listing_gate", "fingerprints": {}}',
        '{"version": 1, "target": "other", "fingerprints": {}}',
        '{"version": 1, "target": "listing_gate", "fingerprints": {"12": ["a/b", "SA", "A-1"]}}',
        '{"version": 1, "target": "listing_gate", "fingerprints": {}, "fingerprints": {}}',
        '{"version": 1, "target": "listing_gate", "fingerprints": {}, "extra": 1}',
        "\udcff",
    ],
)
def test_a_missing_or_damaged_baseline_is_not_a_pass(gate: Gate, content: str | None) -> None:
    path = Path("baseline.json")
    if content is not None:
        path.write_bytes(content.encode("utf-8", "surrogateescape"))
    result = gate(PIG_FEED, baseline=path)
    assert (result.exit_code, codes(result)) == (ExitCode.UNUSABLE, ["WB620"])


def test_all_mistakes_of_a_call_are_named_at_once(gate: Gate) -> None:
    result = gate(CLEAN_FEED, target="nothing", markets=["XX"], fail_on="no", baseline=Path("no.json"))
    assert codes(result) == ["WB604", "WB606", "WB605", "WB620"]


# -------------------------------------------------------------------------------- rows that are no records


def test_an_invalid_record_is_a_finding_that_lists_every_bad_field_and_the_run_goes_on(gate: Gate) -> None:
    result = gate("sku,title,price,stock\nA-1,Bag,-1,-2\nA-2,Belt,3,4\n")
    assert result.exit_code is ExitCode.FINDINGS
    assert result.counts.decided == 1
    (finding,) = result.findings()
    assert (finding.rule, finding.severity, finding.line) == ("invalid-record", "error", 2)
    assert (finding.record, finding.market) == ("A-1", "")
    assert "price" in finding.reason["en"] and "stock" in finding.reason["en"]


def test_cells_that_cannot_be_read_are_one_finding_for_their_row(gate: Gate) -> None:
    result = gate("sku,title,price,stock\nA-1,Bag,cheap,many\nA-2,Belt,3,4\n")
    (finding,) = result.findings()
    assert (finding.rule, finding.status) == ("invalid-record", "invalid_record")
    assert "cheap" in finding.reason["en"] and "many" in finding.reason["en"]


def test_a_row_with_the_wrong_number_of_cells_is_a_finding_at_its_line(gate: Gate) -> None:
    result = gate("sku,title,material\nA-1,Bag,cotton\nA-2,Belt,canvas,x,y\nA-3,Hat,wool\n")
    assert result.counts.decided == 2
    assert [(finding.line, finding.severity) for finding in result.findings()] == [(3, "error")]


def test_a_repeated_key_is_a_warning_that_names_the_first_line(gate: Gate) -> None:
    result = gate("sku,title\nA-1,Bag\nA-2,Belt\nA-1,Hat\nA-1,Bag\n", fail_on="warn")
    found = by_rule(result, "duplicate-record")
    assert [(finding.line, finding.severity) for finding in found] == [(4, "warn"), (5, "warn")]
    assert all("line 2" in finding.reason["en"] for finding in found)
    assert result.counts.repeated_keys == 2
    assert result.exit_code is ExitCode.FINDINGS


def test_records_without_key_are_named_by_their_line(gate: Gate) -> None:
    result = gate("sku,title,material\n,Belt,pigskin\n")
    (finding,) = result.findings()
    assert (finding.record, finding.key) == ("line 2", None)


# ---------------------------------------------------------------------------------------------- fingerprints


def prints(result: GateResult) -> list[str]:
    return [finding.fingerprint for finding in result.findings()]


def test_fingerprints_do_not_drift_between_runs_moved_lines_feeds_and_versions(gate: Gate) -> None:
    first = prints(gate(PIG_FEED))
    moved = gate("sku,title,material\nA-9,New,silk\nA-8,New,silk\nA-2,Renamed belt,pigskin\n")
    Path("other.csv").write_text(PIG_FEED)
    assert prints(gate(PIG_FEED)) == first
    assert prints(moved) == first
    assert prints(gate(Path("other.csv"), FakeEngine(version="wb-1"))) == first
    assert len(first[0]) == 64


def test_fingerprints_of_one_rule_stay_when_other_rules_change(gate: Gate) -> None:
    def more(record: Mapping[str, Any], market: str) -> Iterable[Found]:
        yield Found("taboo/cow", "warn")
        yield Found("taboo/pig", "block", reason={"en": "now worded differently"})

    before = gate("sku,title\nA-1,Bag\n", FakeEngine(lambda record, market: [Found("taboo/pig")]))
    after = gate("sku,title\nA-1,Bag\n", FakeEngine(more))
    assert prints(before) == [finding.fingerprint for finding in by_rule(after, "taboo/pig")]


def test_fingerprints_do_not_collide_within_a_run(gate: Gate) -> None:
    def twice(record: Mapping[str, Any], market: str) -> Iterable[Found]:
        return [Found("taboo/pig"), Found("taboo/pig", "error", "conflict"), Found("taboo/cow")]

    rows = ["A-1,Bag", "A-1,Bag", "A-1,Hat", ",Bag", ",Bag", ",Bag", ",Hat", "A-2,Bag", ",", ","]
    result = gate("sku,title\n" + "\n".join(rows) + "\n", FakeEngine(twice), markets=["SA", "DE"])
    found = prints(result)
    assert len(found) >= 50
    assert len(set(found)) == len(found)


def test_fingerprints_of_records_without_key_follow_their_content(gate: Gate) -> None:
    before = gate("sku,title,material\n,Belt,pigskin\n,Hat,pigskin\n")
    hat = prints(before)[1]
    after = gate("title,sku,material\nHat,,pigskin\n")
    assert prints(after) == [hat]


def test_fingerprints_survive_keys_that_are_not_plain_text(gate: Gate) -> None:
    Path("feed.jsonl").write_text('{"sku": "A\\ud800", "material": "pigskin"}\n')
    result = gate(Path("feed.jsonl"))
    assert result.counts.read == 1


# --------------------------------------------------------------------------------------------------- waivers

LONG = "owner: a@b, reason: agreed with legal, expires: 2027-06-30"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("rule: taboo/pig", 0),
        ("rule: taboo/pig, market: SA", 0),
        ("rule: taboo/pig, record: A-2", 0),
        ("rule: taboo/pig, market: SA, record: A-2", 0),
        ("rule: taboo/pig, market: DE", 1),
        ("rule: taboo/pig, record: A-1", 1),
        ("rule: taboo/pig, record: a-2", 1),
        ("rule: taboo/cow", 1),
    ],
)
def test_a_waiver_covers_exactly_what_it_names(gate: Gate, names: str, expected: int) -> None:
    result = gate(PIG_FEED, waivers=waive(f"  - {{{names}, {LONG}}}\n"))
    assert int(result.exit_code) == expected
    assert result.counts.waived == 1 - expected


def test_a_waived_finding_stays_in_the_report_with_owner_reason_and_expiry(gate: Gate) -> None:
    result = gate(PIG_FEED, waivers=waive(f"  - {{rule: taboo/pig, {LONG}}}\n"))
    (finding,) = result.findings()
    assert finding.suppressed_by == "waiver"
    assert finding.waiver is not None
    assert (finding.waiver.owner, finding.waiver.expires) == ("a@b", date(2027, 6, 30))
    assert codes(result) == []


def test_waivers_of_the_project_hold_unless_a_file_is_given(gate: Gate) -> None:
    text = f"waivers:\n  - {{rule: taboo/pig, {LONG}}}\n  - {{rule: taboo/cow, {LONG}}}\n"
    engine = FakeEngine(root=Path("shop"), waivers=load_text(text, "waivers.yaml", "waivers").documents[0])
    result = gate(PIG_FEED, engine)
    assert (result.exit_code, result.counts.waived) == (ExitCode.CLEAN, 1)
    assert [str(note.span) for note in result.notes] == ["shop/waivers.yaml:3:5"]
    other = waive(f"  - {{rule: taboo/cow, {LONG}}}\n")
    assert gate(PIG_FEED, engine, waivers=other).exit_code is ExitCode.FINDINGS


def test_an_expired_waiver_no_longer_covers_and_the_report_says_so(gate: Gate) -> None:
    path = waive("  - {rule: taboo/pig, owner: a@b, reason: agreed, expires: 2026-11-20}\n")
    result = gate(PIG_FEED, waivers=path)
    assert (result.exit_code, codes(result)) == (ExitCode.FINDINGS, ["WB613"])
    assert "2026-11-20" in result.notes[0].message
    assert next(result.findings()).suppressed_by is None


@pytest.mark.parametrize(
    ("expires", "expected"),
    [("2026-11-21", ["WB614"]), ("2026-12-05", ["WB614"]), ("2026-12-06", [])],
    ids=["last day", "in 14 days", "in 15 days"],
)
def test_a_waiver_warns_in_its_last_fourteen_days(gate: Gate, expires: str, expected: list[str]) -> None:
    path = waive(f"  - {{rule: taboo/pig, owner: a@b, reason: agreed, expires: {expires}}}\n")
    result = gate(PIG_FEED, waivers=path)
    assert (result.exit_code, codes(result)) == (ExitCode.CLEAN, expected)


def test_an_unused_waiver_is_noted_only_where_the_run_could_have_used_it(gate: Gate) -> None:
    path = waive(f"  - {{rule: taboo/cow, {LONG}}}\n  - {{rule: taboo/cow, market: DE, {LONG}}}\n")
    result = gate(CLEAN_FEED, waivers=path)
    assert (result.exit_code, codes(result)) == (ExitCode.CLEAN, ["WB615"])
    assert result.notes[0].severity == "note"


# -------------------------------------------------------------------------------------------------- baseline


def test_a_baseline_lets_known_findings_pass_and_new_ones_fail(gate: Gate) -> None:
    path = Path("baseline.json")
    assert gate(PIG_FEED).update_baseline(path) == 1
    known = gate(PIG_FEED, baseline=path)
    assert (known.exit_code, known.counts.baselined) == (ExitCode.CLEAN, 1)
    assert next(known.findings()).suppressed_by == "baseline"
    worse = gate(PIG_FEED + "A-3,Shoe,pigskin\n", baseline=path)
    assert (worse.exit_code, worse.counts.failing) == (ExitCode.FINDINGS, 1)


def test_findings_that_are_gone_are_counted_as_fixed_and_cannot_come_back(gate: Gate) -> None:
    path = Path("baseline.json")
    gate(PIG_FEED).update_baseline(path)
    mended = gate(CLEAN_FEED, baseline=path)
    assert (mended.exit_code, mended.counts.fixed) == (ExitCode.CLEAN, 1)
    assert mended.update_baseline(path) == 0
    assert gate(PIG_FEED, baseline=path).exit_code is ExitCode.FINDINGS


def test_the_baseline_file_is_sorted_and_the_same_for_the_same_findings(gate: Gate) -> None:
    rows = [f"A-{number},Bag,pigskin" for number in range(20)]
    one, two = Path("one.json"), Path("two.json")
    gate("sku,title,material\n" + "\n".join(rows) + "\n").update_baseline(one)
    gate("sku,title,material\n" + "\n".join(reversed(rows)) + "\n").update_baseline(two)
    assert one.read_bytes() == two.read_bytes()
    assert one.read_text().count("\n") == 20 + 6


def test_a_run_over_fewer_markets_leaves_the_others_in_the_baseline(gate: Gate) -> None:
    path = Path("baseline.json")
    gate(PIG_FEED, markets=["SA", "DE"]).update_baseline(path)
    only_sa = gate(PIG_FEED, markets=["SA"], baseline=path)
    assert only_sa.counts.fixed == 0
    assert only_sa.update_baseline(path) == 2
    assert gate(PIG_FEED, markets=["SA", "DE"], baseline=path).exit_code is ExitCode.CLEAN


def test_a_waived_finding_is_not_made_permanent_by_the_baseline(gate: Gate) -> None:
    result = gate(PIG_FEED, waivers=waive(f"  - {{rule: taboo/pig, {LONG}}}\n"))
    assert result.update_baseline(Path("baseline.json")) == 0


def test_a_run_that_failed_writes_no_baseline(gate: Gate) -> None:
    with pytest.raises(DiagnosticError, match="WB621"):
        gate(Path("nowhere.csv")).update_baseline(Path("baseline.json"))
    assert not Path("baseline.json").exists()


def test_an_unreadable_row_is_never_covered_by_the_baseline(gate: Gate) -> None:
    """Nobody knows what stands in it, so yesterday's acceptance says nothing."""
    feed = 'not json\n{"sku": "A-1"}\n'
    Path("feed.jsonl").write_text(feed)
    path = Path("baseline.json")
    gate(Path("feed.jsonl")).update_baseline(path)
    result = gate(Path("feed.jsonl"), baseline=path)
    assert result.exit_code is ExitCode.FINDINGS
    assert [finding.status for finding in result.findings()] == ["unreadable_row"]


# ----------------------------------------------------------------------------------------- findings on disk


def test_findings_can_be_read_again_and_again_and_at_once(gate: Gate) -> None:
    result = gate(PIG_FEED, markets=["SA", "DE"])
    pairs = [(a.fingerprint, b.fingerprint) for a in result.findings() for b in result.findings()]
    assert len(pairs) == 4
    assert len(set(pairs)) == 4


def test_no_finding_is_left_out_however_many_there_are(gate: Gate) -> None:
    rows = "".join(f"A-{number},Bag,pigskin\n" for number in range(3000))
    result = gate(f"sku,title,material\n{rows}")
    assert sum(1 for _ in result.findings()) == 3000 == result.counts.failing


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that temporary files go to."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_closing_the_result_deletes_its_files(temporary: Path, gate: Gate) -> None:
    with gate(PIG_FEED):
        assert list(temporary.iterdir())
    assert not list(temporary.iterdir())


def test_a_crash_of_the_engine_leaves_no_files_behind(temporary: Path, gate: Gate) -> None:
    def crash(record: Mapping[str, Any], market: str) -> Iterable[Found]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        gate(PIG_FEED, FakeEngine(crash))
    assert not list(temporary.iterdir())


def test_progress_is_told_and_ends_at_the_whole(gate: Gate) -> None:
    rows = "".join(f"A-{number},Bag,silk\n" for number in range(1200))
    calls: list[tuple[int, float]] = []

    def note(rows: int, share: float) -> None:
        calls.append((rows, share))

    gate(f"sku,title,material\n{rows}", progress=note)
    assert [rows for rows, _ in calls] == [500, 1000, 1200]
    assert calls[-1][1] == 1.0
    assert all(0 <= share <= 1 for _, share in calls)


def test_a_feed_outside_the_working_folder_is_named_relative_to_it(
    gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "feed.csv").write_text(PIG_FEED)
    monkeypatch.chdir(tmp_path / "inner")
    result = gate(tmp_path / "feed.csv")
    assert next(result.findings()).feed == "../feed.csv"


# ------------------------------------------------------------------------------------------- the real engine

PROJECT = """record_type: listing
key: sku
fields:
  sku: {type: text, required: true, title: {en: SKU, zh: 货号}}
  title: {type: text}
  material: {type: text, title: {en: Material, zh: 材质}}
  price: {type: number, min: 0}
  certificate: {type: text, title: {en: Certificate, zh: 证书}}
---
region: world
declares: {pork_prohibited: {type: boolean}}
parameters: {pork_prohibited: false}
---
region: SA
extends: world
parameters: {pork_prohibited: true}
---
region: DE
extends: world
---
term_list: pig
terms: {en: [pigskin]}
---
ruleset: listing_gate
record: listing
outputs: {verdict: {combine: worst, default: pass}, route: {type: text, combine: unique}}
rules:
  - id: pig-materials
    title: {en: Pig materials, zh: 猪材料}
    when: region.pork_prohibited and mentions(material, terms.pig)
    then: {verdict: block}
    reason: {en: "Contains {match}.", zh: "含有{match}。"}
    source: {citation: Customs law, url: "https://example.org/law"}
  - id: dear
    when: price > 1000
    then: {verdict: warn, route: air}
  - id: very-dear
    when: price > 2000
    then: {verdict: warn, route: sea}
  - id: certified
    when: certificate == "none"
    then: {verdict: block}
    if_unknown: review
    markets: [DE]
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    (folder / "rulesets").mkdir(parents=True)
    (folder / "rulesets/all.yaml").write_text(PROJECT, encoding="utf-8")
    return folder


def check(folder: Path, feed: str, **options: Any) -> GateResult:
    Path("feed.csv").write_text(feed, encoding="utf-8")
    settings: dict[str, Any] = {"target": "listing_gate", "markets": ["SA"], "as_of": TODAY} | options
    return run_gate(load(folder), "feed.csv", **settings)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_engine_s_findings_reach_the_report_whole(shop: Path) -> None:
    with check(shop, "sku,material,price\nA-1,soft Pigskin,10\nA-2,cotton,10\n") as result:
        (finding,) = result.findings()
        assert result.exit_code is ExitCode.FINDINGS
    assert (finding.rule, finding.severity, finding.line) == ("listing_gate/pig-materials", "block", 2)
    assert finding.reason == {"en": "Contains Pigskin.", "zh": "含有Pigskin。"}
    assert [(match.text, match.field) for match in finding.matches] == [("Pigskin", "material")]
    assert finding.rule_location is not None
    line = PROJECT.splitlines().index("  - id: pig-materials") + 1
    assert (finding.rule_location.file, finding.rule_location.line) == ("rulesets/all.yaml", line)


def test_undecided_rules_of_the_engine_fail_where_they_ask_for_review(shop: Path) -> None:
    with check(shop, "sku,price\nA-1,10\n", markets=["SA", "DE"], undecided=True) as result:
        found = {(f.market, f.rule, f.severity, f.missing) for f in result.findings()}
    assert found == {
        ("SA", "listing_gate/pig-materials", "pass", ("material",)),
        ("DE", "listing_gate/certified", "review", ("certificate",)),
    }
    assert result.counts.failing == 1


def test_rules_that_contradict_each_other_are_an_error(shop: Path) -> None:
    with check(shop, "sku,material,price\nA-1,cotton,5000\n", fail_on="error") as result:
        found = [(f.status, f.severity) for f in result.findings()]
        prints = {f.fingerprint for f in result.findings()}
    assert found == [("fired", "warn"), ("fired", "warn"), ("conflict", "error")]
    assert len(prints) == 3
    assert result.exit_code is ExitCode.FINDINGS


def test_records_the_engine_refuses_are_findings(shop: Path) -> None:
    with check(shop, "sku,material,price\n,cotton,-5\nA-2,cotton,5\n") as result:
        (finding,) = result.findings()
    assert (finding.rule, finding.record) == ("invalid-record", "line 2")
    assert "sku" in finding.reason["en"] and "price" in finding.reason["en"]


def test_a_misspelt_key_in_a_rule_file_is_not_a_pass(shop: Path) -> None:
    (shop / "rulesets/all.yaml").write_text(PROJECT.replace("when: price > 1000", "whn: price > 1000"))
    with pytest.raises(ProjectError, match="whn"):
        check(shop, "sku\nA-1\n")


def test_a_missing_project_is_not_a_pass() -> None:
    with pytest.raises(ProjectError):
        check(Path("nowhere"), "sku\nA-1\n")


def test_a_scorecard_cannot_be_a_gate(shop: Path) -> None:
    """It gives no verdict, so every record would pass."""
    lines = "  - {id: dear, value: price, bins: [{points: 1}]}\ntiers: [{id: low, from: 0}]\n"
    card = f"scorecard: fit\nrecord: listing\ncharacteristics:\n{lines}"
    (shop / "rulesets/card.yaml").write_text(card)
    with check(shop, "sku,price\nA-1,10\n", target="fit") as result:
        assert (result.exit_code, codes(result)) == (ExitCode.UNUSABLE, ["WB607"])
