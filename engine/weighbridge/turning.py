"""What it takes to turn a decision around, as people are told it: changes, proposals, outcomes.

Found by `weighbridge.proof.turn`; here is only what they are, and the search for the nearest number.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from weighbridge.documents import FieldModel, RecordTypeModel
from weighbridge.masking import MASK
from weighbridge.messages import TURN, phrase

HALVINGS = 60
"""Halvings of the way from a number that does not serve to one that does."""

MOST_DECIMALS = 6
NICE = 0.001
"""Share of a number by which its rounding may miss the nearest one that serves."""

COUNTED = (
    "pieces photos images units items orders parcels lines offers reviews requests visits events accounts days "
    "months weeks hours minutes people customers channels categories complaints contacts transactions"
)
"""Units of what is counted: such a number stays whole."""

LONGEST = 60
"""Characters of a text that are shown."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field's change. `kind`: lower, raise, set, state (it was missing), remove, add, replace.

    `free`: any other value that is no such term would do; `after` is only what the engine was asked with.
    """

    field: str
    title: Mapping[str, str]
    kind: str
    before: Any
    after: Any
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    free: bool = False
    personal: bool = False

    def text(self, lang: str = "en") -> str:
        """The change in words."""
        title = self.title.get(lang) or self.title.get("en") or self.field
        name = self.field if title == self.field else f"{title} ({self.field})"
        kind = f"{self.kind}_free" if self.free else self.kind
        values = {"before": shown(self.before), "after": shown(self.after)}
        if self.personal:
            values = dict.fromkeys(values, MASK)
        words = {"removed": _quoted(self.removed, lang), "added": _quoted(self.added, lang)}
        if self.personal:
            words = dict.fromkeys(words, MASK)
        return phrase(TURN, kind, lang, what=name, **values, **words)

    @property
    def act(self) -> tuple[Any, ...]:
        """What makes changes of different records one act: other words to take out, another number, do not."""
        own = self.free or bool(self.removed or self.added) or self.kind in ("lower", "raise")
        return (self.field, self.kind, self.free, self.added, "" if own else repr(self.after))

    def to_dict(self) -> dict[str, Any]:
        """JSON form; personal values are masked."""
        hidden = self.personal
        return {
            "field": self.field,
            "kind": self.kind,
            "before": MASK if hidden and self.before is not None else self.before,
            "after": MASK if hidden else self.after,
            "removed": [MASK] if hidden and self.removed else list(self.removed),
            "added": [MASK] if hidden and self.added else list(self.added),
            "any_value": self.free,
        }


def change_of(
    name: str,
    model: FieldModel,
    before: Any,
    after: Any,
    removed: tuple[str, ...] = (),
    added: tuple[str, ...] = (),
    free: bool = False,
) -> Change:
    """The change of a field from one value to another."""
    if removed and not added:
        kind = "replace" if free else "remove"
    elif removed:
        kind = "exchange"
    elif before is None:
        kind = "state"
    elif added:
        kind = "add"
    elif model.type == "number":
        kind = "lower" if after < before else "raise"
    else:
        kind = "set"
    return Change(name, model.title, kind, before, after, removed, added, free, model.personal is not None)


@dataclass(frozen=True, slots=True)
class Proposal:
    """Changes that, together, bring the wanted verdict; `record` is the record after them."""

    changes: tuple[Change, ...]
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """What would turn one decision around.

    `status`: already, found, never (proved: no change of changeable fields does), none (no act that was tried
    does), open (not settled; `why` says what stopped the search). `rules` stand in the way.
    """

    target: str
    market: str
    as_of: date
    record: str | None
    before: str | None
    wanted: str
    status: str = "already"
    proposals: tuple[Proposal, ...] = ()
    rules: tuple[str, ...] = ()
    why: str = ""
    personal: frozenset[str] = field(default=frozenset())

    def ended(self, status: str, why: str = "", rules: tuple[str, ...] = ()) -> Turn:
        """The same with an outcome other than `found`."""
        return replace(self, status=status, why=why, rules=rules)

    def found(self, proposals: tuple[Proposal, ...], model: RecordTypeModel) -> Turn:
        """The same with proposals."""
        hidden = frozenset(name for name, entry in model.fields.items() if entry.personal is not None)
        return replace(self, status="found", proposals=proposals, personal=hidden)

    @property
    def changes(self) -> tuple[Change, ...]:
        """The changes of the first proposal."""
        return self.proposals[0].changes if self.proposals else ()

    def text(self, lang: str = "en") -> str:
        """The outcome in words, a line each."""
        return "\n".join(self._lines(lang))

    def _lines(self, lang: str) -> list[str]:
        head = phrase(
            TURN,
            "headline",
            lang,
            record=self.record or "–",
            market=self.market,
            day=self.as_of.isoformat(),
            before=_verdict(self.before, lang),
            wanted=_verdict(self.wanted, lang),
        )
        lines = [head]
        if self.status != "found":
            name = f"open_{self.why}" if self.status == "open" else self.status
            lines.append("  " + phrase(TURN, name, lang, wanted=_verdict(self.wanted, lang)))
            lines += [f"    {rule}" for rule in self.rules[:10]]
            return lines
        for number, proposal in enumerate(self.proposals):
            name = "changes" if not number else "or_else"
            lines.append("  " + phrase(TURN, name, lang, count=len(proposal.changes)))
            lines += [f"    - {change.text(lang)}" for change in proposal.changes]
        return lines

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "target": self.target,
            "record": self.record,
            "market": self.market,
            "as_of": self.as_of.isoformat(),
            "before": self.before,
            "wanted": self.wanted,
            "status": self.status,
            "proposals": [[c.to_dict() for c in p.changes] for p in self.proposals],
            "rules": list(self.rules),
            "why": self.why,
        }

    def to_json(self, indent: int | None = None) -> str:
        """`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)


def _verdict(name: str | None, lang: str) -> str:
    return phrase(TURN, name, lang) if name is not None and name in TURN else name or "–"


def _quoted(texts: tuple[str, ...], lang: str) -> str:
    marks = ("“", "”")
    return ("、" if lang == "zh" else ", ").join(f"{marks[0]}{t}{marks[1]}" for t in texts)


def shown(value: Any) -> str:
    """A value as a line of text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return _cut(", ".join(map(str, value)))
    return _cut(f"{value:g}" if isinstance(value, float) and abs(value) < 1e6 else str(value))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


# --- numbers ----------------------------------------------------------------------------------------------


def is_counted(model: FieldModel) -> bool:
    """Whether a number field counts something, as its unit says."""
    return model.unit is not None and model.unit.split(" ")[0] in COUNTED.split(" ")


def nearer_numbers(now: float, far: float, serves: Callable[[float], bool], whole: bool) -> float:
    """A number between `now`, which does not serve, and `far`, which does: where the decision turns, rounded.

    `whole`: of whole numbers, if one serves at all.
    """
    if whole:
        outward = float(math.ceil(far) if far >= now else math.floor(far))
        whole, far = (True, outward) if outward == far or serves(outward) else (False, far)
    near, good = now, far
    for _ in range(HALVINGS):
        middle = (near + good) / 2
        if whole:
            middle = float(math.floor(middle) if good > near else math.ceil(middle))
        if middle in (near, good):
            break
        if serves(middle):
            good = middle
        else:
            near = middle
    return good if whole else _outward(good, far >= now, serves)


def _outward(value: float, up: bool, serves: Callable[[float], bool]) -> float:
    """The number with fewest decimals that is hardly farther off and still serves."""
    for decimals in range(MOST_DECIMALS + 1):
        step = 10.0**decimals
        scaled = value * step
        whole = (
            round(scaled)
            if abs(scaled - round(scaled)) < 1e-6
            else math.ceil(scaled)
            if up
            else math.floor(scaled)
        )
        beside = whole + (1 if up else -1)
        for candidate in (round(whole / step, decimals), round(beside / step, decimals)):
            if abs(candidate - value) <= NICE * max(1.0, abs(value)) * 1.01 and serves(candidate):
                return candidate
    return value


def rounded(value: float, serves: Callable[[float], bool]) -> float:
    """The number with fewest decimals near one that serves."""
    for decimals in range(MOST_DECIMALS + 1):
        candidate = round(value, decimals)
        if serves(candidate):
            return candidate
    return value
