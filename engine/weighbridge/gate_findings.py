"""What the gate finds: one `GateFinding` per rule, record and market, its fingerprint, and where it is kept.

Findings are written to a temporary file as they are made, so that memory does not grow with the feed.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, TextIO, cast

GateSeverity = Literal["pass", "warn", "review", "block", "error"]
Status = Literal[
    "fired", "undecided", "conflict", "verdict", "invalid_record", "unreadable_row", "duplicate_record"
]

SEVERITIES: tuple[GateSeverity, ...] = ("pass", "warn", "review", "block", "error")
"""Mildest first. Only undecided rules that say `if_unknown: skip` bear `pass`; it never fails a gate."""

INVALID_RECORD = "invalid-record"
UNREADABLE_ROW = "unreadable-row"
DUPLICATE_RECORD = "duplicate-record"
FEED_RULES: tuple[str, ...] = (INVALID_RECORD, UNREADABLE_ROW, DUPLICATE_RECORD)
"""Rules of the gate itself: they speak of the feed's rows, belong to no ruleset and to no market."""

Texts = dict[str, str]
"""One text per language code."""


def relative_path(path: str | os.PathLike[str]) -> str:
    """A path as reports show it: from the working folder, forward slashes; absolute on another drive."""
    try:
        return Path(os.path.relpath(path)).as_posix()
    except ValueError:
        return Path(path).as_posix()


def at_least(severity: GateSeverity, threshold: GateSeverity) -> bool:
    """Whether `severity` is as bad as `threshold` or worse."""
    return SEVERITIES.index(severity) >= SEVERITIES.index(threshold)


@dataclass(frozen=True, slots=True)
class Location:
    """Where a rule is written: file relative to the project, line and column from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Citation:
    """What a rule rests on."""

    citation: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class MatchedText:
    """A term found in the record: the list's `term`, the `text` as it stands there, and the field."""

    term: str
    text: str
    field: str


@dataclass(frozen=True, slots=True)
class AppliedWaiver:
    """Who answers for letting a finding pass, why, and until when (last day included)."""

    owner: str
    reason: str
    expires: date


@dataclass(frozen=True, slots=True)
class GateFinding:
    """One rule's word on one record in one market.

    `line` is the record's line in the feed (from 1), `row` its position among the feed's records (from 1);
    `record` is its key, or "line 12" when it has none (`key` is None then). `market` is "" for findings
    about the row itself; `verdict` is that of the whole decision. `reason` and `title` are texts by language.
    """

    feed: str
    line: int
    row: int
    record: str
    key: str | None
    market: str
    verdict: str
    rule: str
    title: Texts
    severity: GateSeverity
    status: Status
    reason: Texts
    missing: tuple[str, ...]
    matches: tuple[MatchedText, ...]
    source: Citation | None
    rule_location: Location | None
    fingerprint: str
    suppressed_by: Literal["waiver", "baseline"] | None = None
    waiver: AppliedWaiver | None = None

    def fails(self, threshold: GateSeverity) -> bool:
        """Whether this finding alone makes the gate fail at `threshold`."""
        return self.suppressed_by is None and at_least(self.severity, threshold)

    def to_dict(self) -> dict[str, Any]:
        """JSON form; every key is always there."""
        source, location, waiver = self.source, self.rule_location, self.waiver
        return {
            "feed": self.feed,
            "line": self.line,
            "row": self.row,
            "record": self.record,
            "key": self.key,
            "market": self.market,
            "verdict": self.verdict,
            "rule": self.rule,
            "title": self.title,
            "severity": self.severity,
            "status": self.status,
            "reason": self.reason,
            "missing": list(self.missing),
            "matches": [{"term": m.term, "text": m.text, "field": m.field} for m in self.matches],
            "source": source and {"citation": source.citation, "url": source.url},
            "rule_location": location
            and {"file": location.file, "line": location.line, "column": location.column},
            "fingerprint": self.fingerprint,
            "suppressed_by": self.suppressed_by,
            "waiver": waiver
            and {"owner": waiver.owner, "reason": waiver.reason, "expires": waiver.expires.isoformat()},
        }

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> GateFinding:
        """The finding that `to_dict` wrote."""
        values = dict(entry)
        source, location, waiver = values["source"], values["rule_location"], values["waiver"]
        values["missing"] = tuple(values["missing"])
        values["matches"] = tuple(MatchedText(**match) for match in values["matches"])
        values["source"] = Citation(**source) if source else None
        values["rule_location"] = Location(**location) if location else None
        if waiver:
            waiver = AppliedWaiver(**(waiver | {"expires": date.fromisoformat(waiver["expires"])}))
        values["waiver"] = waiver or None
        return cls(**values)


def in_language(texts: Mapping[str, str], lang: str) -> str:
    """The text in `lang`; failing that English, failing that whichever there is, or ""."""
    return texts.get(lang) or texts.get("en") or next(iter(texts.values()), "")


# ---------------------------------------------------------------------------------------------- fingerprints


def digest(text: str) -> str:
    """Hex digest (SHA-256) of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def content_text(values: object) -> str:
    """A row's values as one text, whatever the order of its columns."""
    return json.dumps(values, sort_keys=True, default=str)


def fingerprint(identity: Sequence[str | int], market: str, rule: str) -> str:
    """What names a finding from run to run: 64 hex digits, SHA-256 over record, market and rule.

    `identity` stands for the record: its key; for a record without key the digest of its values; an ordinal
    follows where records are alike in that. Neither the line, the feed's name, the engine's version nor the
    reason's wording takes part, so moving lines and editing other rules leave a fingerprint as it is.
    The parts are joined as JSON, so that no two different triples give one text.
    """
    text = json.dumps([list(identity), market, rule], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class RecordIdentities:
    """Gives each record of one feed the identity its fingerprints are made of, and notices repeated keys.

    Keeps one 64-bit hash per record, never the record: about 60 bytes each. `digest` is what the values of a row
    are known by where its key does not tell it apart; for personal data one that cannot be guessed.
    """

    def __init__(self, digest: Callable[[str], str] = digest) -> None:
        self._digest = digest
        self._seen: set[int] = set()
        self._repeats: dict[int, int] = {}
        self.repeated_keys: set[int] = set()

    def identify(self, key: str | None, values: object) -> tuple[str | int, ...]:
        """The identity of the next record; a key seen before is joined by the values, to keep it unique."""
        if key is None:
            return self._distinct(("content", self._digest(content_text(values))))
        short = key_hash(key)
        if short not in self._seen:
            self._seen.add(short)
            return ("key", key)
        self.repeated_keys.add(short)
        return self._distinct(("key", key, self._digest(content_text(values))))

    def _distinct(self, identity: tuple[str, ...]) -> tuple[str | int, ...]:
        short = key_hash("\0".join(identity))
        if short not in self._seen:
            self._seen.add(short)
            return identity
        ordinal = self._repeats[short] = self._repeats.get(short, 1) + 1
        return (*identity, ordinal)


def key_hash(key: str) -> int:
    """64 bits of a record key. Of 40 million feeds with a million records, one has two keys that agree."""
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest())


# ----------------------------------------------------------------------------------------------------- spool


@dataclass(frozen=True, slots=True)
class CheckedRecord:
    """One row of the feed that was read: position, line, name, key, and whether it could be decided."""

    row: int
    line: int
    record: str
    key: str | None
    decided: bool


class FindingSpool:
    """Findings and checked records on disk, in a temporary folder that `close` removes.

    Both can be read as often as wanted, also several times at once.
    """

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="weighbridge-")
        self._findings = self._open("findings.jsonl")
        self._records = self._open("records.jsonl")

    def _open(self, name: str) -> TextIO:
        return Path(self._folder.name, name).open("w", encoding="ascii")

    def add(self, finding: GateFinding) -> None:
        """Keep a finding."""
        self._findings.write(json.dumps(finding.to_dict()) + "\n")

    def add_record(self, record: CheckedRecord) -> None:
        """Keep the name of a record that was read."""
        line = [record.row, record.line, record.record, record.key, record.decided]
        self._records.write(json.dumps(line) + "\n")

    def findings(self) -> Iterator[GateFinding]:
        """All findings, in the order they were added."""
        for entry in self._read("findings.jsonl"):
            yield GateFinding.from_dict(cast(dict[str, Any], entry))

    def records(self) -> Iterator[CheckedRecord]:
        """All records that were read, in feed order."""
        for entry in self._read("records.jsonl"):
            yield CheckedRecord(*cast(list[Any], entry))

    def _read(self, name: str) -> Iterator[object]:
        self._findings.flush()
        self._records.flush()
        with Path(self._folder.name, name).open(encoding="ascii") as lines:
            for line in lines:
                yield json.loads(line)

    def close(self) -> None:
        """Delete the files; the spool cannot be read afterwards."""
        self._findings.close()
        self._records.close()
        self._folder.cleanup()
