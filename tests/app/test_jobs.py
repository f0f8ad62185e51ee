import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason="the extra `app` is not installed")

from weighbridge.app import batch_run, jobs
from weighbridge.app.jobs import Job


def said(job: Job) -> str:
    """What the page says of a job, without its seconds."""
    return jobs.progress_words(job).rsplit(",", 1)[0]


def test_progress_says_what_it_counts() -> None:
    job = Job("feed")
    assert jobs.progress_words(job).startswith("Preparing")
    job.part("bytes")
    job.step(1_500_000, 12_141_350)
    assert said(job) == "Reading: 1.5 of 12.1 MB"
    job.part("records")
    job.step(16_384, 1_000_000)
    assert said(job) == "Deciding: 16,384 of 1,000,000 records"


def test_what_is_left_is_told_when_the_speed_is_known() -> None:
    job = Job("feed")
    job.part("records")
    job.step(250, 1_000)
    assert job.left() is None
    job.part_started = time.monotonic() - 10
    left = job.left()
    assert left is not None and 29 < left < 31
    assert "about 30 s left" in jobs.progress_words(job)


def test_a_job_that_is_to_stop_says_so() -> None:
    job = Job("feed")
    job.step(1, 2)
    job.cancel()
    assert jobs.progress_words(job).startswith("Stopping")
    with pytest.raises(jobs.Cancelled):
        job.part("records")


def test_an_upload_is_cleared_away_even_when_it_was_cancelled_while_it_waited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gate:
        def record_type(self, target: str) -> None:
            return None

    from io import BytesIO

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(jobs.st, "session_state", {})
    hold = threading.Event()
    waiting = [jobs._POOL.submit(hold.wait) for _ in range(jobs.AT_ONCE)]
    path = batch_run.keep_upload("../odd name.csv", BytesIO(b"a,b\n1,2\n"))
    assert path.read_bytes() == b"a,b\n1,2\n"
    assert path.name == "odd_name.csv"
    from datetime import date

    batch_run.start(Gate(), "gate", path, None, (), date(2026, 1, 1), temporary=True)  # type: ignore[arg-type]
    job = jobs.current("batch")
    assert job is not None
    job.cancel()
    hold.set()
    end = time.monotonic() + 10
    while not job.finished:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert [f.result() for f in waiting] == [True] * jobs.AT_ONCE
    assert list(tmp_path.iterdir()) == []
    assert job.result is None and job.fault is None
