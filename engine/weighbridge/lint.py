"""Lint: what is allowed but probably not meant. One function per check; `CHECKS` lists them.

Errors (what cannot work) are found by loading; lint adds warnings. A check yields diagnostics of severity
"warning"; adding one means adding a function and naming it in `CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from weighbridge.diagnostics import Diagnostic, DiagnosticError, Span
from weighbridge.documents import RuleOverride
from weighbridge.engine import Engine, ProjectCache, check_project
from weighbridge.graph import all_read
from weighbridge.project import Project
from weighbridge.rulebook import Rulebook
from weighbridge.tree import Const, Value

LANGUAGES = ("en", "zh")

Check = Callable[[Project, Rulebook], Iterator[Diagnostic]]


def _warning(code: str, message: str, span: Span | None, expected: str) -> Diagnostic:
    return Diagnostic(code, message, span, "warning", expected)


def reasons_in_both_languages(project: Project, book: Rulebook) -> Iterator[Diagnostic]:
    """WB340: a rule that warns, reviews or blocks tells its reader why, in English and Chinese."""
    for ruleset in book.rulesets.values():
        for rule in ruleset.rules:
            verdict = rule.then.get("verdict")
            harmless = verdict is None or (isinstance(verdict, Const) and verdict.value == "pass")
            missing = [lang for lang in LANGUAGES if lang not in rule.reason]
            if missing and not harmless:
                yield _warning(
                    "WB340",
                    f"{rule.ref} has no reason in {', '.join(missing)}",
                    rule.span,
                    "reason: {en: ..., zh: ...}",
                )


def unconfirmed_sources_do_not_block(project: Project, book: Rulebook) -> Iterator[Diagnostic]:
    """WB341: a rule whose source nobody has confirmed should warn or ask for review, not block."""
    for ruleset in book.rulesets.values():
        for rule in ruleset.rules:
            verdict = rule.then.get("verdict")
            blocks = isinstance(verdict, Const) and verdict.value == "block"
            if blocks and rule.source is not None and rule.source.confidence == "needs_check":
                yield _warning(
                    "WB341",
                    f"{rule.ref} blocks on an unconfirmed source",
                    rule.span,
                    "verdict: warn or review, or a checked source",
                )


def term_lists_are_used(project: Project, book: Rulebook) -> Iterator[Diagnostic]:
    """WB342: a term list that nothing looks for."""
    used = set(all_read(book)[1])
    for document in project.regions.values():
        for name, entries in document.model.parameters.items():
            if name in book.regions.declared and book.regions.declared[name].type == "terms":
                used |= {str(e.value) for e in entries}
    for name, terms in project.term_lists.items():
        if name not in used:
            yield _warning(
                "WB342",
                f"nothing uses the term list {name}",
                terms.span("term_list"),
                f"mentions(..., terms.{name})",
            )


def derived_values_are_used(project: Project, book: Rulebook) -> Iterator[Diagnostic]:
    """WB343: a derived value that nothing reads."""
    read, _ = all_read(book)
    for path, derived in book.derived.items():
        if path not in read:
            yield _warning(
                "WB343",
                f"nothing reads the derived value {path}",
                derived.span,
                "a rule or scorecard that reads it",
            )


def weights_keep_their_sum(project: Project, book: Rulebook) -> Iterator[Diagnostic]:
    """WB344: a region that sets every weight of a scorecard keeps their sum."""
    for name, card in book.scorecards.items():
        usual = sum(c.weight for c in card.characteristics)
        for region, document in project.regions.items():
            weights = document.model.weights.get(name, {})
            if set(weights) != {c.id for c in card.characteristics}:
                continue
            total = sum(round(float(entries[-1].value) * 1000) for entries in weights.values())
            if total != usual:
                span = document.span("weights", name, key=True)
                yield _warning(
                    "WB344",
                    f"the weights of {name} in {region} add up to {total / 1000:g}",
                    span,
                    f"{usual / 1000:g}",
                )


def overrides_change_something(project: Project, book: Rulebook) -> Iterator[Diagnostic]:
    """WB345: an override that sets what the rule says anyway."""
    rules = {r.ref: r for s in book.rulesets.values() for r in s.rules}
    for region, document in project.regions.items():
        for index, override in enumerate(document.model.overrides):
            rule = rules.get(override.rule) if isinstance(override, RuleOverride) else None
            if rule is None or not isinstance(override, RuleOverride):
                continue
            same = all(
                (rule.enabled is value)
                if name == "enabled"
                else rule.then[name] == Const(cast(Value, value), rule.then[name].type)
                for name, value in override.set.items()
                if name == "enabled" or name in rule.then
            )
            if same and all(name == "enabled" or name in rule.then for name in override.set):
                span = document.span("overrides", index)
                yield _warning(
                    "WB345",
                    f"the override of {rule.ref} in {region} changes nothing",
                    span,
                    "a different value, or no override",
                )


def unconfirmed_sources_do_not_forbid(project: Project, book: Rulebook) -> Iterator[Diagnostic]:
    """WB346: what nobody has confirmed may ask for consent, but not make a rule an error."""
    for region, document in project.regions.items():
        for index, entry in enumerate(document.model.privacy):
            unconfirmed = entry.source is not None and entry.source.confidence == "needs_check"
            if entry.consent == "forbidden" and unconfirmed:
                yield _warning(
                    "WB346",
                    f"{region} forbids a reading of personal data on an unconfirmed source",
                    document.span("privacy", index),
                    "consent: opt_in, or a checked source",
                )


CHECKS: tuple[Check, ...] = (
    reasons_in_both_languages,
    unconfirmed_sources_do_not_block,
    term_lists_are_used,
    derived_values_are_used,
    weights_keep_their_sum,
    overrides_change_something,
    unconfirmed_sources_do_not_forbid,
)


def lint(
    root: Path, files: Mapping[str, str] | None = None, cache: ProjectCache | None = None
) -> tuple[Project, tuple[Diagnostic, ...]]:
    """Every error and warning of a project, sorted by place. Checks run only on a project that loads.

    `files` and `cache`: as in `check_project`.
    """
    project, book, diagnostics = check_project(root, files, cache)
    return project, warned(project, book, diagnostics)


def warned(project: Project, book: Rulebook, diagnostics: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """What loading found, and behind it the warnings of all checks where it found no error."""
    if any(d.severity == "error" for d in diagnostics):
        return diagnostics
    found = [d for check in CHECKS for d in check(project, book)]
    return (*diagnostics, *sorted(found, key=lambda d: str(d.span)))


def check_solver() -> None:
    """Raises `DiagnosticError` where the solver is not installed."""
    if find_spec("z3") is None:
        needed = "pip install 'weighbridge[verify]'"
        raise DiagnosticError([Diagnostic("WB800", "the solver is not installed", expected=needed)])


def prove(
    root: Path, cache: Path | None = None, workers: int | None = None
) -> tuple[Project, tuple[Diagnostic, ...]]:
    """`lint`, and what a proof over the whole project finds; what it cannot settle is a note.

    Raises `DiagnosticError` where the solver is not installed, `OSError` where the cache cannot be written.
    """
    check_solver()
    from weighbridge.proof.prove import prove as run

    project, book, diagnostics = check_project(root)
    diagnostics = warned(project, book, diagnostics)
    if any(d.severity == "error" for d in diagnostics):
        return project, diagnostics
    proof = run(Engine(project, book), cache, workers)
    return project, (*diagnostics, *proof.findings, *proof.notes)
