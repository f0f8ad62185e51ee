"""The README tells the truth: its three examples run, its figures are those that were measured."""

from __future__ import annotations

import io
import json
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from markdown import ROOT, blocks

import weighbridge
from benchmarks.figures import RESULTS, figures, with_figures
from weighbridge.cli import main
from weighbridge.starter import write_starter

README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the shipped project and its samples, since examples may write files."""
    folder = tmp_path_factory.mktemp("packs")
    for name in ("regions", "scorecards", "rulesets", "samples"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "weighbridge.yaml", folder)
    return folder


def command(starts_with: str) -> tuple[list[str], list[str]]:
    """A command of the README and the lines shown below it."""
    parts = [part for block in blocks(README, "console") for part in block.text.split("$ ")[1:]]
    (found,) = [part for part in parts if part.startswith(starts_with)]
    line, *shown = found.splitlines()
    return shlex.split(line), shown


def run(
    args: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", args)
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        main()
    sys.stdout.flush()
    out, err = capfd.readouterr()
    return int(ended.value.code or 0), out + err


def test_the_first_use_a_rule_and_its_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    write_starter(tmp_path / "my-shop")
    monkeypatch.chdir(tmp_path / "my-shop")
    additions = re.findall(r"<!-- append: (\S+) -->\n```yaml\n(.*?)```", TEXT, re.DOTALL)
    assert len(additions) == 2
    for name, text in additions:
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(text)
    args, shown = command("weighbridge test")
    code, said = run(args, monkeypatch, capfd)
    assert (code, shown[0] in said) == (0, True), said
    rules = Path("rulesets/listing_gate.yaml")
    rules.write_text(
        rules.read_text(encoding="utf-8").replace("price < 5 and", "price < 4 and"), encoding="utf-8"
    )
    code, said = run(args, monkeypatch, capfd)
    assert code == 1
    assert "price = 4.99; off by 0.99" in said


def test_the_second_use_a_decision_in_python(packs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(packs)
    (example,) = blocks(README, "python")
    printed = io.StringIO()
    monkeypatch.setattr(sys, "stdout", printed)
    space: dict[str, Any] = {}
    exec(compile(example.text, "README.md", "exec"), space)
    lines = printed.getvalue().splitlines()
    assert lines[0] == re.findall(r"print\(decision\.verdict\)\s+# (\w+)", example.text)[0] == "block"
    assert any(line.startswith("block taboo_base/TAB-SA-001 Pig material") for line in lines)
    assert any("拦截" in line for line in lines)


def test_the_third_use_the_gate(
    packs: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(packs)
    args, shown = command("weighbridge check")
    code, said = run([*args, "--as-of", "2026-11-21"], monkeypatch, capfd)
    assert code == 1
    assert all(line in said for line in shown)
    assert (packs / "out.sarif").stat().st_size > 1000
    assert (packs / "out.xml").stat().st_size > 1000


def test_the_two_commands_exist() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {"demo", "test", "bench"} <= set(re.findall(r"(?:\$ |`)make ([a-z]+)", TEXT)) <= set(targets)


def test_there_are_as_many_markets_as_it_says() -> None:
    assert "more than fifty markets" in TEXT
    assert len(weighbridge.load(ROOT).markets) > 50


def test_the_figures_are_those_that_were_measured() -> None:
    assert with_figures(TEXT) == TEXT, "run: python -m benchmarks.figures"


def test_figures_say_what_was_missed(tmp_path: Path) -> None:
    assert "make bench" in figures(tmp_path)
    check = {"promise": "twice as fast", "measured": 1.5, "limit": 2, "at_least": True, "holds": False}
    (tmp_path / "a.json").write_text(json.dumps({"checks": [check]}))
    assert "| twice as fast | 1.5 (missed) | at least 2 |" in figures(tmp_path)
    assert RESULTS.name == "results"
