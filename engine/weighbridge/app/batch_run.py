"""A feed decided for the pages that look at it: batch, impact, home."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from weighbridge.app import jobs
from weighbridge.app.jobs import Job
from weighbridge.app.results import BATCH
from weighbridge.diagnostics import Diagnostic, DiagnosticError
from weighbridge.documents import MappingModel
from weighbridge.engine import Engine
from weighbridge.feed_decisions import FeedDecisions, decide_feed
from weighbridge.loaded_feed import LoadedFeed, load_feed


@dataclass
class BatchRun:
    """A loaded feed and what the draft said of it when it ran."""

    feed: LoadedFeed
    decided: FeedDecisions
    _counted: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)
    _scores: dict[tuple[str, str | None], NDArray[np.float64]] = field(default_factory=dict, repr=False)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The decisions, texts as categories."""
        frame: pd.DataFrame = self.decided.decisions.to_pandas(strings_to_categorical=True)
        for name in frame.columns:
            if name != "row" and not name.endswith(".score"):
                frame[name] = frame[name].astype("category")
        return frame

    @cached_property
    def fired(self) -> pd.DataFrame:
        """The rules that fired, as categories."""
        frame: pd.DataFrame = self.decided.fired.to_pandas()
        return frame.astype({"market": "category", "rule": "category"})

    @cached_property
    def rules(self) -> pd.Series[int]:
        """How often each rule fired, most often first."""
        return self.fired["rule"].value_counts()

    def scored(self, card: str) -> bool:
        """Whether the decisions have scores of a scorecard."""
        return f"{card}.score" in self.decided.decisions.column_names

    def scores(self, card: str, market: str | None) -> NDArray[np.float64]:
        """The known scores of a scorecard, ascending, in one market or (None) in all.

        Sorted once: a page asks again on every run.
        """
        if (card, market) not in self._scores:
            table = self.decided.decisions.select(["market", f"{card}.score"])
            if market is not None:
                table = table.filter(pc.equal(table.column("market").cast(pa.string()), market))
            found = table.column(1).drop_null().to_numpy()
            self._scores[card, market] = np.sort(found[~np.isnan(found)])
        return self._scores[card, market]

    def field(self, name: str) -> pd.Series[str]:
        """One field of every record, by row."""
        column = self.feed.table.column(name)
        return pd.Series(column.to_pandas())

    def values(self, name: str, rows: Iterable[int]) -> list[Any]:
        """One field of some records."""
        found: list[Any] = self.feed.table.column(name).take(pa.array(rows, pa.int64())).to_pylist()
        return found

    def counted(self, by: str) -> pd.DataFrame:
        """How many decisions had which verdict (`id`), by market (`by` is "market") or by a field of the records.

        Counted once: a page asks again on every run.
        """
        if by not in self._counted:
            frame = self.frame
            if by == "market":
                groups = frame["market"].array
            else:
                coded = pc.fill_null(self.feed.table.column(by), "–").dictionary_encode().combine_chunks()
                codes = coded.indices.to_numpy()[frame["row"].to_numpy()]
                groups = pd.Categorical.from_codes(codes, coded.dictionary.to_pylist())
            pairs = pd.DataFrame({"by": groups, "id": frame["verdict"].array})
            counts = pairs.groupby(["by", "id"], observed=True, dropna=False).size()
            counted = counts.rename("count").reset_index().astype({"by": str, "id": str})
            self._counted[by] = counted[counted["count"] > 0]
        return self._counted[by]


def last_run() -> BatchRun | None:
    """The session's last finished batch."""
    job = jobs.current(BATCH)
    return job.result if job is not None and isinstance(job.result, BatchRun) else None


def busiest_rules(most: int = 8) -> list[tuple[str, int]]:
    """The rules that fired most often in the last batch, and how often."""
    run = last_run()
    return [] if run is None else [(str(r), int(n)) for r, n in run.rules.head(most).items() if n]


def start(
    engine: Engine,
    target: str,
    path: Path,
    mapping: MappingModel | None,
    markets: Sequence[str],
    day: date,
    *,
    temporary: bool,
) -> None:
    """Loads and decides a feed beside the page; a temporary file is deleted when it has been read."""
    model = engine.record_type(target)

    def work(job: Job) -> BatchRun:
        try:
            job.part("bytes")
            feed = _without_folders(load_feed(path, model, mapping, progress=job.step))
        except DiagnosticError as error:
            raise DiagnosticError([_without_folder(problem) for problem in error.diagnostics]) from None
        finally:
            if temporary:
                shutil.rmtree(path.parent, ignore_errors=True)
        job.part("records")
        return _ready(engine, BatchRun(feed, decide_feed(engine, target, feed, markets, day, job.step)))

    jobs.start(BATCH, work)


def _without_folders(feed: LoadedFeed) -> LoadedFeed:
    """A feed whose problems name the file alone: where a server keeps it is nobody's business."""
    refused = tuple(replace(row, problems=tuple(map(_without_folder, row.problems))) for row in feed.refused)
    return replace(feed, refused=refused, notes=tuple(map(_without_folder, feed.notes)))


def _without_folder(problem: Diagnostic) -> Diagnostic:
    if problem.span is None:
        return problem
    return replace(problem, span=replace(problem.span, file=Path(problem.span.file).name))


def start_again(engine: Engine, run: BatchRun) -> None:
    """Decides the loaded feed again, by another version of the rules."""
    start_loaded(engine, run.decided.target, run.feed, run.decided.markets, run.decided.as_of)


def start_loaded(engine: Engine, target: str, feed: LoadedFeed, markets: Sequence[str], day: date) -> None:
    """Decides a feed that is loaded already."""

    def work(job: Job) -> BatchRun:
        job.part("records")
        return _ready(engine, BatchRun(feed, decide_feed(engine, target, feed, markets, day, job.step)))

    jobs.start(BATCH, work)


def _ready(engine: Engine, run: BatchRun) -> BatchRun:
    """The run, with what its page asks first: the counts, and the programs that explain single records."""
    decided = run.decided
    _ = run.rules
    if "verdict" in run.frame:
        run.counted("market")
    for market in decided.markets:
        engine.prepare(decided.target, market, decided.as_of)
    return run


def keep_upload(name: str, content: BinaryIO) -> Path:
    """An uploaded file, put down in a folder of its own, where the feed readers can open it.

    Its ending tells its format.
    """
    folder = Path(tempfile.mkdtemp(prefix="weighbridge-feed-"))
    safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in Path(name).name)[-100:] or "feed"
    path = folder / safe.lstrip(".")
    with path.open("wb") as kept:
        shutil.copyfileobj(content, kept, 1 << 20)
    return path
