"""Impact: what another version of the rules decides otherwise, of which records, and which change is the cause.

Every version decides the feed piece by piece, in columns; what versions have in common is computed once, so that
each change can be tried alone for little more than the cost of loading it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
import pyarrow as pa

from weighbridge.batch_findings import INVALID_RECORD
from weighbridge.batch_plan import BatchPlan, BatchTask
from weighbridge.batch_sources import ROWS_IN_HAND, Piece, RecordSource, open_source
from weighbridge.batch_tables import TableWriter
from weighbridge.decision_differences import Decided, RuleNumbers, columns_of, decided, together
from weighbridge.diagnostics import Diagnostic, UnknownName, unknown_name
from weighbridge.engine import Engine, check_project
from weighbridge.impact_result import Cause, Impact
from weighbridge.impact_tally import Compared, Tally
from weighbridge.record_columns import Columns
from weighbridge.records import readers
from weighbridge.single_changes import Change, Changes
from weighbridge.vectoriser import Vectoriser
from weighbridge.versions import Version

MOST_ALONE = 40
"""Changes that are tried alone; of more, those in one file are tried together."""
MOST_NEEDS = 8
"""Additions among which those that a change needs are looked for one by one."""

Progress = Callable[[int, float | None], None]
"""(records so far, share of the feed or None where that is not known); what it raises ends the run."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What is decided: anything `Engine.decide_batch` takes, with its mapping and format."""

    records: Any
    mapping: str | None = None
    format: str | None = None


def impact(
    base: Version,
    current: Version,
    task: BatchTask,
    feed: Feed,
    *,
    causes: bool = True,
    progress: Progress | None = None,
    sink: Callable[[pa.Table], None] | None = None,
) -> Impact:
    """What `current` decides otherwise than `base`; `task.markets` that the base lacks are left out, with a note.

    `causes`: try every change alone. `sink` gets the differences as they are found, all of them.
    Raises `UnknownName` (a target or all markets are not in the base), `DiagnosticError` (the feed).
    """
    markets, notes = in_both(base.engine, task.target, task.markets)
    task = replace(task, markets=markets)
    tried = _tried(base, current, task) if causes else _Tried(None, [])
    run = _Run(base, current, task, feed, tried, sink)
    for records, share in run.pieces():
        if progress is not None:
            progress(records, share)
    return run.result((*notes, *tried.notes))


def in_both(base: Engine, target: str, markets: Sequence[str]) -> tuple[tuple[str, ...], list[Diagnostic]]:
    """Those of `markets` that the base has too, and a note on the others. Raises `UnknownName` where the base
    lacks the target or all of them."""
    if target not in base.targets:
        raise _lacking("target", [target], base.targets)
    new = [m for m in markets if m not in base.markets]
    kept = tuple(m for m in markets if m not in new)
    if not kept:
        raise _lacking("market", new, base.markets)
    if not new:
        return kept, []
    message = f"not compared, since the base does not have them: {', '.join(new)}"
    note = Diagnostic("WB824", message, severity="note", expected="`check` for what is decided there")
    return kept, [note]


def _lacking(what: str, names: Sequence[str], known: Sequence[str]) -> UnknownName:
    found = [unknown_name("WB824", what, name, known) for name in names]
    return UnknownName(
        [replace(d, message=f"the base has no {what} {n!r}") for d, n in zip(found, names, strict=True)]
    )


# --- changes alone ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Tried:
    """Causes to count (None: not asked for), and the engines of those that are tried alone."""

    causes: list[Cause] | None
    engines: list[tuple[int, Engine]]
    notes: list[Diagnostic] = field(default_factory=list[Diagnostic])


def _tried(base: Version, current: Version, task: BatchTask) -> _Tried:
    """Every change on the base, alone; grouped by file where they are many."""
    changes = Changes(base.engine.project, current.engine.project)
    groups: list[tuple[Change, ...]] = [(change,) for change in changes.found]
    tried = _Tried([], [])
    if len(groups) > MOST_ALONE:
        by_file: dict[str, list[Change]] = {}
        for change in changes.found:
            by_file.setdefault(change.span.file if change.span else change.place, []).append(change)
        message = (
            f"{len(groups)} changes are too many to try each alone; those of one file are tried together"
        )
        groups = [tuple(group) for group in by_file.values()]
        expected = f"at most {MOST_ALONE} changes"
        if len(groups) > MOST_ALONE:
            message = f"{len(changes.found)} changes in {len(groups)} files are too many to try alone"
            tried.notes.append(Diagnostic("WB825", message, severity="note", expected=expected))
            return _Tried(None, [], tried.notes)
        tried.notes.append(Diagnostic("WB825", message, severity="note", expected=expected))
    assert tried.causes is not None
    for number, group in enumerate(groups, 1):
        if len(groups) == 1:
            tried.causes.append(Cause(number, group, "all"))
            continue
        cause, engine = _alone(base, changes, group, number)
        tried.causes.append(cause)
        if engine is not None and task.target in engine.targets:
            tried.engines.append((number, engine))
    return tried


def _alone(
    base: Version, changes: Changes, group: tuple[Change, ...], number: int
) -> tuple[Cause, Engine | None]:
    """One group of changes on the base: with the additions it needs, where it does not load without them."""
    engine, problems = _with(base, changes, group)
    needs: list[Change] = []
    if engine is None:
        needs = [change for change in changes.found if change.declares and change not in group]
        with_all, _ = _with(base, changes, (*needs, *group)) if needs else (None, ())
        if with_all is None:
            return Cause(number, group, "does_not_load", problems=problems), None
        engine = with_all
        for change in list(needs) if len(needs) <= MOST_NEEDS else ():
            fewer = [other for other in needs if other is not change]
            found, _ = _with(base, changes, (*fewer, *group))
            if found is not None:
                needs, engine = fewer, found
    if engine.version == base.engine.version:
        return Cause(number, group, "no_effect"), None
    return Cause(number, group, "applied", tuple(needs)), engine


def _with(
    base: Version, changes: Changes, some: Sequence[Change]
) -> tuple[Engine | None, tuple[Diagnostic, ...]]:
    """The base with some changes; None and the errors where it does not load."""
    texts = changes.texts(some)
    project, book, found = check_project(base.root, {**base.files, **texts}, base.cache, scenarios=False)
    errors = tuple(d for d in found if d.severity == "error")
    return (None, errors) if errors else (Engine(project, book), ())


# --- deciding ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Deciding:
    """A version at work. Those of one `group` read the feed alike and share what they compute."""

    writer: TableWriter
    group: int


class _Run:
    """Decides the feed under every version and counts what differs."""

    def __init__(
        self,
        base: Version,
        current: Version,
        task: BatchTask,
        feed: Feed,
        tried: _Tried,
        sink: Callable[[pa.Table], None] | None,
    ) -> None:
        self.base, self.current = base, current
        self.task = task
        self.tried = tried
        self.feed = feed
        self.engines = [base.engine, current.engine, *(engine for _, engine in tried.engines)]
        self._readings: list[tuple[Any, Engine, Vectoriser]] = []
        self.versions = [self._deciding(engine) for engine in self.engines]
        self.rules = RuleNumbers()
        for version in self.versions:
            self.rules.of([*version.writer.rules, INVALID_RECORD])
        self.size = max(1, len(self.rules))
        self.columns = columns_of([v.writer for v in self.versions[:2]])
        self.tally = Tally(task.markets, self.columns, self.rules, [n for n, _ in tried.engines], sink)
        self.source_notes: tuple[Diagnostic, ...] = ()

    def _deciding(self, engine: Engine) -> _Deciding:
        """A version, in the group of those that read the feed as it does."""
        reading = (engine.record_type(self.task.target).model_dump_json(), self._mapping(engine))
        found = next((n for n, (other, _, _) in enumerate(self._readings) if other == reading), None)
        if found is None:
            found = len(self._readings)
            self._readings.append((reading, engine, Vectoriser()))
        # One secret for all, so that a person has one masked name.
        plan = BatchPlan(engine.book, self.task, self.current.engine.masks, self._readings[found][2])
        return _Deciding(TableWriter(plan), found)

    def _mapping(self, engine: Engine) -> str | None:
        """A mapping's content; the project's where the version has none of this id."""
        name = self.feed.mapping
        if name is None:
            return None
        owner = engine if name in engine.project.mappings else self.current.engine
        found = owner.project.mappings.get(name)
        return None if found is None else found.model.model_dump_json()

    def _sources(self) -> list[RecordSource]:
        mappings = self.current.engine.project.mappings
        if self.feed.mapping is not None and self.feed.mapping not in mappings:
            raise UnknownName([unknown_name("WB303", "mapping", self.feed.mapping, mappings)])
        records = self.feed.records
        if len(self._readings) > 1:
            records = _again_and_again(records)
        found = []
        for _, engine, _ in self._readings:
            model = engine.record_type(self.task.target)
            name = self.feed.mapping
            entry = None if name is None else engine.project.mappings.get(name, mappings[name]).model
            found.append(open_source(records, model, readers(model), entry, self.feed.format))
        return found

    def pieces(self) -> Iterator[tuple[int, float | None]]:
        """Decides piece by piece; yields how many records are done, and the share of the feed."""
        sources = self._sources()
        # Sources cut their pieces smaller than asked only above this size: so all cut alike.
        every = zip(*(source.pieces(ROWS_IN_HAND) for source in sources), strict=True)
        for pieces in every:
            self._piece(pieces)
            yield pieces[0].first + pieces[0].size, pieces[0].share
        # The project's own reading comes last where there are several.
        self.source_notes = sources[self.versions[1].group].notes

    def _piece(self, pieces: Sequence[Piece]) -> None:
        read: dict[int, tuple[Columns, Any]] = {}
        parts: list[Decided] = []
        views: list[tuple[Mapping[int, list[Diagnostic]], pa.RecordBatch]] = []
        for version in self.versions:
            piece, plan = pieces[version.group], version.writer.plan
            if version.group not in read:
                columns = piece.columns(plan.reader)
                read[version.group] = columns, plan.frame(columns)
            columns, frame = read[version.group]
            # Each version has its own view of what is wrong with a record: of markets it does not know.
            own = Columns(columns.size, columns.vectors, {r: [*p] for r, p in columns.problems.items()})
            tables = version.writer.write(own, piece.first, frame)
            parts.append(decided(tables, self.task.markets, self.rules, self.size))
            views.append((own.problems, tables.findings))
        parts, lost = together(parts)
        self.tally.add(Compared(parts[0], parts[1], tuple(parts[2:])), pieces[0].first, pieces[0].size, lost)
        self.tally.add_invalid(*views[0], *views[1], pieces[0].first)

    def result(self, notes: tuple[Diagnostic, ...]) -> Impact:
        """The counts as a report."""
        return self.tally.impact(
            self.base, self.current, self.task, self.tried.causes, (*notes, *self.source_notes)
        )


def _again_and_again(records: Any) -> Any:
    """Records that can be read more than once: of a stream, a table."""
    if isinstance(records, pa.RecordBatchReader):
        return records.read_all()
    if hasattr(records, "__arrow_c_stream__") and not isinstance(records, pd.DataFrame | pa.Table):
        return pa.RecordBatchReader.from_stream(records).read_all()
    return records
