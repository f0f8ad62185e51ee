"""`weighbridge impact`: what it prints, writes and returns."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from command import AS_OF, process
from recount import recount
from test_versions import commit, edit, git, raise_limit

import weighbridge
from weighbridge.diagnostics import Diagnostic, Witness
from weighbridge.engine import Engine
from weighbridge.impact_reports import impact_dict, impact_markdown, impact_text
from weighbridge.impact_result import Proven, Report, read_limit
from weighbridge.messages import IMPACT
from weighbridge.starter import write_starter

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
FEED = "samples/listings.csv"
MARKETS = ("SA", "DE")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A committed project with three changes that are not: a parameter, a rule and a term list."""
    root = tmp_path_factory.mktemp("shop") / "shop"
    write_starter(root)
    git(root.parent, "init", "-q", "-b", "main", str(root))
    commit(root, "first")
    edit(root, "review_units: 1000", "review_units: 50")
    edit(
        root,
        'listing_quality.tier == "poor"',
        'listing_quality.tier == "poor" or price > 20',
        "rulesets/listing_gate.yaml",
    )
    edit(root, "[pig, pigskin, pork]", "[pig, pigskin, pork, leather]", "rulesets/listing.yaml")
    return root


def run(shop: Path, *args: str) -> Any:
    return process("impact", *args, *AS_OF, cwd=shop)


def expected(shop: Path) -> set[tuple[int, str, str, str]]:
    base = shop.parent / "base"
    if not base.exists():
        shutil.copytree(shop, base)
        git(base, "checkout", "-q", ".")
    rows = pd.read_csv(shop / FEED).to_dict("records")
    engines = [weighbridge.load(folder) for folder in (base, shop)]
    fields = engines[1].record_type("listing_gate").fields
    records = [{k: v for k, v in row.items() if k in fields and v == v} for row in rows]
    return recount(engines[0], engines[1], "listing_gate", records, MARKETS, pd.Timestamp(AS_OF[1]).date())


def test_the_report_counts_what_the_records_say(shop: Path) -> None:
    outcome = run(shop, FEED, "-m", "SA", "-m", "DE", "--format", "json")
    assert (outcome.code, outcome.err) == (0, "")
    found = json.loads(outcome.out)
    wanted = expected(shop)
    assert found["changed"] == len({(row, market) for row, market, _, _ in wanted})
    assert found["verdicts_changed"] == sum(kind == "verdict" for _, _, kind, _ in wanted)
    assert sum(m["count"] for m in found["moves"]) == len(wanted)
    assert {c["name"] for c in found["causes"]} == {
        "region world parameters review_units",
        "ruleset listing_gate rules poor-listing",
        "term_list pig",
    }
    assert found["base"].startswith("HEAD (")


def test_the_text_says_what_and_why(shop: Path) -> None:
    outcome = run(shop, FEED, "-m", "SA", "-m", "DE")
    assert outcome.code == 0
    for said in (
        "Other verdicts",
        "W-1",
        "listing_gate/pork  fires now",
        "regions/regions.yaml:12",
        "1000 → 50",
    ):
        assert said in outcome.out
    assert max(len(line) for line in outcome.out.splitlines()) < 200


@pytest.mark.parametrize(("limit", "code"), [("0", 1), ("9999", 0), ("100%", 0), ("1%", 1)])
def test_the_limit_decides_the_exit_code(shop: Path, limit: str, code: int) -> None:
    outcome = run(shop, FEED, "--max-changed", limit, "--no-causes")
    assert outcome.code == code
    assert f"(exit code {code})" in outcome.out
    assert "Which change" not in outcome.out


def test_every_difference_is_written(shop: Path, tmp_path: Path) -> None:
    wanted = expected(shop)
    for name in ("out.csv", "out.parquet"):
        path = tmp_path / name
        outcome = run(shop, FEED, "-m", "SA", "-m", "DE", "--out", str(path))
        assert f"{len(wanted)} differences written to" in outcome.err
        frame = pd.read_csv(path) if name == "out.csv" else pq.read_table(path).to_pandas()
        assert set(zip(frame["row"], frame["market"], frame["kind"], frame["name"], strict=True)) == wanted
        assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
            {name, *(["out.csv"] if "parquet" in name else [])}
        )


def test_markdown_is_a_comment_for_a_pull_request(shop: Path) -> None:
    outcome = run(shop, FEED, "--format", "markdown", "--max-changed", "0", "--base", "main")
    assert outcome.code == 1
    assert outcome.out.startswith("### ❌ Weighbridge")
    assert "| --- |" in outcome.out
    assert outcome.out.count("<details>") == outcome.out.count("</details>") == 1


def test_the_report_in_chinese(shop: Path) -> None:
    outcome = run(shop, FEED, "--lang", "zh", "--max-changed", "0")
    assert "未通过" in outcome.out
    assert not re.search("Other|Which|FAILED", outcome.out)


def test_by_proof_alone_and_beside_a_feed(shop: Path) -> None:
    pytest.importorskip("z3")
    outcome = run(shop, "--prove", "-m", "SA", "--max-changed", "0", "--format", "json")
    assert outcome.code == 1
    (proof,) = json.loads(outcome.out)["proofs"]
    assert proof["status"] == "differs"
    record = shop.parent / "record.json"
    record.write_text(json.dumps(proof["witness"]["record"]), encoding="utf-8")
    decided = process("decide", str(record), "-m", "SA", *AS_OF, "--format", "json", cwd=shop)
    verdict = next(d for d in proof["differences"] if d["kind"] == "verdict")
    assert json.loads(decided.out)[0]["verdict"] == verdict["after"]
    both = run(shop, FEED, "--prove", "-m", "SA")
    assert "a record that differs" in both.out and "Other verdicts" in both.out
    same = process("impact", "--prove", "--base", ".", "-m", "SA", "--max-changed", "0", *AS_OF, cwd=shop)
    assert same.code == 0
    assert "identical on every record" in same.out


def test_a_target_or_market_that_only_the_project_has(shop: Path, tmp_path: Path) -> None:
    pytest.importorskip("z3")
    write_starter(tmp_path / "old")
    new = Path(shutil.copytree(tmp_path / "old", tmp_path / "new"))
    regions = new / "regions" / "regions.yaml"
    regions.write_text(
        regions.read_text(encoding="utf-8") + "---\nregion: AT\nextends: DE\n", encoding="utf-8"
    )
    some = process(
        "impact", "--prove", "--base", "../old", "-m", "AT", "-m", "DE", *AS_OF, "--lang", "zh", cwd=new
    )
    assert some.code == 0
    assert "未作比较：AT" in some.err
    for args in (["--prove"], [FEED]):
        none = process("impact", *args, "--base", "../old", "-m", "AT", *AS_OF, cwd=new)
        assert none.code == 2
        assert "error[WB824]" in none.err


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["nowhere.csv"], "WB400"),
        ([FEED, "--base", "nope"], "WB821"),
        ([FEED, "--base=--all"], "WB821"),
        ([FEED, "--max-changed", "many"], "WB823"),
        ([FEED, "--out", "changes.txt"], "WB828"),
        ([FEED, "--out", "no/such/folder.csv"], "WB690"),
        ([FEED, "--target", "nope"], "WB604"),
        ([FEED, "-m", "XX"], "WB605"),
        ([FEED, "--mapping", "nope"], "WB303"),
        ([FEED, "--market-field", "nope"], "WB609"),
        ([], "WB827"),
    ],
)
def test_what_cannot_be_done_ends_with_2(shop: Path, args: list[str], code: str) -> None:
    outcome = run(shop, *args)
    assert outcome.code == 2
    assert f"error[{code}]" in outcome.err
    assert "Traceback" not in outcome.said


def test_a_project_outside_a_repository_is_compared_with_a_folder(shop: Path, tmp_path: Path) -> None:
    write_starter(tmp_path / "old")
    write_starter(tmp_path / "new")
    raise_limit(tmp_path / "new")
    outcome = process("impact", FEED, "--base", "../old", *AS_OF, cwd=tmp_path / "new")
    assert outcome.code == 0
    assert "region world parameters review_units" in outcome.out


def test_an_error_leaves_the_old_file_of_differences(shop: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    path.write_text("mine")
    assert run(shop, "nowhere.csv", "--out", str(path)).code == 2
    assert path.read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["out.csv"]


# --- what reports do with hostile texts and rare parts ------------------------------------------------------


def report(engine: Engine, base: Path, **more: Any) -> Report:
    found = engine.impact(
        "listing_gate",
        pd.DataFrame([{"sku": "a|b`c\x1b[2J<b>", "title": "x", "price": 99.0, "photos": 3.0}]),
        base,
        markets=["DE"],
        as_of="2026-06-01",
    )
    values = {"impact": found, "proofs": None, "limit": None, **more}
    return Report("listing_gate", "b|ase`", found.base_version, found.version, found.as_of, **values)


def test_texts_of_a_feed_steer_neither_terminal_nor_page(shop: Path) -> None:
    expected(shop)
    engine = weighbridge.load(shop)
    found = report(engine, shop.parent / "base")
    text, page = impact_text(found, "en"), impact_markdown(found, "en")
    assert "\x1b" not in text + page
    assert "\\x1b" in text
    bare = re.sub(r"(`+).*?\1", "", page)
    assert "<b>" not in bare and "b|ase" not in bare
    assert json.loads(json.dumps(impact_dict(found)))["changed"] == 1


def test_open_proofs_and_what_they_lack_are_told(shop: Path) -> None:
    expected(shop)
    engine = weighbridge.load(shop)
    witness = Witness("listing_gate", "SA", "2026-06-01", '{"sku": "1"}')
    proofs = (
        Proven("listing_gate", ("SA", "DE"), "open", why="whether x holds"),
        Proven("listing_gate", ("US",), "differs", witness, (("verdict", "verdict", "pass", "block"),)),
        Proven("listing_gate", ("JP",), "identical"),
    )
    found = report(engine, shop.parent / "base", proofs=proofs, limit=read_limit("0"))
    assert found.failed
    for lang, said in (("en", "not decided: whether x holds"), ("zh", "未能证明：whether x holds")):
        assert said in impact_text(found, lang)
        assert said in impact_markdown(found, lang)
    assert [p["status"] for p in impact_dict(found)["proofs"]] == ["open", "differs", "identical"]


def test_every_text_of_the_report_is_in_both_languages() -> None:
    for name, texts in IMPACT.items():
        assert set(texts) == {"en", "zh"}, name
        holes = [sorted(re.findall(r"\{(\w+)", texts[lang])) for lang in ("en", "zh")]
        assert holes[0] == holes[1], name


def test_notes_are_told_in_chinese() -> None:
    from weighbridge.chinese import translated

    for code, message in (
        ("WB824", "not compared, since the base does not have them: CC"),
        ("WB825", "50 changes are too many to try each alone; those of one file are tried together"),
        ("WB826", "3 decisions were made under one version only and are not compared"),
    ):
        assert translated(Diagnostic(code, message), "zh").message != message
