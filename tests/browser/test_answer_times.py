"""A working session on 2,000 rules, with a stop-watch. The exact figures: `python -m benchmarks.app`."""

from pathlib import Path

import pytest

from benchmarks.app import Person, serve, walk
from benchmarks.large_shop import write_feed, write_large_shop

GENEROUS = 2
"""How many times as much as promised a step may take here: others work on the machine too, so that the CPU time of
the server is asked and not the clock on the wall. What is made ready beside the pages counts in it."""


def test_every_step_answers_in_time(
    tmp_path: Path,
    chromium,  # type: ignore[no-untyped-def]
    capsys: pytest.CaptureFixture[str],
) -> None:
    write_large_shop(tmp_path / "shop")
    write_feed(tmp_path / "shop/samples/listings.parquet", 20_000)
    with serve(tmp_path / "shop") as server:
        context = chromium.new_context(viewport={"width": 1280, "height": 720}, locale="en-US")
        answers = walk(Person(context.new_page(), server), "listings.parquet")
        context.close()
    with capsys.disabled():
        print()
        for answer in answers:
            print(f"{answer.seconds:7.2f} s  {answer.server:6.2f} s CPU  {answer.what}")
    late = [a for a in answers if a.promised is not None and a.server > GENEROUS * a.promised]
    assert not late
    assert len([a for a in answers if a.kind == "try it"]) >= 3
