"""The baseline: findings that were there when the gate was introduced, which it lets pass while they last.

It only ever shrinks by itself: a finding that is not in it counts, and one that is gone is reported as fixed
until the file is written again. The file is JSON with one finding a line, sorted, so that a change to it can
be read in a review:

    {
      "version": 1,
      "target": "listing_gate",
      "fingerprints": {
        "0c5f...": ["listing_gate/pig-materials", "SA", "SKU-1"]
      }
    }
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from weighbridge.diagnostics import Diagnostic, DiagnosticError, Span
from weighbridge.gate_findings import GateFinding, relative_path

VERSION = 1
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")

Entry = tuple[str, str, str]
"""Rule, market, record: what the fingerprint stands for, for the reader and for runs over fewer markets."""


class BaselineError(DiagnosticError):
    """The baseline file is missing, or is not a baseline."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """Known findings of one target: fingerprint -> (rule, market, record)."""

    target: str
    fingerprints: Mapping[str, Entry]

    def __contains__(self, fingerprint: str) -> bool:
        return fingerprint in self.fingerprints

    def covered(self, markets: Iterable[str]) -> set[str]:
        """The fingerprints that a run over `markets` can see again (those of the feed's rows included)."""
        seen = {*markets, ""}
        return {name for name, (_, market, _) in self.fingerprints.items() if market in seen}


def load_baseline(path: Path, target: str) -> Baseline:
    """Read a baseline made for `target`. Raises BaselineError for anything that is not one."""
    name = relative_path(path)
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_unique_keys)
    except FileNotFoundError:
        raise _problem(
            f"the baseline {name} does not exist", expected="make it with --update-baseline FILE"
        ) from None
    except OSError as error:
        raise _problem(f"the baseline {name} cannot be read: {error.strerror}") from None
    except json.JSONDecodeError as error:
        span = Span(name, error.lineno, error.colno, error.lineno, error.colno + 1)
        raise _problem(f"the baseline {name} is not JSON: {error.msg}", span) from None
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise _problem(f"the baseline {name} cannot be read: {error}") from None
    baseline = _checked(content, name)
    if baseline.target != target:
        raise _problem(
            f"the baseline {name} belongs to target {baseline.target!r}, this run checks {target!r}",
            expected="one baseline file per target",
        )
    return baseline


def _checked(content: object, name: str) -> Baseline:
    if not isinstance(content, dict):
        raise _problem(f"the baseline {name} is not a JSON object")
    entries = cast(dict[str, Any], content)
    unknown = sorted(set(entries) - {"version", "target", "fingerprints"})
    if unknown:
        raise _problem(f"the baseline {name} has unknown keys: {', '.join(unknown)}")
    if entries.get("version") != VERSION or isinstance(entries["version"], bool):
        raise _problem(f"the baseline {name} has version {entries.get('version')!r}", expected=f"{VERSION}")
    target, known = entries.get("target"), entries.get("fingerprints")
    if not isinstance(target, str) or not isinstance(known, dict):
        raise _problem(f"the baseline {name} lacks `target` (text) or `fingerprints` (object)")
    fingerprints = cast(dict[str, Any], known)
    bad = next((key for key, entry in fingerprints.items() if not _is_entry(key, entry)), None)
    if bad is not None:
        raise _problem(
            f"the baseline {name} has a bad entry {bad!r}",
            expected='"<64 hex digits>": ["<rule>", "<market>", "<record>"]',
        )
    return Baseline(target, {key: cast(Entry, tuple(entry)) for key, entry in fingerprints.items()})


def _is_entry(key: str, entry: object) -> bool:
    if not _FINGERPRINT.fullmatch(key) or not isinstance(entry, list):
        return False
    parts = cast(list[object], entry)
    return len(parts) == 3 and all(isinstance(part, str) for part in parts)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise ValueError("a key occurs twice")
    return entries


def _problem(message: str, span: Span | None = None, *, expected: str | None = None) -> BaselineError:
    return BaselineError([Diagnostic("WB620", message, span, expected=expected)])


def baseline_text(target: str, entries: Mapping[str, Entry]) -> str:
    """The file's text: sorted by rule, market, record; the same entries always give the same text."""
    ordered = sorted(entries.items(), key=lambda item: (item[1], item[0]))
    rows = [f"    {json.dumps(key)}: {json.dumps(list(entry))}" for key, entry in ordered]
    body = "{\n" + ",\n".join(rows) + "\n  }" if rows else "{}"
    return f'{{\n  "version": {VERSION},\n  "target": {json.dumps(target)},\n  "fingerprints": {body}\n}}\n'


def write_baseline(
    path: Path,
    target: str,
    markets: Iterable[str],
    findings: Iterable[GateFinding],
    old: Baseline | None = None,
) -> int:
    """Write the findings of a run over `markets` as the new baseline; returns how many it holds.

    Waived findings stay out: their waiver already covers them, until its day. Undecided rules without effect
    stay out: they never count. Entries of `old` for other markets are kept.
    """
    entries: dict[str, Entry] = {}
    if old is not None:
        seen = old.covered(markets)
        entries = {key: entry for key, entry in old.fingerprints.items() if key not in seen}
    for finding in findings:
        if finding.severity != "pass" and finding.suppressed_by != "waiver":
            entries[finding.fingerprint] = (finding.rule, finding.market, finding.record)
    _replace(path, baseline_text(target, entries))
    return len(entries)


def _replace(path: Path, text: str) -> None:
    """Write beside the file and rename, so that a run that is cut short leaves the old baseline whole."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
