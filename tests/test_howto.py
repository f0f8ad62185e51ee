"""The how-to pages work: each is followed, from top to bottom, in a project made by `weighbridge init`.

A block behind `<!-- file: name -->` becomes that file, one behind `<!-- append: name -->` is added to it.
Python blocks of a page run in one namespace. The commands of a console block run; what is shown below a
command must be in its output.
"""

from __future__ import annotations

import io
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
from markdown import ROOT

from weighbridge.cli import main
from weighbridge.starter import write_starter

PAGES = [
    "write-a-rule.md",
    "test-your-rules.md",
    "prove.md",
    "embed-in-python.md",
    "map-a-feed.md",
    "waivers-and-baseline.md",
]
STEP = re.compile(r"(?:<!-- (file|append): (\S+) -->\n)?^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    write_starter(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    return folder


@pytest.mark.parametrize("page", PAGES)
def test_a_page_can_be_followed(page: str, project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    space: dict[str, Any] = {"__name__": page}
    done = 0
    for action, name, language, block in STEP.findall(text):
        if action:
            _write(project / name, block, append=action == "append")
        elif language == "python":
            exec(compile(block, page, "exec"), space)
        elif language == "console":
            _follow(block, capfd)
        else:
            assert page == "write-a-rule.md" and "certificate: {type: text" in block
            _add_field(project / "rulesets" / "listing.yaml", block)
        done += 1
    assert done >= 3


def _write(path: Path, text: str, *, append: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    before = path.read_text(encoding="utf-8") if append else ""
    path.write_text(before + text, encoding="utf-8")


def _add_field(path: Path, line: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert "\nderived:" in text
    path.write_text(text.replace("\nderived:", f"\n{line}derived:", 1), encoding="utf-8")


def _follow(block: str, capfd: pytest.CaptureFixture[str]) -> None:
    for part in block.split("$ ")[1:]:
        line, *expected = part.splitlines()
        said = _run(shlex.split(line), capfd)
        for shown in expected:
            assert shown.strip() in said, f"{line}\n{said}"


def _run(command: list[str], capfd: pytest.CaptureFixture[str]) -> str:
    assert command[0] == "weighbridge"
    before = sys.argv
    sys.argv = command
    capfd.readouterr()
    try:
        with pytest.raises(SystemExit) as ended:
            main()
    finally:
        sys.argv = before
    sys.stdout.flush()
    out, err = capfd.readouterr()
    assert ended.value.code in (None, 0, 1), err
    return out + err
