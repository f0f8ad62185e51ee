"""Answers kept between runs: a JSON file of hashes of questions, so that only what changed is asked again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = 1
"""Raised whenever the same question could get another answer: by another encoding, by more effort."""

MOST_KEPT = 100_000
MOST_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer without its market: `never`, `seen` (record and day number) or `open` (why)."""

    status: str
    record: Mapping[str, Any] | None = None
    day: float | None = None
    why: str = ""


class Answers:
    """Answers by question. Those of former runs come from `file`; `save` writes those this run asked for."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self._former = {} if file is None else _read(file)
        self._current: dict[str, Kept] = {}

    def find(self, question: str) -> Kept | None:
        """The answer, if the question was asked before."""
        key = _key(question)
        found = self._current.get(key) or self._former.get(key)
        if found is not None:
            self._current[key] = found
        return found

    def keep(self, question: str, answer: Kept) -> None:
        """Remembers an answer."""
        self._current[_key(question)] = answer

    def save(self) -> None:
        """Writes the answers of this run. Raises `OSError`."""
        if self.file is None:
            return
        kept = list(self._current.items())[:MOST_KEPT]
        lines = {k: [a.status, a.record, a.day, a.why] for k, a in kept}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"format": FORMAT, "answers": lines}, ensure_ascii=False)
        draft = self.file.with_suffix(".tmp")
        draft.write_text(text, encoding="utf-8")
        draft.replace(self.file)


def _key(question: str) -> str:
    return hashlib.sha256(question.encode()).hexdigest()[:32]


def _read(file: Path) -> dict[str, Kept]:
    """The answers of a file; none of one that is missing, too large or not of this format."""
    try:
        if file.stat().st_size > MOST_BYTES:
            return {}
        content = json.loads(file.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            return {}
        return {str(k): Kept(*_entry(v)) for k, v in content["answers"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _entry(entry: Any) -> tuple[str, Mapping[str, Any] | None, float | None, str]:
    status, record, day, why = entry
    if status not in ("never", "seen", "open") or (status == "seen") != isinstance(record, dict):
        raise ValueError("no answer")
    return status, record, None if day is None else float(day), str(why)
