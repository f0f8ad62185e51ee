"""The command line: one function a command; `weighbridge --help` lists them.

Exit codes everywhere: 0 clean, 1 findings, 2 could not do the job, 130 interrupted. Each command imports what
it needs when it runs, so that `--help` is instant.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from weighbridge.terminal import (
    Progress,
    closed_by_reader,
    coloured,
    for_programs,
    give,
    prepare_streams,
    say,
    show,
    warn,
)

if TYPE_CHECKING:
    from weighbridge.diagnostics import Diagnostic
    from weighbridge.documents import MappingModel
    from weighbridge.engine import Engine
    from weighbridge.feed_turning import FeedTurn
    from weighbridge.gate_result import GateResult
    from weighbridge.impact_result import Impact, Proven, Report
    from weighbridge.project import Project
    from weighbridge.proof.turn import Turner
    from weighbridge.scenarios import ScenarioRun
    from weighbridge.strength import Strength
    from weighbridge.versions import Version

UNUSABLE = 2
DEBUG = "WEIGHBRIDGE_DEBUG"
"""Environment variable: set, a fault of the program shows its traceback."""

app = typer.Typer(
    help="Rules, scorecards and market differences written as YAML: decided, explained and gated.",
    epilog="Exit codes: 0 clean, 1 findings, 2 could not do the job. Start with: weighbridge init my-shop",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Language(StrEnum):
    """Languages of reasons and reports."""

    en = "en"
    zh = "zh"


class ReportFormat(StrEnum):
    """Report formats of `check`."""

    text = "text"
    json = "json"
    jsonl = "jsonl"
    sarif = "sarif"
    junit = "junit"
    github = "github"
    gitlab = "gitlab"
    markdown = "markdown"


class LintFormat(StrEnum):
    """Formats of `lint`."""

    text = "text"
    json = "json"
    sarif = "sarif"
    github = "github"


class PlainFormat(StrEnum):
    """Formats of commands that print one thing."""

    text = "text"
    json = "json"


class ImpactFormat(StrEnum):
    """Formats of `impact`."""

    text = "text"
    json = "json"
    markdown = "markdown"


class GraphFormat(StrEnum):
    """Formats of `graph`."""

    text = "text"
    mermaid = "mermaid"
    dot = "dot"
    json = "json"


class FailOn(StrEnum):
    """Thresholds of `check`."""

    warn = "warn"
    review = "review"
    block = "block"
    error = "error"


ProjectOption = Annotated[
    Path, typer.Option("--project", "-p", help="Folder of the project.", show_default="here")
]
MarketOption = Annotated[
    list[str] | None,
    typer.Option(
        "--market",
        "-m",
        help="Market; may be given several times. Default: `markets` in weighbridge.yaml.",
        show_default=False,
    ),
]
TargetOption = Annotated[
    str | None,
    typer.Option(
        help="Ruleset or scorecard that decides. Default: `target` in weighbridge.yaml.", show_default=False
    ),
]
LanguageOption = Annotated[Language, typer.Option("--lang", help="Language of reasons and reports.")]
DayOption = Annotated[
    str | None, typer.Option("--as-of", help="Day the rules are asked for, YYYY-MM-DD.", show_default="today")
]
MappingOption = Annotated[
    str | None, typer.Option(help="Mapping document that says how the feed's columns become fields.")
]
FeedFormatOption = Annotated[
    str | None, typer.Option(help="Format of the feed, where its name does not tell.")
]
MarketFieldOption = Annotated[
    str | None,
    typer.Option(help="Field with the market a record is meant for: it is decided in that one only."),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")]
HERE = Path()


# --- shared steps ---------------------------------------------------------------------------------------


def _refuse(code: str, message: str, expected: str | None = None) -> NoReturn:
    """Ends the command: what was asked for cannot be done."""
    from weighbridge.diagnostics import Diagnostic, DiagnosticError

    raise DiagnosticError([Diagnostic(code, message, expected=expected)])


def _engine(folder: Path) -> Engine:
    from weighbridge.engine import Engine, check_project

    project, book, diagnostics = check_project(folder)
    errors = [d for d in diagnostics if d.severity == "error"]
    if errors:
        show(*_from_here(project, errors))
        warn(f"{len(errors)} error(s): the project cannot decide anything until they are mended")
        raise typer.Exit(UNUSABLE)
    return Engine(project, book)


def _from_here(
    project: Project, diagnostics: list[Diagnostic] | tuple[Diagnostic, ...]
) -> tuple[list[Diagnostic], dict[str, list[str]]]:
    """Diagnostics and sources of a project, files named from the working folder, where editors find them."""
    from weighbridge.gate_findings import relative_path

    folder = relative_path(project.root)
    if folder == ".":
        return list(diagnostics), project.sources
    named = {f"{folder}/{file}": lines for file, lines in project.sources.items()}
    return [d.under(folder) for d in diagnostics], named


def _day(text: str | None) -> date:
    from weighbridge.expressions import parse_date

    if text is None:
        return date.today()
    number = parse_date(text)
    if number is None:
        _refuse("WB405", f"--as-of {text!r} is not a day", "a day that exists, as 2026-03-01")
    return date.fromordinal(int(number))


def _target(engine: Engine, target: str | None) -> str:
    from weighbridge.diagnostics import UnknownName, unknown_name

    chosen = target or engine.project.config.model.target
    if chosen is None and len(engine.book.rulesets) == 1:
        chosen = next(iter(engine.book.rulesets))
    if chosen is None:
        _refuse("WB604", "no target is given", "--target, or `target` in weighbridge.yaml")
    if chosen not in engine.targets:
        raise UnknownName([unknown_name("WB604", "target", chosen, engine.targets)])
    return chosen


def _markets(engine: Engine, markets: list[str] | None) -> list[str]:
    """The markets asked for; without any, those of the project."""
    from weighbridge.diagnostics import UnknownName, unknown_name

    chosen = list(dict.fromkeys(markets or engine.project.config.model.markets))
    if not chosen:
        some = ", ".join(engine.markets[:12])
        _refuse(
            "WB605", "no market is given", f"--market, or `markets` in weighbridge.yaml; there are: {some}"
        )
    unknown = [unknown_name("WB605", "market", m, engine.markets) for m in chosen if m not in engine.markets]
    if unknown:
        raise UnknownName(unknown)
    return chosen


def _mapping(engine: Engine, name: str | None) -> MappingModel | None:
    from weighbridge.diagnostics import UnknownName, unknown_name

    if name is None:
        return None
    if name not in engine.project.mappings:
        raise UnknownName([unknown_name("WB303", "mapping", name, engine.project.mappings)])
    return engine.project.mappings[name].model


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


# --- commands -------------------------------------------------------------------------------------------


@app.command(short_help="Start a project with a small example.", epilog="Example: weighbridge init my-shop")
def init(
    folder: Annotated[
        Path, typer.Argument(help="Folder to make; must be empty or new.", show_default="here")
    ] = HERE,
) -> None:
    """Start a project: a small, complete example with a region, a scorecard, rules, scenarios and a feed."""
    from weighbridge.starter import FolderNotEmpty, write_starter

    try:
        written = write_starter(folder)
    except (FolderNotEmpty, OSError) as error:
        why = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        _refuse("WB691", f"cannot start a project in {folder}: {why}", "a new or empty folder")
    for name in written:
        say(f"  {folder / name}")
    there = "" if folder == HERE else f"cd {folder}, then "
    say(f"Next: {there}weighbridge lint, weighbridge test, weighbridge check samples/listings.csv")


@app.command(
    short_help="Check the project itself.", epilog="Example: weighbridge lint . --strict --format sarif"
)
def lint(
    project: Annotated[Path, typer.Argument(help="Folder of the project.", show_default="here")] = HERE,
    format: Annotated[LintFormat, typer.Option("--format", "-f", help="Output format.")] = LintFormat.text,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail as well.")] = False,
    prove: Annotated[
        bool,
        typer.Option(
            "--prove",
            help="Prove more by solver: dead and idle rules, contradictions, gaps ... (extra: verify).",
        ),
    ] = False,
    cache: Annotated[
        Path | None,
        typer.Option(help="File that keeps the answers of --prove, so that only what changed is asked."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes that prove.", min=1, show_default="processors")
    ] = None,
    lang: LanguageOption = Language.en,
) -> None:
    """Check a project: every error and warning, each with its place and what to write instead.

    Exit code 0: sound. 1: errors (with --strict also warnings). 2: there is no project.
    """
    from weighbridge.chinese import translated
    from weighbridge.lint import lint as run_lint
    from weighbridge.lint import prove as run_proof
    from weighbridge.lint_reports import lint_github, lint_json, lint_sarif

    loaded, found = run_proof(project, cache, workers) if prove else run_lint(project)
    diagnostics, sources = _from_here(loaded, tuple(translated(d, lang.value) for d in found))
    errors = sum(d.severity == "error" for d in diagnostics)
    warnings = sum(d.severity == "warning" for d in diagnostics)
    if format is LintFormat.text:
        from weighbridge.messages import COMMANDS, phrase

        show(diagnostics, sources, lang=lang.value)
        counts = phrase(COMMANDS, "lint_counts", lang.value, errors=errors, warnings=warnings)
        say(counts, "error" if errors else "")
    else:
        writers = {"json": lint_json, "sarif": lint_sarif, "github": lint_github}
        give(writers[format.value](diagnostics))
    if any(d.code == "WB100" for d in diagnostics):
        raise typer.Exit(UNUSABLE)
    raise typer.Exit(1 if errors or (strict and warnings) else 0)


@app.command(
    short_help="Run the scenarios; show what they cover.",
    epilog="Example: weighbridge test --min-coverage 90 --uncovered",
)
def test(
    project: Annotated[Path, typer.Argument(help="Folder of the project.", show_default="here")] = HERE,
    target: Annotated[str | None, typer.Option(help="Only the scenarios of this target.")] = None,
    name: Annotated[
        str | None, typer.Option("--name", "-k", help="Only cases whose name contains this.")
    ] = None,
    min_coverage: Annotated[
        float | None,
        typer.Option(help="Fail below this percentage of rules, rows, bins and tiers.", min=0, max=100),
    ] = None,
    format: Annotated[PlainFormat, typer.Option("--format", "-f", help="Output format.")] = PlainFormat.text,
    show_uncovered: Annotated[
        bool, typer.Option("--uncovered", help="List everything no case exercises.")
    ] = False,
    min_edges: Annotated[
        float | None,
        typer.Option(
            help="Fail below this percentage of limits with a case on both sides, of rules that just do not "
            "fire, and of rules that lack their data (slower).",
            min=0,
            max=100,
        ),
    ] = None,
    mutate: Annotated[
        bool,
        typer.Option("--mutate", help="Change every rule a little and say which changes no case notices."),
    ] = False,
    min_mutation: Annotated[
        float | None,
        typer.Option(help="With --mutate: fail below this percentage of changes noticed.", min=0, max=100),
    ] = None,
    propose: Annotated[
        Path | None,
        typer.Option(help="With --mutate: write the missing scenarios to this folder (extra: verify)."),
    ] = None,
) -> None:
    """Run the scenarios and say which rules, table rows, bins and tiers they exercise.

    Exit code 0: all pass. 1: a case fails, or coverage or strength is too low. 2: nothing could be run.
    """
    from weighbridge.scenarios import run_scenarios

    engine = _engine(project)
    if target is not None:
        _target(engine, target)
    run = run_scenarios(engine, target, name, edges=min_edges is not None)
    if not run.cases:
        fits = "no scenario fits" if engine.project.scenarios else "the project has no scenarios"
        _refuse("WB504", f"{fits}, so nothing was tested", "`scenarios:` documents beside the rules")
    share = run.coverage.share()
    short = min_coverage is not None and (share is None or share * 100 < min_coverage)
    blunt = min_edges is not None and run.edge_share * 100 < min_edges
    if format is PlainFormat.json:
        give(_json(_test_dict(run)))
    else:
        _show_run(engine, run, show_uncovered)
    if short:
        warn(f"coverage is below {min_coverage:g} %", "error")
    if blunt:
        warn(f"edges are below {min_edges:g} %", "error")
    weak = (mutate or min_mutation is not None or propose is not None) and not _show_strength(
        engine, target, min_mutation, propose
    )
    raise typer.Exit(1 if run.failed or short or blunt or weak else 0)


def _show_strength(engine: Engine, target: str | None, least: float | None, folder: Path | None) -> bool:
    """Says which changes of the rules no scenario notices; whether enough are noticed."""
    from weighbridge.strength import strength, told

    found = strength(engine, target)
    if folder is not None:
        found = _propose(engine, found, folder)
    share = found.share()
    for line in told(found.survivors):
        warn(f"not noticed: {line}")
    for pack, made in found.made.items():
        of_pack = found.share(pack)
        if of_pack is not None:
            say(f"  {pack:<24} {of_pack:.1%} of {made} changes noticed")
    if share is not None:
        say(f"mutation score {share:.1%}")
    enough = least is None or (share is not None and share * 100 >= least)
    if not enough:
        warn(f"the mutation score is below {least:g} %", "error")
    return enough


def _propose(engine: Engine, found: Strength, folder: Path) -> Strength:
    """Writes the missing scenarios, one file per ruleset; the strength without mutants that change nothing."""
    from weighbridge.lint import check_solver

    check_solver()
    from weighbridge.proof.answers import Answers
    from weighbridge.proof.propose import propose, scenarios_yaml
    from weighbridge.proof.prover import Prover

    proposals = propose(Prover(engine, Answers()), found.survivors)
    folder.mkdir(parents=True, exist_ok=True)
    for pack in dict.fromkeys(case.survivor.pack for case in proposals.cases):
        cases = [case for case in proposals.cases if case.survivor.pack == pack]
        path = folder / f"{pack}.mutation.scenarios.yaml"
        path.write_text(scenarios_yaml(pack, cases), encoding="utf-8")
        warn(f"{len(cases)} case(s) proposed: {path}")
    warn(
        f"{len(proposals.equivalent)} change(s) proved to change nothing, {len(proposals.without)} without a case"
    )
    return found.without(proposals.equivalent)


def _show_run(engine: Engine, run: ScenarioRun, uncovered: bool) -> None:
    for case in run.failed:
        warn(f"FAILED {case.target} [{case.market}] {case.name}", "error")
        show(*_from_here(engine.project, case.failures))
    failed = len(run.failed)
    say(f"{len(run.cases) - failed} passed, {failed} failed", "error" if failed else "good")
    for kind in run.coverage.kinds:
        items = [i for i in run.coverage.items if i.kind == kind]
        hit = sum(i.hits > 0 for i in items)
        say(f"  {kind + 's':<6} {hit} of {len(items)} ({hit / len(items):.1%})")
    share = run.coverage.share()
    if share is not None:
        say(f"coverage {share:.1%}")
    for kind in dict.fromkeys(edge.kind for edge in run.edges):
        met = [edge.met for edge in run.edges if edge.kind == kind]
        say(f"  {kind:<9} {sum(met)} of {len(met)} ({sum(met) / len(met):.1%})")
    if run.edges:
        say(f"edges {run.edge_share:.1%}")
    if uncovered:
        for item in run.coverage.unused:
            say(f"  not exercised: {item.kind} {item.name} ({item.span})")
        for edge in run.edges:
            if not edge.met:
                say(f"  {edge.kind}: {edge.name}: {edge.hint} ({edge.span})")


def _test_dict(run: ScenarioRun) -> dict[str, Any]:
    return {
        "passed": len(run.cases) - len(run.failed),
        "failed": len(run.failed),
        "cases": [
            {
                "name": c.name,
                "target": c.target,
                "market": c.market,
                "location": str(c.span),
                "failures": [f.to_dict() for f in c.failures],
            }
            for c in run.cases
        ],
        "coverage": {
            "share": run.coverage.share(),
            "kinds": {kind: run.coverage.share(kind) for kind in run.coverage.kinds},
            "items": [
                {
                    "kind": i.kind,
                    "name": i.name,
                    "hits": i.hits,
                    "location": None if i.span is None else str(i.span),
                }
                for i in run.coverage.items
            ],
        },
        "edges": [
            {"kind": e.kind, "name": e.name, "met": e.met, "wanted": e.hint, "location": str(e.span)}
            for e in run.edges
        ],
    }


@app.command(
    short_help="The gate: decide every record of a feed.",
    epilog="Example: weighbridge check feed.csv -m SA -m DE --format github --report sarif=out.sarif",
)
def check(
    feed: Annotated[
        Path,
        typer.Argument(
            help="Feed: CSV, TSV, JSON Lines, Parquet, Shopify CSV, Google TSV or XML.", show_default=False
        ),
    ],
    project: ProjectOption = HERE,
    market: MarketOption = None,
    target: TargetOption = None,
    as_of: DayOption = None,
    fail_on: Annotated[FailOn, typer.Option(help="Mildest verdict that fails the gate.")] = FailOn.review,
    format: Annotated[
        ReportFormat, typer.Option("--format", "-f", help="Format of the report that is printed.")
    ] = ReportFormat.text,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the report to a file instead.")
    ] = None,
    report: Annotated[
        list[str] | None,
        typer.Option("--report", "-r", help="FORMAT=FILE: one more report; may be given several times."),
    ] = None,
    mapping: MappingOption = None,
    feed_format: FeedFormatOption = None,
    waivers: Annotated[Path | None, typer.Option(help="Waivers file instead of the project's.")] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="Findings in this file are known and do not fail.")
    ] = None,
    update_baseline: Annotated[
        Path | None, typer.Option(help="Write all findings to this baseline file.")
    ] = None,
    market_field: MarketFieldOption = None,
    list_undecided: Annotated[
        bool,
        typer.Option(
            "--list-undecided",
            help="List rules that lack evidence and say `if_unknown: skip` as well (slower).",
        ),
    ] = False,
    lang: LanguageOption = Language.en,
    quiet: QuietOption = False,
) -> None:
    """The gate: decide every record of a feed in every market, and say whether it may pass.

    Exit code 0: clean. 1: findings at or above --fail-on. 2: the feed could not be checked.
    """
    from weighbridge.gate import run_gate
    from weighbridge.report_files import ReportFile, ReportFiles, check_writable, read_reports
    from weighbridge.reports.totals import outcome

    day, reports = _day(as_of), read_reports(report or ())
    engine = _engine(project)
    chosen, markets, mapped = _target(engine, target), _markets(engine, market), _mapping(engine, mapping)
    if output is not None:
        reports = (ReportFile(format.value, output), *reports)
    if update_baseline is not None:
        check_writable(update_baseline)
    inputs = [path for path in (feed, waivers, baseline, update_baseline) if path is not None]
    with ReportFiles(reports, inputs) as files:
        with Progress(quiet) as progress:
            result = run_gate(
                engine,
                feed,
                target=chosen,
                markets=markets,
                as_of=day,
                fail_on=fail_on.value,
                mapping=mapped,
                format=feed_format,
                waivers=waivers,
                baseline=baseline,
                market_field=market_field,
                undecided=list_undecided,
                progress=progress.update,
            )
        with result:
            files.write(result, lang.value)
            if output is None:
                _print_report(result, format.value, lang.value)
            if output is not None or format is not ReportFormat.text:
                show((n for n in result.told(lang.value) if n.severity == "error"), lang=lang.value)
            if output is not None:
                warn(outcome(result, lang.value))
            for written in reports:
                _tell("report_written", lang, format=written.format, path=written.path)
            if update_baseline is not None:
                _tell(
                    "baseline_written",
                    lang,
                    path=update_baseline,
                    count=result.update_baseline(update_baseline),
                )
            raise typer.Exit(int(result.exit_code))


def _print_report(result: GateResult, format: str, lang: str) -> None:
    from weighbridge.reports import reporter

    writer = reporter(format)
    text = format == "text"
    stream = sys.stdout if text else for_programs(sys.stdout)
    more = {"colour": True} if text and coloured(stream) else {}
    try:
        writer.write(result, stream, lang, **more)
        stream.flush()
    except BrokenPipeError:
        closed_by_reader()


def _tell(name: str, lang: Language, **values: object) -> None:
    from weighbridge.messages import COMMANDS, phrase

    warn(phrase(COMMANDS, name, lang.value, **values))


@app.command(
    short_help="Decide one record and explain it.",
    epilog="Example: weighbridge decide listing.json -m SA --rule listing_gate/pork --lang zh",
)
def decide(
    record: Annotated[
        Path,
        typer.Argument(help="File with one record as JSON; - reads standard input.", show_default=False),
    ],
    market: MarketOption = None,
    project: ProjectOption = HERE,
    target: TargetOption = None,
    as_of: DayOption = None,
    rule: Annotated[
        str | None, typer.Option(help="Say why this rule fired or did not, as <ruleset>/<rule id>.")
    ] = None,
    format: Annotated[PlainFormat, typer.Option("--format", "-f", help="Output format.")] = PlainFormat.text,
    show_personal: Annotated[
        bool, typer.Option("--show-personal", help="Show personal data, which is masked otherwise.")
    ] = False,
    lang: LanguageOption = Language.en,
) -> None:
    """Decide one record in one or more markets and explain the decisions, whatever they are.

    Exit code 0: decided. 2: not a record, or an unknown name.
    """
    from dataclasses import asdict

    from weighbridge.record_file import read_record_file

    day = _day(as_of)
    engine = _engine(project)
    chosen, markets = _target(engine, target), _markets(engine, market)
    values = read_record_file(record)
    decisions = [engine.decide(chosen, values, market=m, as_of=day) for m in markets]
    if show_personal:
        decisions = [decision.unmasked() for decision in decisions]
    if format is PlainFormat.json:
        why = [{"why": asdict(d.why_not(rule))} if rule is not None else {} for d in decisions]
        give(_json([d.to_dict() | reason for d, reason in zip(decisions, why, strict=True)]))
    else:
        say("\n\n".join([d.explain(lang.value, rule=rule) for d in decisions]))


@app.command(
    short_help="Say what would turn a verdict around.",
    epilog="Example: weighbridge explain listing.json -m SA --turn pass, or: weighbridge explain feed.csv --turn pass",
)
def explain(
    source: Annotated[
        Path,
        typer.Argument(
            help="File with one record as JSON (or - for standard input), or a feed.", show_default=False
        ),
    ],
    turn: Annotated[
        str, typer.Option(help="The verdict that is wanted; of a scorecard the tier.", show_default=True)
    ] = "pass",
    market: MarketOption = None,
    project: ProjectOption = HERE,
    target: TargetOption = None,
    as_of: DayOption = None,
    mapping: MappingOption = None,
    feed_format: FeedFormatOption = None,
    market_field: MarketFieldOption = None,
    most: Annotated[int, typer.Option(help="Decisions of a feed that are looked at.", min=1)] = 200,
    format: Annotated[PlainFormat, typer.Option("--format", "-f", help="Output format.")] = PlainFormat.text,
    lang: LanguageOption = Language.en,
    quiet: QuietOption = False,
) -> None:
    """The smallest change of changeable fields that brings a verdict; of a feed, the few that clear the most.

    Every proposal was decided by the engine. Exit code 0: answered, whatever the answer. 2: not a record or
    feed, an unknown name, or no solver (extra: verify).
    """
    from weighbridge.lint import check_solver

    check_solver()
    from weighbridge.proof.turn import Turner

    day = _day(as_of)
    engine = _engine(project)
    chosen, markets = _target(engine, target), _markets(engine, market)
    turner = Turner(engine, chosen, turn)
    if str(source) != "-" and (feed_format is not None or source.suffix.lower() != ".json"):
        found = _turn_feed(turner, source, markets, day, mapping, feed_format, market_field, most, quiet)
        if found.invalid == found.rows:
            code, what = ("WB603", "no valid record") if found.rows else ("WB602", "no records")
            _refuse(code, f"{source} holds {what}, so nothing was decided", "a feed with listings")
        give(found.to_json(indent=2)) if format is PlainFormat.json else say(found.text(lang.value))
        return
    from weighbridge.record_file import read_record_file

    values = read_record_file(source)
    turns = [turner.turn(values, m, day) for m in markets]
    if format is PlainFormat.json:
        give(_json([t.to_dict() for t in turns]))
    else:
        say("\n\n".join(t.text(lang.value) for t in turns))


def _turn_feed(
    turner: Turner,
    feed: Path,
    markets: list[str],
    day: date,
    mapping: str | None,
    format: str | None,
    market_field: str | None,
    most: int,
    quiet: bool,
) -> FeedTurn:
    from weighbridge.diagnostics import UnknownName, unknown_name
    from weighbridge.feeds import open_feed
    from weighbridge.proof.turn import turn_feed

    model = turner.engine.record_type(turner.target)
    if market_field is not None and market_field not in model.fields:
        raise UnknownName([unknown_name("WB609", "market field", market_field, model.fields)])
    rows = open_feed(feed, model, _mapping(turner.engine, mapping), format)
    with Progress(quiet) as progress:
        return turn_feed(
            turner,
            (None if row.problems else row.values for row in rows),
            markets,
            day,
            market_field=market_field,
            most=most,
            progress=lambda number: progress.update(number, rows.position() / max(1, rows.size_hint)),
        )


@app.command(
    short_help="Decide a feed of any size into Parquet files.",
    epilog="Example: weighbridge batch 'catalogue/*.parquet' results -m SA -m DE --reasons review",
)
def batch(
    source: Annotated[
        str,
        typer.Argument(
            help="Feed, folder or pattern in quotes: every format of `check`.", show_default=False
        ),
    ],
    folder: Annotated[
        Path,
        typer.Argument(help="Folder for the results: new, empty, or of the same run stopped earlier."),
    ],
    project: ProjectOption = HERE,
    market: MarketOption = None,
    target: TargetOption = None,
    as_of: DayOption = None,
    mapping: MappingOption = None,
    feed_format: FeedFormatOption = None,
    market_field: MarketFieldOption = None,
    reasons: Annotated[
        str | None,
        typer.Option(help="Give reasons to findings of records with at least this verdict (slower)."),
    ] = None,
    list_undecided: Annotated[
        bool,
        typer.Option(
            "--list-undecided", help="List rules that lack evidence and say `if_unknown: skip` too."
        ),
    ] = False,
    contributions: Annotated[
        bool, typer.Option("--contributions", help="The points of every characteristic as columns.")
    ] = False,
    show_personal: Annotated[
        bool,
        typer.Option("--show-personal", help="Show personal keys and values, which are masked otherwise."),
    ] = False,
    workers: Annotated[
        int | None, typer.Option(help="Threads or processes that decide.", min=1, show_default="processors")
    ] = None,
    format: Annotated[PlainFormat, typer.Option("--format", "-f", help="Output format.")] = PlainFormat.text,
    lang: LanguageOption = Language.en,
    quiet: QuietOption = False,
) -> None:
    """Decide every record of a feed in every market and write decisions and findings as Parquet.

    A run that was stopped goes on when it is started again in the same way. Exit code 0: done. 2: it could
    not be done. What should fail on findings is `check`.
    """
    day = _day(as_of)
    engine = _engine(project)
    chosen, markets = _target(engine, target), _markets(engine, market)
    with Progress(quiet) as progress:
        summary = engine.write_batch(
            chosen,
            source,
            folder,
            markets=markets,
            as_of=day,
            market_field=market_field,
            mapping=mapping,
            format=feed_format,
            reasons=reasons,
            undecided=list_undecided,
            contributions=contributions,
            personal=show_personal,
            workers=workers,
            progress=lambda records, share: progress.update(records, share or 0.0),
        )
    show(summary.notes, lang=lang.value)
    if format is PlainFormat.json:
        give(_json(summary.to_dict()))
        return
    from weighbridge.messages import COMMANDS, phrase

    counts = {"records": summary.records, "invalid": summary.invalid, "findings": summary.findings}
    say(phrase(COMMANDS, "batch_done", lang.value, folder=folder, **counts))
    for name, verdicts in sorted(summary.verdicts.items()):
        say(
            f"  {name}  "
            + "  ".join(f"{verdict or '-'} {count:,}" for verdict, count in sorted(verdicts.items()))
        )


@app.command(
    short_help="What a change of the rules does to a feed.",
    epilog="Example: weighbridge impact feed.csv --base main -m SA -m DE --format markdown --max-changed 1%",
)
def impact(
    feed: Annotated[
        str | None,
        typer.Argument(
            help="Feed, folder or pattern in quotes: every format of `check`. May be left out with --prove.",
            show_default=False,
        ),
    ] = None,
    base: Annotated[
        str,
        typer.Option(
            "--base", "-b", help="Version to compare with: a folder, or a branch, tag or commit of git."
        ),
    ] = "HEAD",
    project: ProjectOption = HERE,
    market: MarketOption = None,
    target: TargetOption = None,
    as_of: DayOption = None,
    mapping: MappingOption = None,
    feed_format: FeedFormatOption = None,
    market_field: MarketFieldOption = None,
    max_changed: Annotated[
        str | None,
        typer.Option(
            help="Fail where more decisions differ: a number, or a share as 0.5%.", show_default=False
        ),
    ] = None,
    causes: Annotated[
        bool, typer.Option("--causes/--no-causes", help="Try every change alone, to say which does what.")
    ] = True,
    prove: Annotated[
        bool,
        typer.Option(
            "--prove", help="Compare for every record by solver, not only for a feed (extra: verify)."
        ),
    ] = False,
    list_undecided: Annotated[
        bool,
        typer.Option(
            "--list-undecided", help="Compare rules that lack evidence and say `if_unknown: skip` too."
        ),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write every difference to this .csv or .parquet file.")
    ] = None,
    format: Annotated[
        ImpactFormat, typer.Option("--format", "-f", help="Output format.")
    ] = ImpactFormat.text,
    show_personal: Annotated[
        bool, typer.Option("--show-personal", help="Show personal keys, which are masked otherwise.")
    ] = False,
    lang: LanguageOption = Language.en,
    quiet: QuietOption = False,
) -> None:
    """Compare two versions of the rules over a feed: what is decided otherwise, and which change does it.

    Exit code 0: compared. 1: more decisions differ than --max-changed allows. 2: it could not be done.
    """
    from weighbridge.impact_result import Report, read_limit
    from weighbridge.versions import open_base

    day, limit = _day(as_of), None if max_changed is None else read_limit(max_changed)
    if feed is None and not prove:
        message = "there is nothing to compare: no feed, and no proof is asked for"
        _refuse("WB827", message, "a feed, --prove, or both")
    engine = _engine(project)
    chosen, markets = _target(engine, target), _markets(engine, market)
    other = open_base(project, base)
    found = None
    if feed is not None:
        options = {"mapping": mapping, "format": feed_format, "market_field": market_field, "causes": causes}
        options |= {"undecided": list_undecided, "personal": show_personal}
        found = _impact(engine, other, feed, chosen, markets, day, out, quiet, lang, options)
    proofs = _compared_by_proof(engine, other, chosen, markets, day, lang) if prove else None
    report = Report(chosen, other.name, other.engine.version, engine.version, day, found, proofs, limit)
    _print_impact(report, format, lang)
    raise typer.Exit(1 if report.failed else 0)


def _impact(
    engine: Engine,
    base: Version,
    feed: str,
    target: str,
    markets: list[str],
    day: date,
    out: Path | None,
    quiet: bool,
    lang: Language,
    options: dict[str, Any],
) -> Impact:
    """The impact over a feed; every difference goes to `out`."""
    from contextlib import ExitStack

    from weighbridge.impact_file import ImpactFile

    with ExitStack() as stack:
        file = None if out is None else stack.enter_context(ImpactFile(out))
        progress = stack.enter_context(Progress(quiet))
        found = engine.impact(
            target,
            feed,
            base,
            markets=markets,
            as_of=day,
            progress=lambda records, share: progress.update(records, share or 0.0),
            sink=None if file is None else file.write,
            **options,
        )
    if file is not None:
        from weighbridge.messages import IMPACT, phrase

        warn(phrase(IMPACT, "written", lang.value, count=file.rows, path=file.path))
    return found


def _compared_by_proof(
    engine: Engine, base: Version, target: str, markets: list[str], day: date, lang: Language
) -> tuple[Proven, ...]:
    from weighbridge.chinese import translated
    from weighbridge.impact import in_both
    from weighbridge.lint import check_solver

    check_solver()
    from weighbridge.proof.compare import compare

    common, notes = in_both(base.engine, target, markets)
    show((translated(n, lang.value) for n in notes), lang=lang.value)
    return compare(base.engine, engine, target, common, day)


def _print_impact(report: Report, format: ImpactFormat, lang: Language) -> None:
    from weighbridge.impact_reports import impact_dict, impact_markdown, impact_text

    if format is ImpactFormat.json:
        give(_json(impact_dict(report)))
    elif format is ImpactFormat.markdown:
        give(impact_markdown(report, lang.value))
    else:
        say(impact_text(report, lang.value))


@app.command(
    short_help="Show what depends on what.",
    epilog="Example: weighbridge graph --field price, or: weighbridge graph --node rule:listing_gate/pork",
)
def graph(
    project: ProjectOption = HERE,
    node: Annotated[
        list[str] | None,
        typer.Option(
            "--node", "-n", help="Only what this leads to and comes from: field:price, rule:gate/id, ..."
        ),
    ] = None,
    field: Annotated[
        str | None,
        typer.Option(help="Everything that depends on this field, and which of its values matter."),
    ] = None,
    market: Annotated[
        list[str] | None,
        typer.Option("--market", "-m", help="With --field: only these markets.", show_default="all"),
    ] = None,
    as_of: DayOption = None,
    format: Annotated[
        GraphFormat | None,
        typer.Option("--format", "-f", help="Output format.", show_default="mermaid; with --field text"),
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to a file.")] = None,
    lang: LanguageOption = Language.en,
) -> None:
    """The dependency graph of fields, parameters, scorecards, rules and outputs."""
    engine = _engine(project)
    if field is not None:
        text = _field_text(engine, field, market, _day(as_of), format or GraphFormat.text, lang)
    else:
        text = _graph_text(engine, node, format or GraphFormat.mermaid)
    if output is None:
        give(text)
        return
    try:
        output.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
    except OSError as error:
        _refuse("WB690", f"cannot write {output}: {error.strerror}", "a file in an existing folder")


def _field_text(
    engine: Engine, field: str, market: list[str] | None, day: date, format: GraphFormat, lang: Language
) -> str:
    from weighbridge import graph as graphs
    from weighbridge.field_report import field_report

    report = field_report(engine.book, field, day, _markets(engine, market) if market else ())
    if format is GraphFormat.text:
        return report.text(lang.value)
    if format is GraphFormat.json:
        return _json(report.to_dict())
    start = [f"field:{field}"]
    return (
        graphs.to_mermaid(report.graph, start)
        if format is GraphFormat.mermaid
        else graphs.to_dot(report.graph)
    )


def _graph_text(engine: Engine, node: list[str] | None, format: GraphFormat) -> str:
    from weighbridge import graph as graphs
    from weighbridge.diagnostics import UnknownName, unknown_name

    whole = graphs.dependency_graph(engine.book)
    part = whole
    if node:
        unknown = [unknown_name("WB303", "node", n, whole.nodes) for n in node if n not in whole]
        if unknown:
            raise UnknownName(unknown)
        part = graphs.around(whole, node)
    writers = {
        "text": graphs.to_text,
        "mermaid": graphs.to_mermaid,
        "dot": graphs.to_dot,
        "json": graphs.to_json,
    }
    return writers[format.value](part)


@app.command(
    short_help="JSON Schemas for editors.",
    epilog="Example: weighbridge schema docs/schema (then commit them)",
)
def schema(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Folder to write all schemas to; without it one is printed.", show_default=False),
    ] = None,
    kind: Annotated[str, typer.Option(help="Document kind to print.")] = "weighbridge",
) -> None:
    """JSON Schemas of the documents, for editors that complete and check while typing."""
    from weighbridge.diagnostics import UnknownName, unknown_name
    from weighbridge.schema import schemas, write_schemas

    if folder is not None:
        try:
            write_schemas(folder)
        except OSError as error:
            _refuse("WB690", f"cannot write to {folder}: {error.strerror}", "a folder")
        say(f"schemas written to {folder}")
        return
    known = schemas()
    if kind not in known:
        raise UnknownName([unknown_name("WB303", "document kind", kind, known)])
    give(_json(known[kind]))


@app.command(
    short_help="Write the project's rules as pages to read.",
    epilog="Example: weighbridge docs --out docs/packs, and in CI: weighbridge docs --out docs/packs --check",
)
def docs(
    project: Annotated[Path, typer.Argument(help="Folder of the project.", show_default="here")] = HERE,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder to write to.", show_default="docs/packs")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail where a page is not current.")
    ] = False,
) -> None:
    """Pages for people who do not read YAML, in English and Chinese: rules, thresholds, sources, markets.

    Exit code 0: written, or with --check current. 1: with --check, pages differ from the documents.
    """
    from weighbridge.pages import differences, pages, write

    engine = _engine(project)
    folder = project / "docs" / "packs" if out is None else out
    wanted = pages(engine, folder)
    try:
        found = differences(wanted, folder) if check else write(wanted, folder)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "a page is no UTF-8 text"
        _refuse("WB690", f"cannot use {folder}: {reason}", "a folder for pages only")
    if not check:
        changed = len(found.absent) + len(found.stale)
        say(f"{len(wanted)} pages in {folder}: {changed} written, {len(found.left_over)} removed")
        return
    for what, names in (
        ("absent", found.absent),
        ("not current", found.stale),
        ("left over", found.left_over),
    ):
        for name in names:
            warn(f"{what}: {folder / name}", "error")
    if found:
        warn(f"run: weighbridge docs --out {folder}", "error")
        raise typer.Exit(1)
    say(f"{len(wanted)} pages are current", "good")


@app.command(
    "explain-region",
    short_help="Show what holds in a market, and why.",
    epilog="Example: weighbridge explain-region SA --as-of 2026-03-01",
)
def explain_region(
    region: Annotated[str, typer.Argument(help="Region, e.g. SA or gcc.", show_default=False)],
    project: ProjectOption = HERE,
    as_of: DayOption = None,
    format: Annotated[PlainFormat, typer.Option("--format", "-f", help="Output format.")] = PlainFormat.text,
) -> None:
    """Every parameter, weight and override in force in a region on a day, and where it was set."""
    from weighbridge.diagnostics import UnknownName, unknown_name
    from weighbridge.region_report import region_report, region_text

    day = _day(as_of)
    book = _engine(project).book
    if region not in book.regions.documents:
        raise UnknownName([unknown_name("WB303", "region", region, book.regions.documents)])
    report = region_report(book, region, day)
    if format is PlainFormat.json:
        give(_json(report))
    else:
        say(region_text(report))


@app.command(
    "app",
    short_help="Open the web app.",
    epilog="Example: weighbridge app --project my-shop",
)
def open_app(
    project: ProjectOption = HERE,
    port: Annotated[int, typer.Option(help="Port of the server.", min=1, max=65535)] = 8501,
    address: Annotated[
        str, typer.Option(help="Address to listen on; any but this machine's own needs sign-in by OIDC.")
    ] = "127.0.0.1",
    person: Annotated[
        str | None,
        typer.Option("--as", help="Name that drafts are kept under.", show_default="the login name"),
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the browser.")] = True,
) -> None:
    """The web app, on this machine: edit, try and understand the rules in a browser. Ends with Ctrl+C."""
    from weighbridge.app.serving import serve

    if not project.is_dir():
        _refuse("WB100", f"the folder {str(project)!r} does not exist", "the folder of a project")
    serve(project, address=address, port=port, person=person, browser=browser)


@app.command(
    short_help="List rules, or search them.",
    epilog="Example: weighbridge rules pork --market SA --verdict block",
)
def rules(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="All must occur: in id, title, reason, condition, terms or source."),
    ] = None,
    project: ProjectOption = HERE,
    market: Annotated[str | None, typer.Option("--market", "-m", help="Can apply in this market.")] = None,
    verdict: Annotated[str | None, typer.Option(help="Asks for this verdict.")] = None,
    owner: Annotated[str | None, typer.Option("--of", help="Only of this ruleset or scorecard.")] = None,
    source: Annotated[str | None, typer.Option(help="Rests on a source that contains this.")] = None,
    effective: Annotated[str | None, typer.Option(help="In force on this day, YYYY-MM-DD.")] = None,
    lang: LanguageOption = Language.en,
    format: Annotated[PlainFormat, typer.Option("--format", "-f", help="Output format.")] = PlainFormat.text,
) -> None:
    """Rules, table rows and characteristics with their places, those that fit best first."""
    from weighbridge.catalogue import catalogue, search
    from weighbridge.diagnostics import UnknownName, unknown_name
    from weighbridge.rulebook import titled

    engine = _engine(project)
    for what, name, known in (("market", market, engine.markets), ("target", owner, engine.targets)):
        if name is not None and name not in known:
            raise UnknownName([unknown_name("WB303", what, name, known)])
    entries = search(
        catalogue(engine.book),
        " ".join(words or ()),
        market=market,
        verdict=verdict,
        owner=owner,
        source=source,
        effective=None if effective is None else _day(effective),
    )
    if format is PlainFormat.json:
        give(_json([entry.to_dict() for entry in entries]))
        return
    for entry in entries:
        # The rows of a table share its title; what tells them apart is their reason.
        texts = entry.reason if entry.kind == "row" and entry.reason else entry.title
        title = titled(texts, lang.value, entry.condition)
        say(f"{entry.span}: {entry.ref} {entry.verdict or ''} {title}".replace("  ", " "))


@app.callback(invoke_without_command=True)
def _main(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)
    ] = False,
) -> None:
    if version:
        from weighbridge import __version__

        say(f"weighbridge {__version__}")
        raise typer.Exit(0)


def main() -> None:
    """Entry point. Whatever goes wrong ends with a diagnostic and exit code 2: 1 always means findings."""
    prepare_streams()
    try:
        app(prog_name="weighbridge")
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        show(_diagnosed(error))
        sys.exit(UNUSABLE)


def _diagnosed(error: Exception) -> tuple[Diagnostic, ...]:
    from weighbridge.diagnostics import Diagnostic, DiagnosticError

    if isinstance(error, DiagnosticError):
        return error.diagnostics
    if isinstance(error, OSError):
        what = "write the output" if error.filename is None else f"use {error.filename}"
        return (Diagnostic("WB690", f"cannot {what}: {error.strerror or error}"),)
    if os.environ.get(DEBUG):
        import traceback

        traceback.print_exception(error)
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    hint = f"please report it with what {DEBUG}=1 shows"
    return (Diagnostic("WB692", f"a fault in Weighbridge: {what}", expected=hint),)
