"""The command line: `weighbridge init | lint | test | check | decide | graph | schema | explain-region`.

Exit codes everywhere: 0 clean, 1 findings, 2 could not do the job. Each command imports what it needs when it
runs, so that `--help` is instant.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO

import typer

if TYPE_CHECKING:
    from weighbridge.diagnostics import Diagnostic
    from weighbridge.documents import MappingModel
    from weighbridge.engine import Engine
    from weighbridge.gate_result import GateResult
    from weighbridge.scenarios import ScenarioRun

UNUSABLE = 2

app = typer.Typer(
    help="Rules, scorecards and market differences written as YAML: decided, explained and gated.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Language(StrEnum):
    en = "en"
    zh = "zh"


class ReportFormat(StrEnum):
    text = "text"
    json = "json"
    jsonl = "jsonl"
    sarif = "sarif"
    junit = "junit"
    github = "github"
    gitlab = "gitlab"
    markdown = "markdown"


class LintFormat(StrEnum):
    text = "text"
    json = "json"
    sarif = "sarif"


class PlainFormat(StrEnum):
    text = "text"
    json = "json"


class GraphFormat(StrEnum):
    mermaid = "mermaid"
    dot = "dot"
    json = "json"


class FailOn(StrEnum):
    warn = "warn"
    review = "review"
    block = "block"
    error = "error"


ProjectOption = Annotated[
    Path, typer.Option("--project", "-p", help="Folder of the project.", show_default="here")
]
LanguageOption = Annotated[Language, typer.Option("--lang", help="Language of reasons and reports.")]
DayOption = Annotated[
    str | None, typer.Option("--as-of", help="Day the rules are asked for, YYYY-MM-DD.", show_default="today")
]
HERE = Path()


# --- shared steps ---------------------------------------------------------------------------------------


def _show(diagnostics: tuple[Diagnostic, ...] | list[Diagnostic], sources: Any = None) -> None:
    """Diagnostics on standard error, with the text underlined; colours where it is a terminal."""
    from weighbridge.diagnostics import render_text

    colours = {"error": typer.colors.RED, "warning": typer.colors.YELLOW, "note": typer.colors.CYAN}
    for diagnostic in diagnostics:
        head, _, rest = printable(render_text(diagnostic, sources)).partition("\n")
        typer.secho(head, err=True, fg=colours[diagnostic.severity], bold=diagnostic.severity == "error")
        if rest:
            typer.echo(rest, err=True)


def printable(text: str) -> str:
    """Text without control characters (a feed or a file could move the cursor) but with its line ends."""
    return "".join(
        c if c == "\n" or (c.isprintable() or c in "\u3000\u200b") else f"\\u{ord(c):04x}" for c in text
    )


def _stop(diagnostics: tuple[Diagnostic, ...] | list[Diagnostic], sources: Any = None) -> NoReturn:
    _show(diagnostics, sources)
    raise typer.Exit(UNUSABLE)


def _engine(project: Path) -> Engine:
    from weighbridge.engine import Engine, check_project

    loaded, book, diagnostics = check_project(project)
    errors = [d for d in diagnostics if d.severity == "error"]
    if errors:
        _show(errors, loaded.sources)
        typer.echo(
            f"{len(errors)} error(s): the project cannot decide anything until they are mended", err=True
        )
        raise typer.Exit(UNUSABLE)
    return Engine(loaded, book)


def _day(text: str | None) -> date:
    from weighbridge.diagnostics import Diagnostic
    from weighbridge.expressions import parse_date

    if text is None:
        return date.today()
    number = parse_date(text)
    if number is None:
        _stop([Diagnostic("WB405", f"--as-of {text!r} is not a day", expected="YYYY-MM-DD")])
    return date.fromordinal(int(number))


def _target(engine: Engine, target: str | None) -> str:
    from weighbridge.diagnostics import Diagnostic, unknown_name

    chosen = target or engine.project.config.model.target
    if chosen is None and len(engine.book.rulesets) == 1:
        chosen = next(iter(engine.book.rulesets))
    if chosen is None:
        _stop(
            [Diagnostic("WB604", "no target is given", expected="--target, or `target` in weighbridge.yaml")]
        )
    if chosen not in engine.targets:
        _stop([unknown_name("WB604", "target", chosen, engine.targets)])
    return chosen


def _mapping(engine: Engine, name: str | None) -> MappingModel | None:
    from weighbridge.diagnostics import unknown_name

    if name is None:
        return None
    if name not in engine.project.mappings:
        _stop([unknown_name("WB303", "mapping", name, engine.project.mappings)])
    return engine.project.mappings[name].model


def _emit(text: str, output: Path | None) -> None:
    if output is None:
        typer.echo(text, nl=not text.endswith("\n"))
    else:
        _write(output, text)


def _write(path: Path, text: str) -> None:
    from weighbridge.diagnostics import Diagnostic

    try:
        path.write_text(text if text.endswith("\n") else text + "\n", encoding="utf-8")
    except OSError as error:
        _stop([Diagnostic("WB690", f"cannot write {path}: {error.strerror}")])


# --- commands -------------------------------------------------------------------------------------------


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make; must be empty or new.")] = HERE,
) -> None:
    """Start a project: a small, complete example with a region, a scorecard, rules, scenarios and a feed."""
    from weighbridge.starter import FolderNotEmpty, write_starter

    try:
        written = write_starter(folder)
    except (FolderNotEmpty, OSError) as error:
        from weighbridge.diagnostics import Diagnostic

        _stop(
            [
                Diagnostic(
                    "WB691", f"cannot start a project in {folder}: {error}", expected="a new or empty folder"
                )
            ]
        )
    for name in written:
        typer.echo(f"  {folder / name}")
    typer.echo("Try: weighbridge lint, weighbridge test, weighbridge check samples/listings.csv")


@app.command()
def lint(
    project: Annotated[Path, typer.Argument(help="Folder of the project.", show_default="here")] = HERE,
    format: Annotated[LintFormat, typer.Option("--format", "-f", help="Output format.")] = LintFormat.text,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings fail as well.")] = False,
) -> None:
    """Check a project: every error and warning, each with its place and what to write instead."""
    from weighbridge.lint import lint as run_lint
    from weighbridge.lint_reports import lint_json, lint_sarif

    loaded, diagnostics = run_lint(project)
    errors = sum(d.severity == "error" for d in diagnostics)
    warnings = sum(d.severity == "warning" for d in diagnostics)
    if format is LintFormat.text:
        _show(diagnostics, loaded.sources)
        typer.echo(f"{errors} error(s), {warnings} warning(s)")
    else:
        typer.echo(lint_json(diagnostics) if format is LintFormat.json else lint_sarif(diagnostics))
    if any(d.code == "WB100" for d in diagnostics):
        raise typer.Exit(UNUSABLE)
    raise typer.Exit(1 if errors or (strict and warnings) else 0)


@app.command()
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
) -> None:
    """Run the scenarios and say what they cover."""
    from weighbridge.diagnostics import Diagnostic
    from weighbridge.scenarios import run_scenarios

    engine = _engine(project)
    if target is not None:
        _target(engine, target)
    run = run_scenarios(engine, target, name)
    if not run.cases:
        _stop(
            [Diagnostic("WB504", "no scenario was run", expected="`scenarios:` documents beside the rules")]
        )
    share = run.coverage.share()
    short = min_coverage is not None and (share is None or share * 100 < min_coverage)
    if format is PlainFormat.json:
        typer.echo(json.dumps(_test_dict(run), ensure_ascii=False, indent=2))
    else:
        _show_run(engine, run, show_uncovered)
        if short:
            typer.secho(f"coverage is below {min_coverage:g} %", err=True, fg=typer.colors.RED)
    raise typer.Exit(1 if run.failed or short else 0)


def _show_run(engine: Engine, run: ScenarioRun, uncovered: bool) -> None:
    for case in run.failed:
        typer.secho(
            f"FAILED {case.target} [{case.market}] {case.name}", err=True, fg=typer.colors.RED, bold=True
        )
        _show(case.failures, engine.project.sources)
    typer.echo(f"{len(run.cases) - len(run.failed)} passed, {len(run.failed)} failed")
    for kind in run.coverage.kinds:
        items = [i for i in run.coverage.items if i.kind == kind]
        hit = sum(i.hits > 0 for i in items)
        typer.echo(f"  {kind + 's':<6} {hit} of {len(items)} ({hit / len(items):.1%})")
    share = run.coverage.share()
    if share is not None:
        typer.echo(f"coverage {share:.1%}")
    if uncovered:
        for item in run.coverage.unused:
            typer.echo(f"  not exercised: {item.kind} {item.name} ({item.span})")


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
    }


@app.command()
def check(
    feed: Annotated[
        Path, typer.Argument(help="Feed: CSV, TSV, JSON Lines, Parquet, Shopify CSV, Google TSV or XML.")
    ],
    project: ProjectOption = HERE,
    market: Annotated[
        list[str] | None, typer.Option("--market", "-m", help="Market; may be given several times.")
    ] = None,
    target: Annotated[str | None, typer.Option(help="Ruleset that decides.")] = None,
    as_of: DayOption = None,
    fail_on: Annotated[FailOn, typer.Option(help="Mildest verdict that fails the gate.")] = FailOn.review,
    format: Annotated[
        ReportFormat, typer.Option("--format", "-f", help="Report format.")
    ] = ReportFormat.text,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write the report to a file.")] = None,
    mapping: Annotated[
        str | None, typer.Option(help="Mapping document that says how columns become fields.")
    ] = None,
    feed_format: Annotated[
        str | None, typer.Option(help="Format of the feed, where its name does not tell.")
    ] = None,
    waivers: Annotated[Path | None, typer.Option(help="Waivers file instead of the project's.")] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="Findings in this file are known and do not fail.")
    ] = None,
    update_baseline: Annotated[
        Path | None, typer.Option(help="Write all findings to this baseline file.")
    ] = None,
    lang: LanguageOption = Language.en,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> None:
    """The gate: decide every record of a feed in every market; exit 0 clean, 1 findings, 2 could not do the job."""
    from weighbridge.gate import run_gate

    engine = _engine(project)
    config = engine.project.config.model
    with _Progress(quiet) as progress:
        result = run_gate(
            engine,
            feed,
            target=_target(engine, target),
            markets=market or list(config.markets),
            as_of=_day(as_of),
            fail_on=fail_on.value,
            mapping=_mapping(engine, mapping),
            format=feed_format,
            waivers=waivers,
            baseline=baseline,
            progress=progress.update,
        )
    with result:
        _report(result, format.value, output, lang.value)
        if update_baseline is not None:
            _update_baseline(result, update_baseline)
        raise typer.Exit(int(result.exit_code))


def _report(result: GateResult, format: str, output: Path | None, lang: str) -> None:
    from weighbridge.diagnostics import Diagnostic
    from weighbridge.reports import reporter

    writer = reporter(format)
    if output is None:
        stream = sys.stdout
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        _write_report(writer, result, stream, lang, colour=stream.isatty())
        return
    try:
        with output.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            writer.write(result, file, lang)
    except OSError as error:
        _stop([Diagnostic("WB690", f"cannot write {output}: {error.strerror}")])
    typer.echo(f"report written to {output}", err=True)


def _write_report(writer: Any, result: GateResult, stream: TextIO, lang: str, colour: bool) -> None:
    try:
        if colour and getattr(writer, "COLOURED", False):
            writer.write(result, stream, lang, colour=True)
        else:
            writer.write(result, stream, lang)
    except BrokenPipeError:  # the reader (head, less) has seen enough; the exit code still tells
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 (lives until the process ends)


def _update_baseline(result: GateResult, path: Path) -> None:
    from weighbridge.diagnostics import DiagnosticError

    try:
        count = result.update_baseline(path)
    except DiagnosticError as error:
        _stop(error.diagnostics)
    typer.echo(f"baseline {path} holds {count} finding(s)", err=True)


class _Progress:
    """A progress bar on a terminal; nothing elsewhere."""

    def __init__(self, quiet: bool) -> None:
        self.wanted = not quiet and sys.stderr.isatty()
        self.bar: Any = None
        self.task: Any = None

    def __enter__(self) -> _Progress:
        if self.wanted:
            from rich.console import Console
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.percentage:.0f}%"),
                TimeRemainingColumn(),
            )
            self.bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self.bar.start()
            self.task = self.bar.add_task("checking", total=1.0)
        return self

    def update(self, rows: int, share: float) -> None:
        if self.bar is not None:
            self.bar.update(self.task, completed=share, description=f"{rows:,} records")

    def __exit__(self, *exc: object) -> None:
        if self.bar is not None:
            self.bar.stop()


@app.command()
def decide(
    record: Annotated[Path, typer.Argument(help="File with one record as JSON; - reads standard input.")],
    market: Annotated[list[str], typer.Option("--market", "-m", help="Market; may be given several times.")],
    project: ProjectOption = HERE,
    target: Annotated[str | None, typer.Option(help="Ruleset or scorecard that decides.")] = None,
    as_of: DayOption = None,
    rule: Annotated[str | None, typer.Option(help="Say why this rule fired or did not.")] = None,
    format: Annotated[PlainFormat, typer.Option("--format", "-f", help="Output format.")] = PlainFormat.text,
    lang: LanguageOption = Language.en,
) -> None:
    """Decide one record and explain the decision."""
    from weighbridge.diagnostics import DiagnosticError

    engine = _engine(project)
    values = _read_json(record)
    day, chosen = _day(as_of), _target(engine, target)
    try:
        decisions = [engine.decide(chosen, values, market=m, as_of=day) for m in market]
        texts = [d.explain(lang.value, rule=rule) for d in decisions] if format is PlainFormat.text else []
    except DiagnosticError as error:
        _stop(error.diagnostics)
    if format is PlainFormat.json:
        typer.echo(json.dumps([d.to_dict() for d in decisions], ensure_ascii=False, indent=2, default=str))
    else:
        typer.echo("\n\n".join(printable(t) for t in texts))


def _read_json(path: Path) -> dict[str, Any]:
    from weighbridge.diagnostics import Diagnostic

    name = "standard input" if str(path) == "-" else str(path)
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
        value = json.loads(text)
    except OSError as error:
        _stop([Diagnostic("WB400", f"cannot read {name}: {error.strerror}")])
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        _stop(
            [Diagnostic("WB406", f"{name} is not JSON: {error}", expected='one object, e.g. {"sku": "A-1"}')]
        )
    if not isinstance(value, dict):
        _stop(
            [
                Diagnostic(
                    "WB406", f"{name} is not one record", expected='one JSON object, e.g. {"sku": "A-1"}'
                )
            ]
        )
    return value


@app.command()
def graph(
    project: ProjectOption = HERE,
    node: Annotated[
        list[str] | None,
        typer.Option(
            "--node", "-n", help="Only what this leads to and comes from: field:price, rule:gate/id, ..."
        ),
    ] = None,
    format: Annotated[
        GraphFormat, typer.Option("--format", "-f", help="Output format.")
    ] = GraphFormat.mermaid,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to a file.")] = None,
) -> None:
    """The dependency graph of fields, parameters, scorecards, rules and outputs."""
    from weighbridge import graph as graphs
    from weighbridge.diagnostics import unknown_name

    whole = graphs.dependency_graph(_engine(project).book)
    part = whole
    if node:
        unknown = [unknown_name("WB303", "node", n, whole.nodes) for n in node if n not in whole]
        if unknown:
            _stop(unknown)
        part = graphs.around(whole, node)
    writers = {"mermaid": graphs.to_mermaid, "dot": graphs.to_dot, "json": graphs.to_json}
    _emit(writers[format.value](part), output)


@app.command()
def schema(
    folder: Annotated[
        Path | None, typer.Argument(help="Folder to write the schemas to; otherwise printed.")
    ] = None,
    kind: Annotated[str, typer.Option(help="Document kind to print.")] = "weighbridge",
) -> None:
    """JSON Schemas of the documents, for editors that complete and check while typing."""
    from weighbridge.diagnostics import Diagnostic, unknown_name
    from weighbridge.schema import schemas, write_schemas

    if folder is not None:
        try:
            write_schemas(folder)
        except OSError as error:
            _stop([Diagnostic("WB690", f"cannot write to {folder}: {error.strerror}")])
        typer.echo(f"schemas written to {folder}")
        return
    known = schemas()
    if kind not in known:
        _stop([unknown_name("WB303", "document kind", kind, known)])
    typer.echo(json.dumps(known[kind], ensure_ascii=False, indent=2))


@app.command("explain-region")
def explain_region(
    region: Annotated[str, typer.Argument(help="Region, e.g. SA.")],
    project: ProjectOption = HERE,
    as_of: DayOption = None,
    format: Annotated[PlainFormat, typer.Option("--format", "-f", help="Output format.")] = PlainFormat.text,
) -> None:
    """Every parameter, weight and override in force in a region, and the file and line that set it."""
    from weighbridge.diagnostics import unknown_name
    from weighbridge.region_report import region_report, region_text

    book = _engine(project).book
    if region not in book.regions.documents:
        _stop([unknown_name("WB303", "region", region, book.regions.documents)])
    report = region_report(book, region, _day(as_of))
    typer.echo(
        json.dumps(report, ensure_ascii=False, indent=2)
        if format is PlainFormat.json
        else region_text(report)
    )


@app.callback(invoke_without_command=True)
def _main(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)
    ] = False,
) -> None:
    if version:
        from weighbridge import __version__

        typer.echo(f"weighbridge {__version__}")
        raise typer.Exit(0)


def main() -> None:
    """Entry point. Usage mistakes end with exit code 2."""
    app()
