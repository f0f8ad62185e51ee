"""What holds in a region on a day, and the file and line that set it: `weighbridge explain-region`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from weighbridge.documents import RuleOverride
from weighbridge.regions import Permission, Resolved
from weighbridge.rulebook import Rulebook
from weighbridge.templates import show_value
from weighbridge.tree import Type


def region_report(book: Rulebook, region: str, day: date) -> dict[str, Any]:
    """Lineage, parameters, weights, overrides and privacy rules in force, each with its source, in JSON form."""
    regions = book.regions
    parameters = [
        _entry(name, Type(declared.type), regions.parameter(region, name, day), declared.unit)
        for name, declared in regions.declared.items()
    ]
    weights: list[dict[str, Any]] = []
    for card in book.scorecards.values():
        for line in card.characteristics:
            own = regions.weight(region, card.id, line.id, day)
            default = Resolved(
                f"{card.id}.{line.id}", line.weight / 1000, f"{card.id} (scorecard)", line.span
            )
            weights.append(_entry(f"{card.id}.{line.id}", Type.NUMBER, own or default, None))
    overrides = [
        {
            "of": o.rule if isinstance(o, RuleOverride) else o.scorecard,
            "set": {
                k: str(v)
                for k, v in (
                    o.set if isinstance(o, RuleOverride) else o.set.model_dump(exclude_unset=True)
                ).items()
            },
            "reason": dict(o.reason),
            "region": document.id,
            "location": str(document.span("overrides", index)),
        }
        for o, document, index in regions.overrides(region, day)
    ]
    return {
        "region": region,
        "as_of": day.isoformat(),
        "lineage": list(regions.lineages[region]),
        "parameters": parameters,
        "weights": weights,
        "overrides": overrides,
        "privacy": [_privacy_entry(found) for found in regions.privacy(region, day)],
    }


def _privacy_entry(found: Permission) -> dict[str, Any]:
    entry, source = found.entry, found.entry.source
    return {
        "purposes": list(entry.purposes),
        "data": list(entry.data),
        "consent": entry.consent,
        "source": None if source is None else source.citation,
        "confidence": None if source is None else source.confidence,
        "set_by": found.region,
        "location": str(found.span),
    }


def _entry(name: str, kind: Type, resolved: Resolved | None, unit: str | None) -> dict[str, Any]:
    value = None if resolved is None else resolved.value
    return {
        "name": name,
        "value": list(value) if isinstance(value, tuple) else value,
        "shown": show_value(value, kind, "en") + (f" {unit}" if unit and value is not None else ""),
        "set_by": None if resolved is None else resolved.region,
        "location": None if resolved is None or resolved.span is None else str(resolved.span),
    }


def region_text(report: dict[str, Any]) -> str:
    """The report as a table for a terminal."""
    lines = [f"{report['region']} on {report['as_of']}: {' < '.join(report['lineage'])}"]
    for part in ("parameters", "weights"):
        rows = [(e["name"], e["shown"], e["set_by"] or "-", e["location"] or "-") for e in report[part]]
        if rows:
            lines += ["", part, *_table(rows)]
    if report["overrides"]:
        lines += ["", "overrides"]
        for o in report["overrides"]:
            changes = ", ".join(f"{k} = {v}" for k, v in o["set"].items())
            lines.append(
                f"  {o['of']}: {changes} ({o['region']}, {o['location']}): {o['reason'].get('en', '')}"
            )
    if report["privacy"]:
        lines += ["", "privacy (the first line that fits counts)"]
        entries = [
            (
                ", ".join(e["purposes"]) or "any purpose",
                ", ".join(e["data"]) or "any data",
                e["consent"],
                e["set_by"],
                e["location"],
                (e["source"] or "-") + (" (unconfirmed)" if e["confidence"] == "needs_check" else ""),
            )
            for e in report["privacy"]
        ]
        lines += _table(entries)
    return "\n".join(lines)


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [min(60, max(len(row[i]) for row in rows)) for i in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
