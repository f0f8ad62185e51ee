"""The tools that measure the packs on real data: what they say without the data, and how they read and draw."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import read_findings, real_world, recalls
from benchmarks.feed_findings import Seen

ROOT = Path(__file__).resolve().parent.parent


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.real_world", *arguments], cwd=ROOT, capture_output=True, text=True
    )


def test_without_data_every_part_is_named_with_its_files(tmp_path: Path) -> None:
    result = run(str(tmp_path))
    assert result.returncode == 2
    for part in real_world.PARTS:
        assert f"{part.title}: not run" in result.stderr
        assert all(name in result.stderr for name in part.files)
    assert "| **all** |" in result.stdout  # what was read needs no data


def test_nothing_is_written_while_data_is_missing(tmp_path: Path) -> None:
    before = real_world.PAGE.read_bytes() if real_world.PAGE.exists() else None
    result = run(str(tmp_path), "--write")
    assert result.returncode == 2
    assert "nothing was written" in result.stderr
    assert (real_world.PAGE.read_bytes() if real_world.PAGE.exists() else None) == before


def seen(title: str, feed: str = "shein", name: str = "taboo_base/X", market: str = "SA") -> Seen:
    return Seen(feed, market, "fired", name, "review", "", (), {"title": title})


def test_a_draw_goes_round_the_feeds_and_leaves_out_what_was_read() -> None:
    found = [seen("a"), seen("b"), seen("c"), seen("d", feed="fashion")]
    drawn = read_findings.draw(found, count=2, seed=1, read={seen("a").key})
    assert {one.feed for one in drawn} == {"shein", "fashion"}
    assert seen("a").key not in {one.key for one in drawn}


def test_a_listing_that_fires_in_many_markets_is_drawn_once() -> None:
    assert len(read_findings.draw([seen("a"), seen("a", market="AE")], count=5, seed=1, read=set())) == 1


def test_an_arguable_finding_does_not_count_as_right() -> None:
    read = [
        read_findings.Reading(1, "fired", "r", "f", "SA", str(number), judgement)
        for number, judgement in enumerate(["right", "arguable", "wrong", "right"])
    ]
    assert "| r | 4 / 2 / 1 / 1 | 50% |" in read_findings.precision_table(read)


def test_the_readings_are_well_formed() -> None:
    read = read_findings.readings()
    assert len(read) >= 579
    assert len({(one.kind, one.key, one.round) for one in read}) == len(read)


@pytest.mark.parametrize(
    ("headline", "name"),
    [
        ("Acme Recalls Heated Socks Due to Burn Hazard", "Heated Socks"),
        ("Zed Baby Loungers Recalled Due to Risk of Death; Sold on the Web", "Zed Baby Loungers"),
        ("Bolts on Acme Bicycles Recalled Due to Fall Hazard", "Bolts on Acme Bicycles"),
    ],
)
def test_the_goods_of_a_recall_are_read_from_its_headline(headline: str, name: str) -> None:
    assert recalls.goods(headline) == name


def test_a_hazard_without_a_class_is_the_defect_of_one_make() -> None:
    assert recalls.hazard_of("Chairs recalled: the leg can break") == recalls.DEFECT
    assert recalls.hazard_of("Dressers recalled due to tip-over") == "tip-over of furniture"
