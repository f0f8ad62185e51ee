"""The how-to pages work: each is followed, from top to bottom, in a project made by `weighbridge init`.

A block behind `<!-- file: name -->` becomes that file, one behind `<!-- append: name -->` is added to it.
Python blocks of a page run in one namespace. The commands of a console block run; what is shown below a
command must be in its output.
"""

from __future__ import annotations

import importlib.util
import io
import os
import pickle
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from markdown import ROOT

from weighbridge.cli import main
from weighbridge.starter import write_starter

PAGES = [
    "write-a-rule.md",
    "test-your-rules.md",
    "prove.md",
    "turn-a-verdict-around.md",
    "embed-in-python.md",
    "edit-by-program.md",
    "map-a-feed.md",
    "waivers-and-baseline.md",
    "personal-data.md",
    "decide-in-batch.md",
    "impact.md",
]
STEP = re.compile(r"(?:<!-- (file|append): (\S+) -->\n)?^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "shop"
    write_starter(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    for name in ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON"):
        monkeypatch.setenv(name, sys.executable)
    return folder


SPARK_PAGE = "run-on-spark.md"
NO_SPARK = importlib.util.find_spec("pyspark") is None or (
    shutil.which("java") is None and "JAVA_HOME" not in os.environ
)


@pytest.mark.parametrize(
    "page",
    [
        *PAGES,
        pytest.param(SPARK_PAGE, marks=pytest.mark.skipif(NO_SPARK, reason="there is no pyspark or no Java")),
    ],
)
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


# --- recipes for libraries that need not be installed ------------------------------------------------------


class PlainMap:
    """Maps over the tables, or frames, of a folder of Parquet files, as Ray Data and Dask do."""

    def __init__(self, tables: list[pa.Table]) -> None:
        self.tables = tables

    def map_batches(self, function: Any, batch_format: str) -> PlainMap:
        assert batch_format == "pyarrow"
        return PlainMap([function(table) for table in self.tables])

    def map_partitions(self, function: Any) -> PlainMap:
        found = [function(table.to_pandas()) for table in self.tables]
        return PlainMap([pa.Table.from_pandas(frame) for frame in found])

    def to_pandas(self) -> pd.DataFrame:
        return pd.concat([table.to_pandas() for table in self.tables])

    compute = to_pandas

    @staticmethod
    def read_parquet(folder: str) -> PlainMap:
        return PlainMap([pq.read_table(path) for path in sorted(Path(folder).glob("*.parquet"))])


class PlainRay:
    data = PlainMap


class PlainDask:
    dataframe = PlainMap


@pytest.mark.parametrize(("library", "plain"), [("ray", PlainRay), ("dask", PlainDask)])
def test_the_recipes_decide_part_by_part(library: str, plain: Any, project: Path) -> None:
    text = (ROOT / "docs" / "how-to" / SPARK_PAGE).read_text(encoding="utf-8")
    (block,) = [b for _, _, language, b in STEP.findall(text) if language == "python" and "def decide" in b]
    (recipe,) = [line.strip() for line in text.splitlines() if line.startswith(f"    {library}.data")]
    space: dict[str, Any] = {"__name__": "recipe", library: plain}
    if importlib.util.find_spec(library) is not None:
        exec(f"import {library}.data{'frame' if library == 'dask' else ''}", space)
    exec(compile(block, SPARK_PAGE, "exec"), space)
    space["task"] = pickle.loads(pickle.dumps(space["task"]))
    listings = pa.table(
        {"sku": ["W-1", "W-2", "W-3"], "title": ["Leather", "Pigskin", "Canvas"], "photos": [1.0, 2.0, 3.0]}
    )
    (project / "listings").mkdir()
    for part in range(3):
        pq.write_table(listings.slice(part, 1), project / "listings" / f"{part}.parquet")
    mapped = eval(recipe, space)
    found = mapped.to_pandas() if library == "ray" else mapped.compute()
    whole = space["engine"].decide_batch("listing_gate", listings, markets=["SA", "DE"], as_of="2026-06-01")
    told = sorted(zip(found["key"], found["market"], found["verdict"], strict=True))
    rows = whole.decisions.to_pylist()
    assert told == sorted((r["key"], r["market"], r["verdict"]) for r in rows)
    assert ("W-2", "SA", "block") in told
