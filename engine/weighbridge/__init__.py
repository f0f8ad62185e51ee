"""Weighbridge: rules and scores for cross-border commerce, written as YAML, decided and explained.

engine = weighbridge.load("path/to/project")
decision = engine.decide("listing_gate", record, market="SA", as_of="2026-03-01")
print(decision.verdict, decision.explain("en"))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from weighbridge.decisions import Decision
    from weighbridge.diagnostics import Diagnostic, DiagnosticError, InvalidRecord, ProjectError, UnknownName
    from weighbridge.engine import Engine, load
    from weighbridge.findings import Finding, Match, Reason, Review, Score, Source

__version__ = "0.1.0"

_HOMES = {
    "Decision": "decisions",
    "Finding": "findings",
    "Match": "findings",
    "Reason": "findings",
    "Review": "findings",
    "Score": "findings",
    "Source": "findings",
    "Diagnostic": "diagnostics",
    "DiagnosticError": "diagnostics",
    "InvalidRecord": "diagnostics",
    "ProjectError": "diagnostics",
    "UnknownName": "diagnostics",
    "Engine": "engine",
    "load": "engine",
}

__all__ = [
    "Decision",
    "Diagnostic",
    "DiagnosticError",
    "Engine",
    "Finding",
    "InvalidRecord",
    "Match",
    "ProjectError",
    "Reason",
    "Review",
    "Score",
    "Source",
    "UnknownName",
    "load",
]


def __getattr__(name: str) -> Any:
    """Names are imported on first use, so that the command line starts fast."""
    if name not in _HOMES:
        raise AttributeError(f"module 'weighbridge' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"weighbridge.{_HOMES[name]}"), name)
