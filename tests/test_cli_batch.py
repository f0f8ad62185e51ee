"""`weighbridge batch`, run as a process: what it writes, what it says of wrong input, and how it goes on."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from command import AS_OF, Outcome, command, environment, process

FEED = "samples/listings.csv"
ROWS = 150_000


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("starter") / "shop"
    assert process("init", "shop", cwd=folder.parent).code == 0
    return folder


def run(starter: Path, *args: str | Path) -> Outcome:
    outcome = process("batch", *args, *AS_OF, cwd=starter)
    assert "Traceback" not in outcome.err
    return outcome


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file by its path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_decisions_and_findings_are_written_as_parquet(starter: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    outcome = run(starter, FEED, out, "-m", "SA", "-m", "DE", "--reasons", "review", "-f", "json")
    assert (outcome.code, outcome.err) == (0, "")
    summary = json.loads(outcome.out)
    decisions, findings = (pq.read_table(out / kind) for kind in ("decisions", "findings"))
    assert decisions.num_rows == summary["records"] * 2
    assert findings.num_rows == summary["findings"] > 0
    assert sum(sum(v.values()) for v in summary["verdicts"].values()) + 2 * summary["invalid"] == (
        decisions.num_rows
    )
    assert sorted(summary["verdicts"]) == ["DE", "SA"]
    blocked = [f for f in findings.to_pylist() if f["severity"] == "block"]
    assert blocked and all(f["reason_en"] and f["reason_zh"] for f in blocked)
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["complete"] is True and manifest["summary"] == summary


def test_the_summary_is_told_in_words_in_both_languages(starter: Path, tmp_path: Path) -> None:
    english = run(starter, FEED, tmp_path / "en", "-m", "SA")
    assert english.code == 0 and "SA  " in english.out and "block" in english.out
    assert str(tmp_path / "en") in english.out
    chinese = run(starter, FEED, tmp_path / "zh", "-m", "SA", "--lang", "zh")
    assert chinese.code == 0 and "条记录" in chinese.out and "SA  " in chinese.out


def test_the_same_run_again_changes_nothing(starter: Path, tmp_path: Path) -> None:
    first = run(starter, FEED, tmp_path / "out", "-m", "SA")
    written = files_of(tmp_path / "out")
    again = run(starter, FEED, tmp_path / "out", "-m", "SA")
    assert (again.code, again.out) == (0, first.out)
    assert files_of(tmp_path / "out") == written


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["-m", "sa"], ["WB", "'sa'", "SA"]),
        (["-m", "SA", "--target", "listing_gat"], ["listing_gat", "listing_gate"]),
        (["-m", "SA", "--mapping", "shopp"], ["WB303", "shopp"]),
        (["-m", "SA", "--market-field", "titel"], ["WB609", "title"]),
        (["-m", "SA", "--reasons", "blok"], ["WB303", "block"]),
        (["-m", "SA", "--feed-format", "xls"], ["WB421", "xls"]),
    ],
    ids=["market", "target", "mapping", "field", "verdict", "format"],
)
def test_unknown_names_are_refused_and_nothing_is_written(
    starter: Path, tmp_path: Path, options: list[str], said: list[str]
) -> None:
    outcome = run(starter, FEED, tmp_path / "out", *options)
    assert outcome.code == 2 and outcome.out == ""
    for text in said:
        assert text in outcome.err, outcome.err
    assert not (tmp_path / "out").exists()


def wrong_source(kind: str, folder: Path) -> str:
    path = folder / f"{kind}.csv"
    match kind:
        case "missing":
            return str(path)
        case "nothing":
            path.write_bytes(b"")
        case "pattern":
            return str(folder / "*.jsonl")
        case "folder":
            (folder / "empty").mkdir()
            return str(folder / "empty")
        case "columns":
            path.write_text("a,b\n1,2\n", encoding="utf-8")
        case "parquet":
            path = folder / "broken.parquet"
            path.write_bytes(b"PAR1 no, not really")
        case "cut":
            path = folder / "cut.parquet"
            pq.write_table(pa.table({"sku": ["1"] * 1000}), path)
            content = path.read_bytes()
            path.write_bytes(content[:60] + bytes(30) + content[90:])
        case _:
            path = folder / "feed.unknown"
            path.write_text("x", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    "kind", ["missing", "nothing", "pattern", "folder", "columns", "parquet", "cut", "format"]
)
def test_a_source_that_cannot_be_read_is_said_to_be_so(starter: Path, tmp_path: Path, kind: str) -> None:
    outcome = run(starter, wrong_source(kind, tmp_path), tmp_path / "out", "-m", "SA")
    assert outcome.code == 2 and outcome.out == ""
    assert "error[WB" in outcome.err and "WB692" not in outcome.err
    assert not list(tmp_path.glob("out/*/part-*"))


def test_folders_of_others_are_left_alone(starter: Path, tmp_path: Path) -> None:
    assert run(starter, FEED, tmp_path / "out", "-m", "SA").code == 0
    before = files_of(tmp_path / "out")
    for options in (["-m", "DE"], ["-m", "SA", "--reasons", "warn"], ["-m", "SA", "--contributions"]):
        outcome = run(starter, FEED, tmp_path / "out", *options)
        assert outcome.code == 2 and "WB431" in outcome.err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for folder in ("mine", "file"):
        outcome = run(starter, FEED, tmp_path / folder, "-m", "SA")
        assert outcome.code == 2 and "WB431" in outcome.err
    assert files_of(tmp_path / "out") == before
    assert files_of(tmp_path / "mine") == {"notes.txt": b"mine"}


def test_a_changed_project_or_feed_is_another_run(starter: Path, tmp_path: Path) -> None:
    shop = Path(shutil.copytree(starter, tmp_path / "shop"))
    assert run(shop, FEED, tmp_path / "out", "-m", "SA").code == 0
    with (shop / FEED).open("a", encoding="utf-8") as feed:
        feed.write("\n")
    outcome = run(shop, FEED, tmp_path / "out", "-m", "SA")
    assert outcome.code == 2 and "WB431" in outcome.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /proc here")
def test_a_folder_that_cannot_be_written_is_said_to_be_so(starter: Path) -> None:
    # /proc refuses even root, who may write into read-only folders.
    outcome = run(starter, FEED, "/proc/self/results", "-m", "SA")
    assert outcome.code == 2 and "WB690" in outcome.err


# --- stops ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seconds of work in several parts: many short texts to search, one long part after another."""
    folder = tmp_path_factory.mktemp("feed")
    draw = random.Random(7)
    words = ["leather", "pigskin", "wallet", "toy", "silk", "wine", "case", "blue", "for", "gift"]
    for part in range(2):
        titles = [" ".join(draw.choices(words, k=3)) for _ in range(ROWS)]
        table = pa.table(
            {
                "sku": [f"{part}-{i}" for i in range(ROWS)],
                "title": titles,
                "photos": [float(draw.randint(0, 8)) for _ in range(ROWS)],
            }
        )
        pq.write_table(table, folder / f"{part}.parquet")
    return folder


def start(starter: Path, feed: Path, out: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command("batch", feed, out, "-m", "SA", "--workers", "2", *AS_OF),
        cwd=starter,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def children(process_id: int) -> list[int]:
    """The processes that a process has started (on Linux; elsewhere none are known)."""
    try:
        threads = Path(f"/proc/{process_id}/task").iterdir()
        text = " ".join((thread / "children").read_text() for thread in threads)
    except OSError:
        return []
    return [int(word) for word in text.split()]


def alive(process_id: int) -> bool:
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def soon_gone(processes: list[int]) -> bool:
    deadline = time.monotonic() + 60
    while any(map(alive, processes)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not any(map(alive, processes))


@pytest.fixture(scope="module")
def whole(starter: Path, feed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("whole") / "out"
    assert run(starter, feed, out, "-m", "SA", "--workers", "2").code == 0
    return files_of(out)


def test_a_killed_run_leaves_whole_files_and_ends_as_if_it_had_not_been(
    starter: Path, feed: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    draw = random.Random(11)
    killed = 0
    for _ in range(6):
        stopped = start(starter, feed, out)
        workers: list[int] = []
        try:
            stopped.wait(timeout=draw.uniform(1, 5))
        except subprocess.TimeoutExpired:
            workers = children(stopped.pid)
            stopped.kill()
            killed += 1
        stopped.communicate()
        assert soon_gone(workers)
        for path in out.rglob("part-*.parquet"):
            assert path.read_bytes() == whole[path.relative_to(out).as_posix()]
    assert killed
    final = run(starter, feed, out, "-m", "SA", "--workers", "2")
    assert final.code == 0, final.err
    assert files_of(out) == whole
    assert json.loads((out / "manifest.json").read_text(encoding="utf-8"))["complete"] is True


def test_ctrl_c_ends_the_run_and_its_processes_and_it_can_be_gone_on_with(
    starter: Path, feed: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    assert len([name for name in whole if name.startswith("decisions/")]) == 3
    out = tmp_path / "out"
    stopped = start(starter, feed, out)
    deadline = time.monotonic() + 60
    while not list(out.glob("decisions/part-*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    workers = children(stopped.pid)
    os.killpg(stopped.pid, signal.SIGINT)  # a terminal tells the whole group
    said, complaint = stopped.communicate(timeout=60)
    assert (stopped.returncode, said, complaint) == (130, b"", b"")
    assert soon_gone(workers)
    kept = files_of(out)
    assert kept["decisions/part-00000.parquet"] == whole["decisions/part-00000.parquet"]
    assert "decisions/part-00002.parquet" not in kept
    assert run(starter, feed, out, "-m", "SA", "--workers", "2").code == 0
    assert files_of(out) == whole
