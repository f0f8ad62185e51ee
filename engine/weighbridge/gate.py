"""The gate: every record of a feed decided in every market asked for, and whether it may pass.

It fails closed. What it cannot check (no records, an unknown market, a typing error in a waiver, a feed that
breaks off) is exit code 2, never a pass.

Codes of the gate, its waivers and its baseline:

| code | meaning |
|---|---|
| WB602 | the feed holds no records |
| WB603 | none of the feed's rows is a valid record |
| WB604 | unknown target |
| WB605 | unknown market, or none given |
| WB606 | unknown threshold |
| WB607 | the target gives no verdict, or one that the gate does not know |
| WB609 | the field that is to hold a record's market does not exist, or holds no text |
| WB611 | a waiver names an unknown rule |
| WB612 | a waiver names an unknown market |
| WB613 | a waiver has expired; its findings count again |
| WB614 | a waiver is about to expire |
| WB615 | a waiver covers nothing |
| WB620 | the baseline is missing, damaged or of another target |
| WB621 | the baseline cannot be written from a run that failed |
| WB622 | names of personal records hold for this run only |
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from weighbridge.baseline import Baseline, load_baseline
from weighbridge.chinese import problems_in_words
from weighbridge.diagnostics import (
    Diagnostic,
    DiagnosticError,
    InvalidRecord,
    Span,
    UnknownName,
    unknown_name,
)
from weighbridge.feeds import open_feed
from weighbridge.gate_findings import (
    DUPLICATE_RECORD,
    FEED_RULES,
    INVALID_RECORD,
    SEVERITIES,
    UNREADABLE_ROW,
    CheckedRecord,
    Citation,
    FindingSpool,
    GateFinding,
    GateSeverity,
    Location,
    MatchedText,
    RecordIdentities,
    Status,
    Texts,
    at_least,
    fingerprint,
    key_hash,
    relative_path,
)
from weighbridge.gate_result import Counts, ExitCode, GateRequest, GateResult, RuleText
from weighbridge.masking import MASK, VARIABLE
from weighbridge.messages import LANGUAGES, REPORT, phrase
from weighbridge.waivers import WaiverBook, check_names, load_waivers, waivers_of

if TYPE_CHECKING:
    from weighbridge.decisions import Decision
    from weighbridge.documents import MappingModel
    from weighbridge.engine import Engine
    from weighbridge.feeds import Feed, Row
    from weighbridge.findings import Finding, Source
    from weighbridge.gate_screen import Quiet, Screen

FAIL_ON: tuple[GateSeverity, ...] = ("warn", "review", "block", "error")
"""The thresholds a gate can fail on, mildest first."""

PIECE = 500
"""Rows that are checked together, and between two calls of `progress`."""
LARGE = 1000
"""Rows after which a feed is screened in columns; before, every decision is made."""

CUT_SHORT = frozenset({"WB400", "WB417"})
"""Feed problems after which the rest of the feed was not read: nothing is known of the rows that follow."""

Progress = Callable[[int, float], None]
"""Told the number of rows read and the share of the feed they are (0 to 1)."""


def run_gate(
    engine: Engine,
    feed_path: str | os.PathLike[str],
    *,
    target: str,
    markets: Sequence[str],
    as_of: date,
    fail_on: GateSeverity = "review",
    mapping: MappingModel | None = None,
    format: str | None = None,
    waivers: Path | None = None,
    baseline: Path | None = None,
    market_field: str | None = None,
    undecided: bool = False,
    progress: Progress | None = None,
) -> GateResult:
    """Check a feed. Never raises about its input: what is wrong is in `notes`, with exit code UNUSABLE.

    `waivers` and `baseline` are files; without `waivers` those of the project hold, without `baseline` every
    finding counts. `as_of` dates the decisions and the waivers alike. `market_field` names a field with the
    market, or list of markets, a record is meant for: it is decided in those of `markets` only (in all where
    the field is missing). Undecided rules are always found where they ask for review; with `undecided` also
    those that say `if_unknown: skip`. These never count, and finding them means evaluating every rule a
    second time.
    """
    started = time.perf_counter()
    request = GateRequest(relative_path(feed_path), target, tuple(dict.fromkeys(markets)), as_of, fail_on)
    run = _Run(engine, request, undecided, market_field)
    try:
        run.check_request()
        run.load_waivers(waivers)
        run.load_baseline(baseline)
        if not run.failed:
            run.check_feed(mapping, format, progress)
            run.finish()
        return run.result(time.perf_counter() - started)
    except BaseException:
        run.spool.close()
        raise


class _Run:
    """The state of one run; `run_gate` calls its steps in order."""

    def __init__(
        self, engine: Engine, request: GateRequest, undecided: bool, market_field: str | None = None
    ) -> None:
        self.market_field = market_field
        self.engine = engine
        self.undecided = undecided
        self.request = request
        self.spool = FindingSpool()
        self.counts = Counts(verdicts={market: {} for market in request.markets})
        self.project_path = relative_path(engine.project.root)
        self.notes: list[Diagnostic] = []
        self.rules: dict[str, RuleText] = {}
        self.waivers = WaiverBook((), request.as_of)
        self.baseline: Baseline | None = None
        self.gone: set[str] = set()
        self.identities = RecordIdentities()
        self.personal: frozenset[str] = frozenset()
        self.key_field: str | None = None
        self.unknown_verdicts: set[str] = set()
        self.screen: Screen | None = None

    @property
    def failed(self) -> bool:
        return any(note.severity == "error" for note in self.notes)

    # -- before ---------------------------------------------------------------------------------------------

    def check_request(self) -> None:
        engine, request = self.engine, self.request
        if request.target not in engine.targets:
            self.notes.append(unknown_name("WB604", "target", request.target, engine.targets))
        if request.fail_on not in FAIL_ON:
            self.notes.append(unknown_name("WB606", "threshold", request.fail_on, FAIL_ON))
        if not request.markets:
            choices = ", ".join(sorted(engine.markets)[:12])
            self.notes.append(_error("WB605", "no market was given, so nothing would be checked", choices))
        for market in request.markets:
            if market not in engine.markets:
                self.notes.append(unknown_name("WB605", "market", market, engine.markets))
        if self.market_field is not None and request.target in engine.targets:
            fields = engine.record_type(request.target).fields
            named = [name for name, field in fields.items() if field.type in ("text", "text_list")]
            if self.market_field not in named:
                self.notes.append(unknown_name("WB609", "market field", self.market_field, named))

    def load_waivers(self, path: Path | None) -> None:
        """The waivers of the file, or else those of the project."""
        own = self.engine.project.waivers
        try:
            if path is not None:
                waivers = load_waivers(path)
            else:
                waivers = waivers_of(own, self.project_path) if own is not None else ()
        except DiagnosticError as error:
            self.notes += error.diagnostics
            return
        rules = {info.ref for target in self.engine.targets for info in self.engine.rules(target)}
        self.notes += check_names(waivers, rules, self.engine.markets)
        self.waivers = WaiverBook(waivers, self.request.as_of)

    def load_baseline(self, path: Path | None) -> None:
        if path is None:
            return
        try:
            self.baseline = load_baseline(path, self.request.target)
        except DiagnosticError as error:
            self.notes += error.diagnostics
            return
        self.gone = self.baseline.covered(self.request.markets)

    # -- the feed -------------------------------------------------------------------------------------------

    def check_feed(
        self, mapping: MappingModel | None, format_: str | None, progress: Progress | None
    ) -> None:
        record_type = self.engine.record_type(self.request.target)
        self.key_field = record_type.key
        self.personal = frozenset(n for n, field in record_type.fields.items() if field.personal is not None)
        if self.personal:
            self.identities = RecordIdentities(self.engine.masks.digest)
            self.check_names_last()
        try:
            feed = open_feed(Path(self.request.feed), record_type, mapping=mapping, format=format_)
            self.check_rows(feed, progress)
        except (DiagnosticError, OSError) as error:
            self.notes += _feed_problems(error, self.request.feed)
            return
        if progress is not None:
            progress(self.counts.read, 1.0)
        self.notes += feed.info.notes

    def check_names_last(self) -> None:
        """Without a secret of the user's own, nothing that names a personal record is known again."""
        told_apart_by_content = self.key_field is None
        if not self.engine.masks.lasting and (told_apart_by_content or self.key_field in self.personal):
            message = "names and fingerprints of personal records hold for this run only"
            expected = f"a secret in {VARIABLE}, the same in every run"
            self.notes.append(Diagnostic("WB622", message, severity="note", expected=expected))

    def check_rows(self, feed: Feed, progress: Progress | None) -> None:
        """All rows; of a feed that is not small in pieces, whose quiet decisions are found in columns."""
        rows = iter(feed)
        while piece := self.read_piece(rows):
            self.check_piece(piece)
            if progress is not None and len(piece) == PIECE:
                progress(self.counts.read, _share(feed))

    def read_piece(self, rows: Iterator[Row]) -> list[Row]:
        """The next rows; those read before a feed breaks off are checked all the same."""
        piece: list[Row] = []
        try:
            piece.extend(islice(rows, PIECE))
        except (DiagnosticError, OSError):
            self.check_piece(piece)
            raise
        return piece

    def check_piece(self, rows: Sequence[Row]) -> None:
        quiet: Sequence[Quiet] = [{}] * len(rows)
        if self.counts.read >= LARGE and not self.undecided:
            if self.screen is None:
                # NumPy and pyarrow take half a second to import, which only a large feed should cost.
                from weighbridge.gate_screen import Screen

                request = self.request
                self.screen = Screen(self.engine, request.target, request.markets, request.as_of)
            quiet = self.screen.quiet(rows)
        for row, silent in zip(rows, quiet, strict=True):
            self.check_row(row, silent)

    def check_row(self, row: Row, quiet: Quiet) -> None:
        self.counts.read += 1
        self.notes += (problem for problem in row.problems if problem.code in CUT_SHORT)
        place = self.place(row)
        markets, problems = self.markets_of(row)
        decisions: list[Decision | None] = []
        if not problems:
            try:
                decisions = [None if m in quiet else self.decide(row.values, m) for m in markets]
            except InvalidRecord as error:
                problems = error.diagnostics
        checked = CheckedRecord(self.counts.read, row.line, place.record, place.key, not problems)
        self.spool.add_record(checked)
        if problems:
            self.refuse(row, place, problems)
            return
        self.counts.decided += bool(markets)
        self.counts.elsewhere += not markets
        for market, decision in zip(markets, decisions, strict=True):
            if decision is None:
                self.count_verdict(market, quiet[market])
            else:
                self.take(decision, market, place)

    def count_verdict(self, market: str, verdict: str) -> None:
        verdicts = self.counts.verdicts[market]
        verdicts[verdict] = verdicts.get(verdict, 0) + 1

    def markets_of(self, row: Row) -> tuple[tuple[str, ...], Sequence[Diagnostic]]:
        """The markets a row is decided in, and what is wrong with it so far."""
        value = row.values.get(self.market_field) if self.market_field else None
        if row.problems or value is None:
            return self.request.markets, row.problems
        meant = (value,) if isinstance(value, str) else tuple(value)
        hidden = self.market_field in self.personal
        wrong = [
            unknown_name("WB605", "market", MASK if hidden else str(m), self.engine.markets)
            for m in meant
            if m not in self.engine.markets
        ]
        return tuple(m for m in self.request.markets if m in meant), wrong

    def place(self, row: Row) -> _Place:
        value = row.values.get(self.key_field) if self.key_field else None
        key = str(value) if value is not None and str(value).strip() else None
        if key is not None and self.key_field in self.personal:
            key = self.engine.masks.key(key)
        # A row without any value is known by what is wrong with it.
        content = row.values or [problem.message for problem in row.problems]
        identity = self.identities.identify(key, content)
        name = key if key is not None else phrase(REPORT, "line", "en", line=row.line)
        return _Place(self.request.feed, max(1, row.line), self.counts.read, name, key, identity)

    def decide(self, values: Mapping[str, Any], market: str) -> Decision:
        return self.engine.decide(self.request.target, values, market=market, as_of=self.request.as_of)

    def refuse(self, row: Row, place: _Place, problems: Sequence[Diagnostic]) -> None:
        """The finding for a row that is no valid record; it lists every problem."""
        rule = INVALID_RECORD if row.values or not row.problems else UNREADABLE_ROW
        if rule == INVALID_RECORD:
            self.counts.invalid += 1
        else:
            self.counts.unreadable += 1
        name = rule.replace("-", "_")
        reason = {
            lang: phrase(REPORT, name, lang, problems=problems_in_words(problems, lang)) for lang in LANGUAGES
        }
        self.add(place.finding(rule, "error", reason=reason))

    def take(self, decision: Decision, market: str, place: _Place) -> None:
        """The findings of one decision."""
        verdict = decision.verdict or ""
        self.count_verdict(market, verdict)
        worst: GateSeverity = "pass"
        seen: dict[str, int] = {}
        for found in decision.findings:
            ordinal = seen[found.rule] = seen.get(found.rule, 0) + 1
            severity = self.severity(found.severity)
            worst = severity if at_least(severity, worst) else worst
            if severity != "pass":
                self.add(self.decided_finding(found, place, market, verdict, ordinal))
        for rule, missing in decision.missing.items() if self.undecided else ():
            if rule not in seen:
                self.add(self.undecided_finding(rule, missing, place, market, verdict))
        # An output's default, or its way to combine, can give a verdict that no single finding bears.
        if verdict and not at_least(worst, self.severity(verdict)):
            self.add(self.verdict_finding(place, market, self.severity(verdict)))

    def severity(self, verdict: str) -> GateSeverity:
        """The severity a verdict stands for; one that the gate does not know is an error, not a pass."""
        if verdict in SEVERITIES:
            return verdict
        self.unknown_verdicts.add(verdict)
        return "error"

    def decided_finding(
        self, found: Finding, place: _Place, market: str, verdict: str, ordinal: int
    ) -> GateFinding:
        text = self.rule_text(found.rule)
        return place.finding(
            found.rule,
            self.severity(found.severity),
            status=found.status,
            market=market,
            verdict=verdict,
            title=text.title,
            reason=dict(found.reason or text.title),
            missing=tuple(found.missing),
            matches=tuple(MatchedText(match.term, match.text, match.field) for match in found.matches),
            source=_citation(found.source) or text.source,
            rule_location=_location(found.location) or text.location,
            ordinal=ordinal,
        )

    def undecided_finding(
        self, rule: str, missing: tuple[str, ...], place: _Place, market: str, verdict: str
    ) -> GateFinding:
        """A rule that lacks evidence and says `if_unknown: skip`: listed, without effect."""
        text = self.rule_text(rule)
        return place.finding(
            rule,
            "pass",
            status="undecided",
            market=market,
            verdict=verdict,
            title=text.title,
            reason=_undecided(missing),
            missing=missing,
            source=text.source,
            rule_location=text.location,
        )

    def verdict_finding(self, place: _Place, market: str, verdict: GateSeverity) -> GateFinding:
        rule = f"{self.request.target}.verdict"
        title = _texts("title_verdict", target=self.request.target)
        self.rules.setdefault(rule, RuleText(rule, title, None, None))
        reason = {
            lang: phrase(REPORT, "verdict_alone", lang, verdict=phrase(REPORT, verdict, lang))
            for lang in LANGUAGES
        }
        return place.finding(
            rule, verdict, status="verdict", market=market, verdict=verdict, title=title, reason=reason
        )

    def rule_text(self, rule: str) -> RuleText:
        text = self.rules.get(rule)
        if text is None:
            text = self.rules[rule] = self.describe(rule)
        return text

    def describe(self, rule: str) -> RuleText:
        if rule in FEED_RULES:
            return RuleText(rule, _texts(f"title_{rule.replace('-', '_')}"), None, None)
        try:
            info = self.engine.rule(rule)
        except UnknownName:  # a violated `unique` or `any` is named after its output, which is no rule
            return RuleText(rule, {"en": rule}, None, None)
        return RuleText(rule, dict(info.title), _citation(info.source), _location(info.location))

    def add(self, finding: GateFinding) -> None:
        """Suppress the finding if something covers it, count it and keep it."""
        self.rule_text(finding.rule)
        finding = self.suppressed(finding)
        self.counts.add(finding, self.request.fail_on)
        self.gone.discard(finding.fingerprint)
        self.spool.add(finding)

    def suppressed(self, finding: GateFinding) -> GateFinding:
        # What an unreadable row holds is not known, so nobody can answer for it.
        if finding.status == "unreadable_row" or finding.severity == "pass":
            return finding
        waiver = self.waivers.apply(finding.rule, finding.market, finding.key)
        if waiver is not None:
            return replace(finding, suppressed_by="waiver", waiver=waiver)
        if self.baseline is not None and finding.fingerprint in self.baseline:
            return replace(finding, suppressed_by="baseline")
        return finding

    # -- after ----------------------------------------------------------------------------------------------

    def finish(self) -> None:
        if self.failed:
            return
        self.add_repeated_keys()
        counts = self.counts
        counts.fixed = len(self.gone)
        self.notes += self.waivers.notes(self.request.markets)
        if counts.read == 0:
            self.notes.append(self.about_feed("WB602", "the feed holds no records, so nothing was checked"))
        elif counts.decided == 0:
            message = f"none of the feed's {counts.read} rows is a valid record, so nothing was decided"
            self.notes.append(self.about_feed("WB603", message, expected="is it the right feed and mapping?"))
        elif not any(verdict for verdicts in counts.verdicts.values() for verdict in verdicts):
            message = f"the target {self.request.target} gives no verdict, so no record could ever fail"
            self.notes.append(_error("WB607", message, "a ruleset with an output `verdict`"))
        for verdict in sorted(self.unknown_verdicts):
            message = f"the target {self.request.target} gives the verdict {verdict!r}"
            self.notes.append(_error("WB607", message, f"one of: {', '.join(SEVERITIES[:-1])}"))

    def add_repeated_keys(self) -> None:
        """A finding for every row whose key an earlier row has.

        The spooled names are read again, since only hashes of the keys were kept.
        """
        repeated = self.identities.repeated_keys
        if not repeated:
            return
        first: dict[str, int] = {}
        times: dict[str, int] = {}
        for record in self.spool.records():
            key = record.key
            if key is None or key_hash(key) not in repeated:
                continue
            times[key] = times.get(key, 0) + 1
            if times[key] == 1:
                first[key] = record.line
                continue
            self.counts.repeated_keys += 1
            place = _Place(self.request.feed, max(1, record.line), record.row, key, key, ("key", key))
            reason = _texts("duplicate_record", key=key, line=first[key])
            ordinal = times[key] - 1
            self.add(place.finding(DUPLICATE_RECORD, "warn", reason=reason, ordinal=ordinal))

    def about_feed(self, code: str, message: str, *, expected: str | None = None) -> Diagnostic:
        return Diagnostic(code, message, Span(self.request.feed, 1, 1, 1, 2), expected=expected)

    def result(self, elapsed: float) -> GateResult:
        checked = ExitCode.FINDINGS if self.counts.failing else ExitCode.CLEAN
        code = ExitCode.UNUSABLE if self.failed else checked
        return GateResult(
            self.request,
            self.engine.version,
            code,
            self.counts,
            tuple(self.notes),
            self.rules,
            self.project_path,
            elapsed,
            self.baseline,
            self.spool,
        )


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a finding stands: the record and its row."""

    feed: str
    line: int
    row: int
    record: str
    key: str | None
    identity: tuple[str | int, ...]

    def finding(
        self,
        rule: str,
        severity: GateSeverity,
        *,
        reason: Texts,
        title: Texts | None = None,
        status: str | None = None,
        market: str = "",
        verdict: str = "",
        missing: tuple[str, ...] = (),
        matches: tuple[MatchedText, ...] = (),
        source: Citation | None = None,
        rule_location: Location | None = None,
        ordinal: int = 1,
    ) -> GateFinding:
        """A finding on this record; `ordinal` tells apart those that one rule has on it in one market."""
        underscored = rule.replace("-", "_")
        identity = self.identity if ordinal == 1 else (*self.identity, "again", ordinal)
        return GateFinding(
            feed=self.feed,
            line=self.line,
            row=self.row,
            record=self.record,
            key=self.key,
            market=market,
            verdict=verdict,
            rule=rule,
            title=_texts(f"title_{underscored}") if title is None else title,
            severity=severity,
            status=cast(Status, status or underscored),
            reason=reason,
            missing=missing,
            matches=matches,
            source=source,
            rule_location=rule_location,
            fingerprint=fingerprint(identity, market, rule),
        )


def _texts(name: str, **values: object) -> Texts:
    """A text of the catalogue in every language."""
    return {lang: phrase(REPORT, name, lang, **values) for lang in LANGUAGES}


def _undecided(missing: Iterable[str]) -> Texts:
    fields = ", ".join(missing)
    return _texts("undecided", fields=fields) if fields else _texts("undecided_unnamed")


def _citation(source: Source | None) -> Citation | None:
    return None if source is None else Citation(source.citation, source.url)


def _location(span: Span | None) -> Location | None:
    return None if span is None or not span.file else Location(span.file, span.line, span.column)


def _share(feed: Feed) -> float:
    return feed.position() / feed.size_hint if feed.size_hint else 0.0


def _feed_problems(error: DiagnosticError | OSError, feed: str) -> Iterable[Diagnostic]:
    if isinstance(error, DiagnosticError):
        return error.diagnostics
    return [_error("WB400", f"the feed {feed} cannot be read: {error.strerror or error}")]


def _error(code: str, message: str, expected: str | None = None) -> Diagnostic:
    return Diagnostic(code, message, expected=expected)
