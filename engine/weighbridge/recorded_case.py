"""A scenario from a decision: what the rules said, written down as a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weighbridge.decisions import Decision


def recorded_case(decision: Decision, name: str) -> dict[str, Any]:
    """The decision as a case (plain data for `edits.add_case`): record, market, day and what came out."""
    raise NotImplementedError


def scenario_yaml(
    target: str,
    market: str,
    as_of: str,
    record: Mapping[str, Any],
    decision: Decision,
    name: str = "recorded",
) -> str:
    """A whole scenarios document with one case that passes on the project that decided."""
    raise NotImplementedError
