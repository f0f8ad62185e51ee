"""Answers kept between runs: a JSON file of hashes of questions, so that only what changed is asked again.

A question is hashed with all it depends on: conditions, definitions, fields, parameters, term lists. The file
names the versions it was made with; those of others are not used. A record in it is only a suggestion: the
engine is asked again whether it shows what it should.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from weighbridge import __version__

FORMAT = 2
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
    """Answers by question: those of former runs, and those given now."""

    def __init__(self, former: Mapping[str, Kept] | None = None) -> None:
        self._former = {} if former is None else former
        self.given: dict[str, Kept] = {}

    def find(self, question: str) -> Kept | None:
        """The answer, if the question was asked before."""
        key = _key(question)
        found = self.given.get(key) or self._former.get(key)
        if found is not None:
            self.given[key] = found
        return found

    def keep(self, question: str, answer: Kept) -> None:
        """Remembers an answer."""
        self.given[_key(question)] = answer


def _key(question: str) -> str:
    return hashlib.sha256(question.encode()).hexdigest()[:32]


def made_by() -> str:
    """The versions that answers depend on."""
    return f"weighbridge {__version__}, z3 {version('z3-solver')}, format {FORMAT}"


def read_answers(file: Path) -> tuple[dict[str, Kept], str]:
    """The answers of a file, and what is wrong with it (nothing for a file that is not there yet).

    None of a file of other versions, and none of one that is damaged or too large.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            return {}, f"it is larger than {MOST_BYTES // 1_000_000} MB"
        content = json.loads(file.read_text(encoding="utf-8"))
        if content["made_by"] != made_by():
            return {}, ""
        return {str(k): Kept(*_entry(v)) for k, v in content["answers"].items()}, ""
    except FileNotFoundError:
        return {}, ""
    except OSError as error:
        return {}, error.strerror or str(error)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}, "it is damaged, or no file of answers"


def write_answers(file: Path, answers: Mapping[str, Kept]) -> None:
    """Writes answers, all or nothing. Raises `OSError`."""
    kept = list(answers.items())[:MOST_KEPT]
    lines = {k: [a.status, a.record, a.day, a.why] for k, a in kept}
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"made_by": made_by(), "answers": lines}, ensure_ascii=False)
    draft = file.with_suffix(".tmp")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)


def _entry(entry: Any) -> tuple[str, Mapping[str, Any] | None, float | None, str]:
    status, record, day, why = entry
    if status not in ("never", "seen", "open") or (status == "seen") != isinstance(record, dict):
        raise ValueError("no answer")
    return status, record, None if day is None else float(day), str(why)
