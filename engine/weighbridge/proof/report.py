"""What a proof tells: diagnostics with both places and a witness made small, and a count of what is open."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from weighbridge.diagnostics import Diagnostic, Severity, Span, Witness
from weighbridge.proof.prover import Prover, Seen, Wanted
from weighbridge.proof.scope import Scope
from weighbridge.proof.witness import smaller

Related = tuple[tuple[str, Span], ...]


@dataclass
class Report:
    """Findings of the proof, and what it could not settle (question -> why)."""

    prover: Prover
    findings: list[Diagnostic] = field(default_factory=list[Diagnostic])
    unsettled: dict[str, str] = field(default_factory=dict[str, str])

    def find(
        self,
        code: str,
        message: str,
        span: Span | None,
        expected: str,
        *,
        related: Sequence[tuple[str, Span | None]] = (),
        witness: Witness | None = None,
        severity: Severity = "warning",
    ) -> None:
        """Adds a finding; places that are not known are left out."""
        known = tuple((text, place) for text, place in related if place is not None)
        self.findings.append(Diagnostic(code, message, span, severity, expected, None, known, witness))

    def leave_open(self, question: str, why: str) -> None:
        """Says that a question has no answer."""
        self.unsettled.setdefault(question, why)

    def small(self, scope: Scope, seen: Seen, wanted: Sequence[Wanted]) -> Seen:
        """The same witness with everything left out that the point does not need."""
        required = [name for name, model in scope.model.fields.items() if model.required]

        def still(record: Mapping[str, Any]) -> bool:
            return self.prover.confirms(scope, wanted, record, seen.day)

        return replace(seen, record=smaller(seen.record, required, still))


def witness_of(seen: Seen) -> Witness:
    """A seen record as diagnostics carry it."""
    record = json.dumps(seen.record, ensure_ascii=False, sort_keys=True)
    return Witness(seen.target, seen.market, seen.day.isoformat(), record)
