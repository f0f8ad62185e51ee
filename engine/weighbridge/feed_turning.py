"""The few changes that clear the most findings of a feed, put together from what would turn each decision."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from weighbridge.messages import TURN, phrase
from weighbridge.turning import Change, Turn

Act = tuple[Any, ...]
"""`Change.act`: what makes changes of different records one."""

MOST_WORDS = 8
"""Words that one step names."""

MOST_STEPS = 20
"""Steps of a plan; what comes behind clears little."""


@dataclass(frozen=True, slots=True)
class Step:
    """Acts to be done together: `cleared` decisions turn by them and the acts of the steps before."""

    changes: tuple[Change, ...]
    cleared: int
    total: int
    examples: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON form; `before` and `after` are of one example."""
        return {
            "changes": [c.to_dict() for c in self.changes],
            "cleared": self.cleared,
            "total": self.total,
            "examples": list(self.examples),
        }


@dataclass(frozen=True, slots=True)
class FeedTurn:
    """What would turn a feed's decisions. `failing`: decisions that are not as wanted; `left`: not looked at."""

    wanted: str
    rows: int
    failing: int
    looked: int
    turned: int
    never: int
    unsettled: int
    invalid: int
    steps: tuple[Step, ...]

    @property
    def left(self) -> int:
        """Decisions beyond the limit."""
        return self.failing - self.looked

    def text(self, lang: str = "en") -> str:
        """The plan in words."""
        return "\n".join(self._lines(lang))

    def _lines(self, lang: str) -> Iterator[str]:
        wanted = phrase(TURN, self.wanted, lang) if self.wanted in TURN else self.wanted
        if not self.failing:
            yield phrase(TURN, "feed_clean", lang, wanted=wanted)
        else:
            counts = {"turned": self.turned, "failing": self.failing, "looked": self.looked}
            yield phrase(TURN, "feed", lang, wanted=wanted, **counts)
        for number, step in enumerate(self.steps, 1):
            counts = {"number": number, "cleared": step.cleared, "total": step.total, "failing": self.failing}
            yield "  " + phrase(TURN, "feed_step", lang, **counts)
            yield from (f"     - {_general(change, lang)}" for change in step.changes)
            yield f"       {', '.join(step.examples)}"
        for name, count in (("never", self.never), ("open", self.unsettled), ("invalid", self.invalid)):
            if count:
                yield phrase(TURN, f"feed_{name}", lang, count=count)
        if self.left:
            yield phrase(TURN, "feed_left", lang, count=self.left, most=self.looked)

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "wanted": self.wanted,
            "rows": self.rows,
            "failing": self.failing,
            "looked_at": self.looked,
            "turned": self.turned,
            "never": self.never,
            "unsettled": self.unsettled,
            "invalid": self.invalid,
            "steps": [step.to_dict() for step in self.steps],
        }

    def to_json(self, indent: int | None = None) -> str:
        """`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)


def _general(change: Change, lang: str) -> str:
    """A change of many records: numbers differ between them."""
    if change.kind not in ("lower", "raise"):
        return change.text(lang)
    title = change.title.get(lang) or change.title.get("en") or change.field
    what = change.field if title == change.field else f"{title} ({change.field})"
    return phrase(TURN, f"{change.kind}_any", lang, what=what)


def plan(turns: Iterable[Turn]) -> tuple[Step, ...]:
    """Acts in the order in which they clear the most decisions for each new act (greedy cover).

    A decision is cleared once all acts of one of its proposals are done.
    """
    open_turns = [t for t in turns if t.status == "found"]
    changes = _together(c for t in open_turns for p in t.proposals for c in p.changes)
    left = {n: [frozenset(c.act for c in p.changes) for p in t.proposals] for n, t in enumerate(open_turns)}
    done: frozenset[Act] = frozenset()
    steps: list[Step] = []
    total = 0
    while left and len(steps) < MOST_STEPS:
        bundle, cleared = _best(left, done)
        done |= bundle
        total += len(cleared)
        shown = tuple(f"{open_turns[n].record or '–'} [{open_turns[n].market}]" for n in cleared[:3])
        steps.append(Step(tuple(changes[a] for a in sorted(bundle, key=repr)), len(cleared), total, shown))
        for number in cleared:
            del left[number]
    return tuple(steps)


def _together(changes: Iterable[Change]) -> dict[Act, Change]:
    """One change for each act; it names the words that any of its records holds."""
    found: dict[Act, Change] = {}
    for change in changes:
        first = found.setdefault(change.act, change)
        words = dict.fromkeys((*first.removed, *change.removed))
        found[change.act] = replace(first, removed=tuple(words)[:MOST_WORDS])
    return found


def _best(
    left: dict[int, list[frozenset[Act]]], done: frozenset[Act]
) -> tuple[frozenset[Act], Sequence[int]]:
    """The new acts that clear the most decisions each; of equals the fewest, then by name."""
    bundles = {acts - done: None for proposals in left.values() for acts in proposals}

    def cleared(bundle: frozenset[Act]) -> list[int]:
        enough = done | bundle
        return [n for n, proposals in left.items() if any(acts <= enough for acts in proposals)]

    found = {bundle: cleared(bundle) for bundle in bundles}
    best = min(found, key=lambda b: (-len(found[b]) / max(1, len(b)), len(b), sorted(map(repr, b))))
    return best, found[best]
