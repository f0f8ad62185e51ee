"""Waivers: findings that a named person lets pass, for a stated reason, until a stated day.

A waiver names a rule and, if it is to cover less, a market and a record (by its key). It covers a finding
when everything it names is equal. There are no patterns: what is waived can be read off the file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import cast

from weighbridge.diagnostics import Diagnostic, ProjectError, Span, unknown_name
from weighbridge.documents import WaiversModel
from weighbridge.gate_findings import AppliedWaiver, relative_path
from weighbridge.project import Document, load_text

WARN_BEFORE = timedelta(days=14)
"""How long before its last day a waiver is reported as expiring."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """One entry of waivers.yaml. `expires` is the last day it holds; `span` is where it is written."""

    rule: str
    owner: str
    reason: str
    expires: date
    market: str | None = None
    record: str | None = None
    span: Span | None = None

    def covers(self, rule: str, market: str, key: str | None) -> bool:
        """Whether a finding of `rule` on the record with `key` in `market` is meant."""
        return (
            self.rule == rule
            and (self.market is None or self.market == market)
            and (self.record is None or self.record == key)
        )

    def describe(self) -> str:
        """The waiver in words, for notes."""
        parts = [self.rule]
        if self.record is not None:
            parts.append(f"record {self.record}")
        if self.market is not None:
            parts.append(f"market {self.market}")
        return ", ".join(parts)


class WaiverBook:
    """All waivers of a run, as of one day; remembers which of them were used."""

    def __init__(self, waivers: Iterable[Waiver], as_of: date) -> None:
        self._as_of = as_of
        self._waivers = tuple(waivers)
        self._by_rule: dict[str, list[int]] = {}
        for index, waiver in enumerate(self._waivers):
            self._by_rule.setdefault(waiver.rule, []).append(index)
        self._hits = [0] * len(self._waivers)

    def apply(self, rule: str, market: str, key: str | None) -> AppliedWaiver | None:
        """The waiver in force that covers the finding, or None. Waivers past their day only count the hit."""
        applied: AppliedWaiver | None = None
        for index in self._by_rule.get(rule, ()):
            waiver = self._waivers[index]
            if not waiver.covers(rule, market, key):
                continue
            self._hits[index] += 1
            if applied is None and waiver.expires >= self._as_of:
                applied = AppliedWaiver(waiver.owner, waiver.reason, waiver.expires)
        return applied

    def notes(self, markets: Collection[str]) -> Iterator[Diagnostic]:
        """What the report says of the waivers after a run over `markets`: expired, expiring, unused."""
        for waiver, hits in zip(self._waivers, self._hits, strict=True):
            if waiver.expires < self._as_of:
                yield _expired(waiver, hits)
                continue
            if waiver.expires - self._as_of <= WARN_BEFORE:
                yield _expiring(waiver, self._as_of)
            # A run over other markets says nothing about whether the waiver is still needed.
            if not hits and (waiver.market is None or waiver.market in markets):
                yield Diagnostic(
                    "WB615",
                    f"unused waiver: {waiver.describe()} ({waiver.owner}): it covered no finding",
                    waiver.span,
                    "note",
                    expected="delete it if its cause is gone",
                )


def _expired(waiver: Waiver, hits: int) -> Diagnostic:
    effect = f"{hits} findings count again" if hits else "no finding needs it any more"
    return Diagnostic(
        "WB613",
        f"the waiver expired on {waiver.expires}: {waiver.describe()} ({waiver.owner}): {effect}",
        waiver.span,
        "warning",
        expected="mend the findings, or let the owner set a new day" if hits else "delete it",
    )


def _expiring(waiver: Waiver, as_of: date) -> Diagnostic:
    days = (waiver.expires - as_of).days
    when = "today is its last day" if days == 0 else f"{days} days left"
    return Diagnostic(
        "WB614",
        f"the waiver expires on {waiver.expires} ({when}): {waiver.describe()} ({waiver.owner})",
        waiver.span,
        "warning",
    )


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """The waivers of a file. Raises ProjectError with every mistake in it, each at its place."""
    file = relative_path(path)
    try:
        loaded = load_text(path.read_bytes(), file, "waivers")
    except OSError as error:
        message = f"the waivers {file} cannot be read: {error.strerror or error}"
        raise ProjectError([Diagnostic("WB001", message, expected="a file with waivers")]) from None
    problems = [problem for problem in loaded.diagnostics if problem.severity == "error"]
    documents = cast("list[Document[WaiversModel]]", loaded.documents)
    if not problems and len(documents) != 1:
        problems = [Diagnostic("WB101", f"{file} holds {len(documents)} documents", expected="one document")]
    if problems:
        raise ProjectError(problems)
    return waivers_of(documents[0])


def waivers_of(document: Document[WaiversModel], folder: str = ".") -> tuple[Waiver, ...]:
    """The waivers of a document whose file is named from `folder`."""
    file = document.file if folder == "." else f"{folder}/{document.file}"
    return tuple(
        Waiver(
            rule=entry.rule,
            owner=entry.owner,
            reason=entry.reason,
            expires=entry.expires,
            market=entry.market,
            record=entry.record,
            span=replace(document.span("waivers", index), file=file),
        )
        for index, entry in enumerate(document.model.waivers)
    )


def check_names(
    waivers: Iterable[Waiver], rules: Collection[str], markets: Collection[str]
) -> Iterator[Diagnostic]:
    """A diagnostic for every waiver that names a rule or market the project does not have.

    Such a waiver would never cover anything, and nobody would notice the typing error.
    """
    for waiver in waivers:
        if waiver.rule not in rules:
            yield unknown_name("WB611", "rule", waiver.rule, rules, waiver.span, where=" in a waiver")
        if waiver.market is not None and waiver.market not in markets:
            yield unknown_name("WB612", "market", waiver.market, markets, waiver.span, where=" in a waiver")
