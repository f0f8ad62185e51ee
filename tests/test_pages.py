"""Pages made of a project's documents: complete, in both languages, safe to show, and current in CI."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from command import process
from markdown import ROOT

import weighbridge
from weighbridge.engine import Engine
from weighbridge.messages import PAGES
from weighbridge.pages import pages
from weighbridge.pages.markup import block, cell_code, link, plain

PACKS = ROOT / "docs" / "packs"
HEADINGS = re.compile(r"^#+ (.+)$", re.MULTILINE)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def packs() -> Engine:
    return weighbridge.load(ROOT)


@pytest.fixture(scope="module")
def shipped(packs: Engine) -> dict[str, str]:
    return pages(packs, PACKS)


def _small(tmp_path: Path, **files: str) -> Path:
    """A copy of the starter project with more files in rulesets/."""
    folder = tmp_path / "shop"
    shutil.copytree(ROOT / "engine" / "weighbridge" / "starter_project", folder)
    for name, text in files.items():
        (folder / "rulesets" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


# ------------------------------------------------------------------------------------------- the shipped packs


def test_the_pages_of_the_packs_are_current(shipped: dict[str, str]) -> None:
    there = {p.relative_to(PACKS).as_posix(): p.read_text(encoding="utf-8") for p in PACKS.rglob("*.md")}
    assert there.keys() == shipped.keys(), "run: make docs"
    assert [name for name in shipped if there[name] != shipped[name]] == [], "run: make docs"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_rule_row_bin_and_source_is_on_a_page(
    packs: Engine, shipped: dict[str, str], language: str
) -> None:
    for name, ruleset in packs.book.rulesets.items():
        text = shipped[f"{language}/ruleset-{name}.md"]
        for rule in ruleset.rules:
            ident = rule.ref.split("/", 1)[1]
            assert f"`{ident}`" in text, rule.ref
            if rule.source is not None:
                assert plain(rule.source.citation) in text, rule.ref
                assert rule.source.url is None or link("", rule.source.url)[2:] in text, rule.ref
    for name, card in packs.book.scorecards.items():
        text = shipped[f"{language}/scorecard-{name}.md"]
        assert all(f"`{part.id}`" in text for part in (*card.characteristics, *card.tiers))


def test_every_market_is_on_a_page_once(packs: Engine, shipped: dict[str, str]) -> None:
    shown = [
        heading
        for name, text in shipped.items()
        if name.startswith("en/region-")
        for heading in HEADINGS.findall(text)
    ]
    for market in packs.markets:
        assert sum(heading.endswith(f"(`{market}`)") for heading in shown) == 1, market


def test_every_system_names_its_documents_and_figures(packs: Engine, shipped: dict[str, str]) -> None:
    systems = packs.project.config.model.systems
    assert len(systems) == 22
    for language in ("en", "zh"):
        index = shipped[f"{language}/README.md"]
        assert all(
            f"**{ident}** {plain(system.title[language])}" in index for ident, system in systems.items()
        )
    carried = {
        entry.system
        for group in (packs.project.scorecards, packs.project.rulesets, packs.project.regions)
        for document in group.values()
        for entry in document.model.implements
    }
    # The rows that a single record decides; the others say on the index what carries them.
    assert {f"S{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18, 22)} <= carried
    assert all(system.about for ident, system in systems.items() if ident not in carried)


def test_every_pack_says_in_both_languages_what_it_is_about(packs: Engine) -> None:
    for group in (packs.project.scorecards, packs.project.rulesets):
        for name, document in group.items():
            model = document.model
            texts = [model.title, model.about, *model.judgements, *(e.figures for e in model.implements)]
            assert model.implements, name
            assert all(text.keys() >= {"en", "zh"} for text in texts), name


def test_chinese_pages_have_chinese_headings(shipped: dict[str, str]) -> None:
    """Ids and codes stand in backticks; what is left of a heading must be Chinese."""
    for name, text in shipped.items():
        if name.startswith("zh/") and not name.startswith("zh/terms-"):
            for heading in HEADINGS.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
                words = re.sub(r"`[^`]*`", "", heading)
                # One title is a name in both languages.
                assert CHINESE.search(words) or not re.search("[a-z]{4}", words), (name, heading)


def test_no_page_is_too_large_for_a_git_host(shipped: dict[str, str]) -> None:
    assert max(len(text.encode("utf-8")) for text in shipped.values()) < 400_000


def test_the_words_of_pages_exist_in_both_languages_with_the_same_holes() -> None:
    for name, texts in PAGES.items():
        holes = {language: set(re.findall(r"\{(\w+)\}", text)) for language, text in texts.items()}
        assert holes["en"] == holes["zh"], name


# ------------------------------------------------------------------------------------------ what a page shows

SPELLS = """\
ruleset: spells
record: listing
title: {en: "<script>alert(1)</script> | [x](http://evil)", zh: "*粗体* `代码`"}
rules:
  - id: one
    when: >-
      price > 5
      and price < 7
    then: {verdict: review}
    reason: {en: "1. {price} | <b>", zh: "- {price}"}
    source: {citation: "Law | [a]", url: "https://example.com/a_(b)|c", confidence: needs_check, checked: 2026-01-02}
    review: {queue: desk, within: 48h, approvers: 2}
    effective: {from: 2026-01-01, to: 2026-12-31}
"""


def test_text_of_a_project_cannot_format_a_page(tmp_path: Path) -> None:
    made = pages(weighbridge.load(_small(tmp_path, spells=SPELLS)), tmp_path / "out")
    page = made["en/ruleset-spells.md"]
    assert "<script" not in re.sub(r"\\<", "", page)
    assert r"# \<script\>alert(1)\</script\> \| \[x\](http://evil) (`spells`)" in page
    assert r"# \*粗体\* \`代码\` (`spells`)" in made["zh/ruleset-spells.md"]
    assert r"> 1\. `{price}` \| \<b\>" in page


def test_an_expression_is_shown_as_it_was_laid_out(tmp_path: Path) -> None:
    made = pages(weighbridge.load(_small(tmp_path, spells=SPELLS)), tmp_path / "out")
    assert "```text\nprice > 5\nand price < 7\n```" in made["en/ruleset-spells.md"]


def test_a_rule_shows_its_source_period_and_review(tmp_path: Path) -> None:
    made = pages(weighbridge.load(_small(tmp_path, spells=SPELLS)), tmp_path / "out")
    english, chinese = made["en/ruleset-spells.md"], made["zh/ruleset-spells.md"]
    source = r"[Law \| \[a\]](https://example.com/a_%28b%29%7Cc)"
    assert f"- Source: {source} (unconfirmed) checked 2026-01-02" in english
    assert "- Review: `desk` within 48h, 2 people must agree" in english
    assert "- In force: from 2026-01-01 to 2026-12-31" in english
    assert f"- 来源：{source}（未核实） 核对日期 2026-01-02" in chinese
    assert "- 复核：`desk`（48h 内），需 2 人同意" in chinese


def test_rows_of_a_table_are_grouped_by_market_and_sorted_by_verdict(tmp_path: Path) -> None:
    rows = "".join(f"      - [r{n}, SA, '> {n}', {'warn' if n % 2 else 'block'}]\n" for n in range(10, 24))
    table = (
        "ruleset: many\nrecord: listing\ntables:\n  - id: t\n    columns:\n      id: {as: id}\n"
        "      where: {as: markets}\n      price: {as: test}\n      verdict: {as: output}\n    rows:\n"
        f"{rows}      - [last, '', '> 1', review]\n"
    )
    page = pages(weighbridge.load(_small(tmp_path, many=table)), tmp_path / "out")["en/ruleset-many.md"]
    assert "- Rows: 15 (block 7; review 1; warn 7)" in page
    saudi, everywhere = page.index("### `SA`"), page.index("### All markets")
    assert saudi < page.index("`r10`") < page.index("`r22`") < page.index("`r11`") < everywhere
    assert everywhere < page.index("`last`")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", r"a\|b"),
        ("- item", r"\- item"),
        ("1) item", r"1\) item"),
        ("# title", r"\# title"),
        ("a\n\nb", "a b"),
        ("$x$ ~y~ &lt;", r"\$x\$ \~y\~ &amp;lt;"),
    ],
)
def test_plain_text_stays_plain(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_code_is_fenced_with_more_backticks_than_it_holds() -> None:
    assert cell_code("a`b|c") == r"`` a`b\|c ``"
    assert block("x\n```\ny").startswith("````text\n")


# ------------------------------------------------------------------------------------------------ the command


def test_pages_are_written_and_then_current(tmp_path: Path) -> None:
    folder = _small(tmp_path)
    assert process("docs", "--check", cwd=folder).code == 1
    written = process("docs", cwd=folder)
    assert (written.code, written.err) == (0, "")
    assert (folder / "docs" / "packs" / "zh" / "ruleset-listing_gate.md").exists()
    assert process("docs", "--check", cwd=folder).code == 0
    assert " 0 written, 0 removed" in process("docs", cwd=folder).out


def test_a_page_that_is_changed_absent_or_left_over_fails_the_check(tmp_path: Path) -> None:
    folder = _small(tmp_path)
    process("docs", "--out", "pages", cwd=folder)
    (folder / "pages" / "en" / "README.md").write_text("old", encoding="utf-8")
    (folder / "pages" / "en" / "region-world.md").unlink()
    (folder / "pages" / "zh" / "ruleset-gone.md").write_text("gone", encoding="utf-8")
    checked = process("docs", "--out", "pages", "--check", cwd=folder)
    assert checked.code == 1
    assert [line for line in checked.err.splitlines() if not line.startswith("run:")] == [
        f"absent: {Path('pages/en/region-world.md')}",
        f"not current: {Path('pages/en/README.md')}",
        f"left over: {Path('pages/zh/ruleset-gone.md')}",
    ]
    assert "1 removed" in process("docs", "--out", "pages", cwd=folder).out


def test_a_folder_that_cannot_be_used_is_no_finding(tmp_path: Path) -> None:
    folder = _small(tmp_path)
    (folder / "file").write_text("", encoding="utf-8")
    refused = process("docs", "--out", "file", cwd=folder)
    assert refused.code == 2
    assert "WB690" in refused.said


def test_pages_do_not_change_the_version_of_the_rules(tmp_path: Path) -> None:
    folder = _small(tmp_path, spells=SPELLS)
    before = weighbridge.load(folder).version
    (folder / "rulesets" / "spells.yaml").write_text(
        SPELLS + "about: {en: x, zh: y}\njudgements: [z]\n", encoding="utf-8"
    )
    assert weighbridge.load(folder).version == before


def test_a_system_that_the_settings_do_not_have_is_an_error(tmp_path: Path) -> None:
    folder = _small(tmp_path, spells=SPELLS + "implements: [{system: S2, figures: none}]\n")
    settings = folder / "weighbridge.yaml"
    settings.write_text(
        settings.read_text(encoding="utf-8") + "systems: {S1: {title: One}}\n", encoding="utf-8"
    )
    found = json.loads(process("lint", "--format", "json", cwd=folder).out)
    errors = [d for d in found["diagnostics"] if d["severity"] == "error"]
    assert [(d["code"], d["message"], d["expected"]) for d in errors] == [
        ("WB303", "unknown system 'S2'", "one of: S1")
    ]
