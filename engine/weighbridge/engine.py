"""The engine: a loaded project that decides."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from weighbridge.conditions import KeptConditions
from weighbridge.decisions import Decision
from weighbridge.diagnostics import (
    Diagnostic,
    InvalidRecord,
    ProjectError,
    Span,
    UnknownName,
    unknown_name,
)
from weighbridge.documents import RecordTypeModel
from weighbridge.expressions import parse_date
from weighbridge.findings import Review, Source, review_of, source_of
from weighbridge.graph import dependency_cycles
from weighbridge.kept_links import KeptLinks
from weighbridge.linking import link
from weighbridge.masking import masks
from weighbridge.prepared import Prepared, prepare
from weighbridge.privacy_checks import privacy_problems
from weighbridge.project import Project, TextCache, load_project
from weighbridge.records import plain_record, readers
from weighbridge.rulebook import Rule, Rulebook
from weighbridge.scalar import day_number
from weighbridge.specialise import Epochs, epochs, specialise

if TYPE_CHECKING:
    import pyarrow as pa

    from weighbridge.batch import Batch, BatchResult, BatchSummary, Progress
    from weighbridge.batch_plan import BatchTask
    from weighbridge.batch_sources import RecordSource
    from weighbridge.impact_result import Impact
    from weighbridge.turning import Turn
    from weighbridge.versions import Version

MOST_DAYS = 4096
"""How many (target, market, day) questions are remembered; the programs behind them are far fewer."""


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What is written about a rule, for reports and lists."""

    ref: str
    ruleset: str
    title: Mapping[str, str]
    condition: str
    source: Source | None
    review: Review | None
    location: Span | None
    if_unknown: str
    enabled: bool


class Engine:
    """Decides records by the rules of one project version. Safe to share between threads, and picklable.

    `before` is the engine of an earlier version: conditions that are the same are not made again.
    """

    def __init__(self, project: Project, book: Rulebook, before: Engine | None = None) -> None:
        self.project = project
        self.book = book
        self.masks = masks()
        rules = (rule for ruleset in book.rulesets.values() for rule in ruleset.rules)
        self._reset(None if before is None else before._conditions.following(rules))

    def _reset(self, conditions: KeptConditions | None = None) -> None:
        self._lock = threading.Lock()
        self._conditions = conditions or KeptConditions()
        self._epochs: dict[tuple[str, str], Epochs] = {}
        self._programs: dict[tuple[str, str, int], Prepared] = {}
        self._days: dict[tuple[str, str, Any], tuple[Prepared, date, float]] = {}

    def __getstate__(self) -> dict[str, Any]:
        # The secret goes along, so that a person has one masked name on all workers.
        return {"project": self.project, "book": self.book, "masks": self.masks}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.project, self.book, self.masks = state["project"], state["book"], state["masks"]
        self._reset()

    @property
    def version(self) -> str:
        """The content hash of the project."""
        return self.book.version

    @property
    def targets(self) -> tuple[str, ...]:
        """What can be decided: rulesets and scorecards."""
        return (*self.book.rulesets, *self.book.scorecards)

    @property
    def markets(self) -> tuple[str, ...]:
        """The markets decisions can be asked for."""
        return self.book.regions.markets

    def record_type(self, target: str) -> RecordTypeModel:
        """The record type a target is about. Raises `UnknownName`."""
        self._check(target)
        return self.book.record_types[self.book.record_of(target)]

    def rules(self, target: str) -> list[RuleInfo]:
        """The rules that take part in a target, in order; none for a scorecard. Raises `UnknownName`."""
        self._check(target)
        return [_info(r) for r in self.book.rules_of(target)] if target in self.book.rulesets else []

    def rule(self, ref: str) -> RuleInfo:
        """One rule by its full name. Raises `UnknownName`."""
        ruleset = self.book.rulesets.get(ref.split("/")[0])
        found = next((r for r in ruleset.rules if r.ref == ref), None) if ruleset is not None else None
        if found is None:
            known = [r.ref for s in self.book.rulesets.values() for r in s.rules]
            raise UnknownName([unknown_name("WB303", "rule", ref, known)])
        return _info(found)

    def decide_batch(
        self,
        target: str,
        records: Any,
        *,
        markets: Sequence[str],
        as_of: date | str,
        market_field: str | None = None,
        mapping: str | None = None,
        format: str | None = None,
        reasons: str | None = None,
        undecided: bool = False,
        contributions: bool = False,
        personal: bool = False,
        workers: int | None = None,
        progress: Progress | None = None,
        cancel: Callable[[], bool] | None = None,
    ) -> BatchResult:
        """Decides many records; each as `decide` would.

        `records` is a pandas DataFrame, anything with an Arrow C stream (Polars, pyarrow, DuckDB), or a path:
        a file in any of the gate's formats, a folder, a pattern. Columns that are no field are not read. A
        record that is not valid is a finding, not an error. `market_field` decides a record only in the markets
        (of `markets`) that this field of it names. `reasons` (a verdict, such as "review") gives reasons,
        matches and missing fields to the findings of records with at least that verdict; `undecided` lists
        rules that stay silent about being undecided; `contributions` adds the points of characteristics;
        `personal` shows personal keys and reasons as they are, where they would be masked. Outputs never are.
        `workers` threads are used (default: one per processor); `progress(records, share)` is called now and
        then, and `cancel()` asked whether to stop. Raises `UnknownName`, `DiagnosticError`, `Cancelled`.
        """
        from weighbridge.batch import Run

        batch = self.batch(target, markets, as_of, market_field, reasons, undecided, contributions, personal)
        return batch.collect(self.source(target, records, mapping, format), workers, Run(progress, cancel))

    def write_batch(
        self,
        target: str,
        records: Any,
        folder: Path | str,
        *,
        markets: Sequence[str],
        as_of: date | str,
        market_field: str | None = None,
        mapping: str | None = None,
        format: str | None = None,
        reasons: str | None = None,
        undecided: bool = False,
        contributions: bool = False,
        personal: bool = False,
        workers: int | None = None,
        progress: Progress | None = None,
        cancel: Callable[[], bool] | None = None,
    ) -> BatchSummary:
        """`decide_batch` into a folder of Parquet files, in bounded memory.

        The folder is new, empty, or that of the same run stopped earlier, which then goes on: parts that are
        there are not decided again. Nothing is ever half a file.
        """
        from weighbridge.batch import Run, identity
        from weighbridge.batch_folder import ResultFolder

        batch = self.batch(target, markets, as_of, market_field, reasons, undecided, contributions, personal)
        source = self.source(target, records, mapping, format)
        options = {"mapping": mapping, "format": format}
        into = ResultFolder(Path(folder), identity(batch.task, self.version, records, options))
        return batch.write(source, into, workers, Run(progress, cancel))

    def batch(
        self,
        target: str,
        markets: Sequence[str],
        as_of: date | str,
        market_field: str | None = None,
        reasons: str | None = None,
        undecided: bool = False,
        contributions: bool = False,
        personal: bool = False,
    ) -> Batch:
        """A batch task, compiled: to be run over any number of sources. Raises `UnknownName`."""
        # pyarrow and pandas take half a second to import, which only a batch should cost.
        from weighbridge.batch import Batch

        task = self._task(target, markets, as_of, market_field)
        batch = Batch(
            self.book, replace(task, reasons=reasons, undecided=undecided, contributions=contributions)
        )
        levels = batch.writer.severities
        if reasons is not None and reasons not in levels:
            raise UnknownName([unknown_name("WB303", "verdict", reasons, levels)])
        return batch

    def _task(
        self, target: str, markets: Sequence[str], as_of: date | str, market_field: str | None
    ) -> BatchTask:
        from weighbridge.batch_plan import BatchTask

        self._check(target, *markets)
        model = self.record_type(target)
        if market_field is not None and market_field not in model.fields:
            raise UnknownName([unknown_name("WB609", "market field", market_field, model.fields)])
        return BatchTask(target, tuple(markets), _day(as_of), market_field)

    def impact(
        self,
        target: str,
        records: Any,
        base: Path | str | Version,
        *,
        markets: Sequence[str],
        as_of: date | str,
        market_field: str | None = None,
        mapping: str | None = None,
        format: str | None = None,
        undecided: bool = False,
        personal: bool = False,
        causes: bool = True,
        progress: Progress | None = None,
        sink: Callable[[pa.Table], None] | None = None,
    ) -> Impact:
        """What this project decides otherwise than `base` does, and which change is the cause.

        `base` is a folder, a revision of the git repository the project lies in, or a version opened before
        (`weighbridge.versions.open_base`). The other arguments are as in `decide_batch`. `undecided` compares
        rules that say nothing of being undecided as well; `causes` tries every change alone; `sink` is given
        every difference (see `Impact.table`) as it is found. Raises `UnknownName`, `DiagnosticError` and what
        `progress` raises.
        """
        from weighbridge.impact import Feed, impact
        from weighbridge.versions import Version, open_base

        task = replace(
            self._task(target, markets, as_of, market_field), undecided=undecided, personal=personal
        )
        root = self.project.root
        other = base if isinstance(base, Version) else open_base(root, base)
        feed = Feed(records, mapping, format)
        return impact(
            other, Version(str(root), self, root), task, feed, causes=causes, progress=progress, sink=sink
        )

    def source(
        self, target: str, records: Any, mapping: str | None = None, format: str | None = None
    ) -> RecordSource:
        """Records of a target as a batch reads them. Raises `DiagnosticError`."""
        from weighbridge.batch_sources import open_source

        model = self.record_type(target)
        if mapping is not None and mapping not in self.project.mappings:
            raise UnknownName([unknown_name("WB303", "mapping", mapping, self.project.mappings)])
        entry = None if mapping is None else self.project.mappings[mapping].model
        return open_source(records, model, readers(model), entry, format)

    def decide(self, target: str, record: Mapping[str, Any], *, market: str, as_of: date | str) -> Decision:
        """Decides one record.

        `record` maps field names to values: numbers, texts, booleans, dates (`datetime.date` or "2026-03-01"),
        lists of texts; None, NaN, blank text or an absent key is missing. `as_of` is the day the rules are
        asked for. Raises `InvalidRecord` (with every problem of the record) and `UnknownName`.
        """
        try:
            prepared, day, number = self._days[target, market, as_of]
        except (KeyError, TypeError):
            prepared, day, number = self._prepare(target, market, as_of)
        try:
            # The usual record is a dict; asking that first spares a look into the registry of mappings.
            usual = type(record) is dict or isinstance(record, Mapping)
            kept = dict(record) if usual else plain_record(record)
            raw = prepared.program.run(kept, number)
        except InvalidRecord:
            raise
        except Exception:
            # Keys may have methods of their own, which fail. What still fails with plain ones is our fault.
            kept = plain_record(record)
            raw = prepared.program.run(kept, number)
        combiner = prepared.combiner
        verdict = None if combiner is None else combiner.verdict(*raw[0][-1])
        return Decision(prepared, kept, day, raw, verdict)

    def asked(self) -> tuple[tuple[str, str, date | str], ...]:
        """The questions (target, market, day) that were asked, oldest first."""
        with self._lock:
            return tuple(self._days)

    def turn(
        self, target: str, record: Mapping[str, Any], wanted: str = "pass", *, market: str, as_of: date | str
    ) -> Turn:
        """The smallest change of the record's changeable fields that brings the verdict `wanted` (of a scorecard:
        the tier). Needs the extra `verify`. Raises as `decide` does, and `UnknownName` for other verdicts.

        Who asks often keeps a `weighbridge.proof.turn.Turner`.
        """
        from weighbridge.lint import check_solver

        check_solver()
        from weighbridge.proof.turn import Turner

        self._check(target, market)
        return Turner(self, target, wanted).turn(record, market, as_of)

    def _prepare(self, target: str, market: str, as_of: date | str) -> tuple[Prepared, date, float]:
        self._check(target, market)
        day = _day(as_of)
        prepared = self.prepared(target, market, day)
        found = (prepared, day, day_number(day))
        with self._lock:
            if len(self._days) >= MOST_DAYS:
                self._days.clear()
            self._days[target, market, as_of] = found
        return found

    def prepare(self, target: str, market: str, as_of: date | str) -> None:
        """Makes ready for a question, which is then answered at once. Raises `UnknownName`."""
        self._prepare(target, market, as_of)

    def prepared(self, target: str, market: str, day: date) -> Prepared:
        """The program of a target in a market on a day, made on first use. Names must be valid."""
        with self._lock:
            known = self._epochs.get((target, market))
            if known is None:
                known = self._epochs[target, market] = epochs(self.book, target, market)
            index = known.index(day)
            key = (target, market, index)
            if key not in self._programs:
                special = specialise(self.book, target, market, day, known.span(index), self._conditions)
                self._programs[key] = prepare(self.book, special, self.masks)
            return self._programs[key]

    def _check(self, target: str, *markets: str) -> None:
        problems: list[Diagnostic] = []
        if not isinstance(target, str) or target not in self.targets:
            problems.append(unknown_name("WB303", "target", str(target), self.targets))
        problems += [
            unknown_name("WB303", "market", str(market), self.markets)
            for market in markets
            if market not in self.markets
        ]
        if problems:
            raise UnknownName(problems)


def _day(as_of: date | str) -> date:
    if isinstance(as_of, datetime):
        return as_of.date()
    if isinstance(as_of, date):
        return as_of
    number = parse_date(as_of) if isinstance(as_of, str) else None
    if number is None:
        raise UnknownName([Diagnostic("WB405", f"{as_of!r} is not a day", expected="a date as 2026-03-01")])
    return date.fromordinal(int(number))


def _info(rule: Rule) -> RuleInfo:
    return RuleInfo(
        rule.ref,
        rule.ruleset,
        rule.title,
        " and ".join(f"({c.text})" if len(rule.conditions) > 1 else c.text for c in rule.conditions),
        source_of(rule.source),
        review_of(rule.review),
        rule.span,
        rule.if_unknown,
        rule.enabled,
    )


@dataclass(frozen=True, slots=True)
class ProjectCache:
    """What loading a project keeps for the next time: for editors, which load it after every change."""

    texts: TextCache = field(default_factory=TextCache)
    links: KeptLinks = field(default_factory=KeptLinks)

    def copy(self) -> ProjectCache:
        """Another cache that begins from what this one holds."""
        return ProjectCache(self.texts.copy(), self.links.copy())


def check_project(
    root: Path | str,
    files: Mapping[str, str] | None = None,
    cache: ProjectCache | None = None,
    *,
    scenarios: bool = True,
) -> tuple[Project, Rulebook, tuple[Diagnostic, ...]]:
    """Loads and links a project and returns every diagnostic in it, sorted by place. Never raises for content.

    `files` replaces the text of files by path (relative to the project), as an editor with unsaved changes does;
    `cache` spares the reading and linking of what has not changed since it was last used. Without `scenarios`, files
    that hold nothing else are read, and their errors found, when somebody asks for them.
    """
    cache = cache or ProjectCache()
    with _no_collection():
        project = load_project(Path(root), files, cache.texts, scenarios=scenarios)
        book = link(project, cache.links)
        problems = [*book.diagnostics, *dependency_cycles(book)]
        if not any(kind in ("region", "record_type") for kind, _ in project.broken):
            problems += privacy_problems(book)
        return project, book, tuple(sorted(dict.fromkeys(problems), key=_place))


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without Python's search for unreachable rings: loading builds much, drops little, and is slowed by a fifth."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _place(diagnostic: Diagnostic) -> tuple[str, int, int, str]:
    span = diagnostic.span
    return (
        ("", 0, 0, diagnostic.code) if span is None else (span.file, span.line, span.column, diagnostic.code)
    )


def load(root: Path | str, files: Mapping[str, str] | None = None) -> Engine:
    """The engine of a project folder. Raises `ProjectError` with every error in it.

    Scenarios are no part of what decides: their files are read when `project.scenarios` is asked for, which raises
    `ProjectError` for theirs. `check_project` reads everything.
    """
    project, book, diagnostics = check_project(root, files, scenarios=False)
    errors = [d for d in diagnostics if d.severity == "error"]
    if errors:
        raise ProjectError(errors)
    return Engine(project, book)
