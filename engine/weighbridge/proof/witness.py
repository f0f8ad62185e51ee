"""A model of the solver becomes a record that people can read. Whether it proves the point the engine says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from math import ceil
from typing import Any

import z3

from weighbridge.documents import RecordTypeModel
from weighbridge.proof.encoding import Encoding, Parts
from weighbridge.proof.texts import scanner
from weighbridge.scalar import term_list
from weighbridge.terms import TermList
from weighbridge.tree import Expr, Name, Type, Value

PLAIN = "item"
"""What a text holds of which nothing is asked."""

NO_LETTERS = "0"
"""A text that has no share of any script."""

MOST_ATTEMPTS = 6
"""How many choices of terms are tried for one model."""

LETTERS = {
    "Latn": "a",
    "Arab": "م",
    "Hebr": "א",
    "Cyrl": "б",
    "Grek": "α",
    "Thai": "ก",
    "Deva": "क",
    "Hani": "字",
    "Kana": "か",
    "Jpan": "か",
    "Hang": "가",
    "Khmr": "ក",
    "Mymr": "က",
    "Beng": "ক",
    "Taml": "க",
}
"""One letter of every script that `script_share` knows."""


def candidates(encoding: Encoding, model: Any) -> Iterator[dict[str, Any]]:
    """Records that the model may stand for, best first; `as_of` is not among their fields."""
    seen: list[dict[str, Any]] = []
    for attempt in range(MOST_ATTEMPTS):
        record = _Composer(encoding, model, attempt).record()
        if record in seen:
            return
        seen.append(record)
        yield record


def model_day(encoding: Encoding, model: Any) -> float | None:
    """The day the model chose, if the question depends on it."""
    if "as_of" not in encoding.fields:
        return None
    return float(model.eval(encoding.fields["as_of"].value, model_completion=True).as_fraction())


def plain_value(kind: Type, allowed: Sequence[str] | None) -> Any:
    """A value for a required field of which nothing is asked."""
    match kind:
        case Type.NUMBER:
            return 0
        case Type.BOOLEAN:
            return False
        case Type.DATE:
            return "2026-01-01"
        case Type.TEXTS:
            return []
        case _:
            return allowed[0] if allowed else PLAIN


def bare(model: RecordTypeModel) -> dict[str, Any]:
    """The record that holds nothing but what it must."""
    return {
        name: plain_value(Type(field.type), field.allowed or field.tree)
        for name, field in model.fields.items()
        if field.required
    }


class _Composer:
    def __init__(self, encoding: Encoding, model: Any, attempt: int) -> None:
        self.encoding = encoding
        self.model = model
        self.attempt = attempt
        self.texts: dict[str, list[str]] = {}
        self.types = encoding.scope.model.fields

    def _value(self, term: Any) -> Any:
        return self.model.eval(term, model_completion=True)

    def _holds(self, term: Any) -> bool:
        return term if isinstance(term, bool) else z3.is_true(self._value(term))

    def record(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for path in sorted(self.encoding.fields):
            if path in self.types and self._holds(self.encoding.fields[path].known):
                found[path] = self._field(path)
        for name, field in self.types.items():
            if field.required and name not in found:
                found[name] = plain_value(Type(field.type), field.allowed or field.tree)
        self._add_terms(found)
        self._add_properties(found)
        return found

    def _field(self, path: str) -> Any:
        field = self.types[path]
        value = self._value(self.encoding.fields[path].value)
        match Type(field.type):
            case Type.NUMBER:
                return _number(value, field.min, field.max)
            case Type.BOOLEAN:
                return z3.is_true(value)
            case Type.DATE:
                return date.fromordinal(int(value.as_fraction())).isoformat()
            case Type.TEXTS:
                return [
                    text
                    for (tree, text), holds in self.encoding.entries.items()
                    if isinstance(tree, Name) and tree.path == path and self._holds(holds)
                ]
            case _:
                code = value.as_long()
                texts = self.encoding.codes.texts
                return texts[code] if 0 <= code < len(texts) else _other(code, self.encoding)

    # --- terms ---

    def _add_terms(self, record: dict[str, Any]) -> None:
        wanted = {key: self._value(count).as_long() for key, (_, count) in self.encoding.sought.items()}
        for (parts, terms), count in wanted.items():
            if count <= 0:
                continue
            carrier = self._carrier(parts, record)
            if carrier is None:
                continue
            refused = [
                self._list(other)
                for (others, other), n in wanted.items()
                if n == 0 and any(isinstance(p, Name) and p.path == carrier for p in others)
            ]
            phrase = self._phrase(self._list(terms), refused)
            for _ in range(min(count, 100)):
                self._append(record, carrier, phrase)

    def _list(self, terms: Value) -> TermList:
        return term_list(self.encoding.scope.book, terms)

    def _carrier(self, parts: Parts, record: Mapping[str, Any]) -> str | None:
        """The free text among `parts` that takes a term."""
        free = [
            p.path
            for p in parts
            if isinstance(p, Name)
            and p.path in self.types
            and self.encoding.finite(p) is None
            and not self._is_fixed(p)
        ]
        # A text of which more is asked may not take a term as well; a text that is not there may.
        shaped = {of.path for _, of, _ in self.encoding.predicates if isinstance(of, Name)}
        known = [path for path in free if path in record]
        easy = [path for path in known if path not in shaped]
        other = [path for path in free if path not in record and path not in shaped]
        choices = [*easy[:1], *known[:1], *other[:1]] if easy else [*other[:1], *known[:1]]
        return choices[self.attempt % len(choices)] if choices else None

    def _is_fixed(self, name: Name) -> bool:
        """Whether the model makes this text one that an expression compares it with."""
        found = self.encoding.fields.get(name.path)
        if found is None or name.type is not Type.TEXT or name not in self.encoding.compared:
            return False
        code = int(self._value(found.value).as_long())
        texts = self.encoding.codes.texts
        return 0 <= code < len(texts) and texts[code] in self.encoding.compared[name]

    def _phrase(self, terms: TermList, refused: Sequence[TermList]) -> str:
        """A term of the list, if possible one that no other list with no match finds as well."""
        own = scanner(terms)
        bodies = [term.strip().strip("*").strip() for term in terms.terms]
        sure = [b for b in bodies if own.hits(b)]
        best = [b for b in sure if not any(scanner(r).hits(b) for r in refused)] or sure or bodies
        return best[self.attempt % len(best)]

    def _append(self, record: dict[str, Any], path: str, phrase: str) -> None:
        if Type(self.types[path].type) is Type.TEXTS:
            record[path] = [*record.get(path, []), phrase]
        else:
            text = record.get(path)
            record[path] = phrase if text in (None, PLAIN) else f"{text}. {phrase}"

    # --- other properties of texts ---

    def _is_undefined(self, function: str, of: Expr) -> bool:
        """Whether the model has no value for a function of this text, though the text is known."""
        calls = [c for c in self.encoding.defined if c.function == function and c.arguments[0] == of]
        return any(not self._holds(self.encoding.defined[c]) for c in calls)

    def _add_properties(self, record: dict[str, Any]) -> None:
        for (function, of, constants), variable in self.encoding.predicates.items():
            if not isinstance(of, Name) or of.path not in record or self.encoding.finite(of) is not None:
                continue
            if self._is_fixed(of):
                continue
            if self._is_undefined(function, of):
                record[of.path] = NO_LETTERS if function == "script_share" else PLAIN
                continue
            value = self._value(variable)
            wanted: Any = z3.is_true(value) if z3.is_bool(variable) else _number(value, None, None)
            match Type(self.types[of.path].type):
                case Type.TEXT:
                    record[of.path] = _shaped(str(record[of.path]), function, constants, wanted)
                case Type.TEXTS if function == "length":
                    record[of.path] = [*record[of.path], *[PLAIN] * 100][: max(0, int(wanted))]
                case Type.DATE if function in ("year", "month", "day"):
                    record[of.path] = _day_with(str(record[of.path]), function, int(wanted))
                case _:
                    pass


def _day_with(text: str, part: str, wanted: int) -> str:
    """A day near `text` whose year, month or day of the month is as wanted."""
    day = date.fromisoformat(text)
    if part == "year":
        return day.replace(year=min(9999, max(1, wanted)), day=min(day.day, 28)).isoformat()
    if part == "month":
        return day.replace(month=min(12, max(1, wanted)), day=min(day.day, 28)).isoformat()
    return day.replace(month=1 if wanted > 28 else day.month, day=min(31, max(1, wanted))).isoformat()


def _shaped(text: str, function: str, constants: tuple[Value, ...], wanted: Any) -> str:
    """`text` changed so that the function gives what is wanted, where that is easy."""
    part = str(constants[0]) if constants else ""
    match function:
        case "under" if wanted:
            return part
        case "starts_with" if wanted and not text.startswith(part):
            return part if text == PLAIN else part + text
        case "ends_with" if wanted and not text.endswith(part):
            return part if text == PLAIN else text + part
        case "contains" if wanted and part not in text:
            return part if text == PLAIN else f"{text} {part}"
        case "like" if wanted:
            return part.replace("*", "").replace("?", "a") or PLAIN
        case "valid_gtin" if wanted:
            return "4006381333931"
        case "word_count":
            words = text.split()
            return " ".join(
                [*words, *["word"] * (int(min(wanted, 1000)) - len(words))][: int(max(wanted, 1))]
            )
        case "length":
            size = int(max(1, min(wanted, 5000)))
            return f"{text}{'x' * size}"[:size]
        case "script_share":
            return _with_share(text, part, min(1.0, max(0.0, wanted)))
        case "to_number":
            return str(wanted)
        case _:
            return text


def _with_share(text: str, script: str, wanted: float) -> str:
    """`text` with letters added until about this share of them is of the script; other letters where none fits."""
    letter = LETTERS.get(script, "a")
    other = "字" if letter == "a" else "a"
    count = sum(c.isalpha() for c in text)
    own = count if letter == "a" else 0
    if count and wanted in (0.0, 1.0) and own not in (0, count):
        return letter if wanted else other
    if wanted * count > own:
        more = (wanted * count - own) / (1 - wanted) if wanted < 1 else 0
        return f"{text} {letter * min(1000, ceil(more))}" if wanted < 1 else letter
    if own > wanted * count:
        return f"{text} {other * min(1000, ceil(own / wanted - count))}" if wanted else other
    return text


def _number(value: Any, low: float | None, high: float | None) -> float | int:
    """A number of the model as a double within the field's bounds; whole numbers as such."""
    if z3.is_algebraic_value(value):
        value = value.approx(20)
    exact = value.as_long() if z3.is_int_value(value) else value.as_fraction()
    try:
        found = float(exact)
    except OverflowError:
        found = 1e300 if exact > 0 else -1e300
    found = max(found, float(low)) if low is not None else found
    found = min(found, float(high)) if high is not None else found
    return int(found) if found.is_integer() and abs(found) < 1e15 else found


def _other(code: int, encoding: Encoding) -> str:
    """A text that no expression names: another one for every code."""
    text = PLAIN if code == -1 else f"{PLAIN}{abs(code)}"
    while text in encoding.codes.codes:
        text += "x"
    return text


def smaller(record: Mapping[str, Any], required: Sequence[str], still: Any) -> dict[str, Any]:
    """The record with every field left out, every number rounded and every list emptied that `still` can spare.

    `still` tells of a record whether it proves the point.
    """
    kept = dict(record)
    for name in list(record):
        if name not in required:
            without = {k: v for k, v in kept.items() if k != name}
            if still(without):
                kept = without
    for name, value in list(kept.items()):
        for simple in _simpler(value):
            changed = {**kept, name: simple}
            if still(changed):
                kept = changed
                break
    return kept


def _simpler(value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        return
    if isinstance(value, float):
        for digits in range(4):
            yield round(value, digits) if digits else round(value)
    elif isinstance(value, str) and value != PLAIN:
        yield PLAIN
    elif isinstance(value, list) and len(value) > 1:
        for entry in value:
            yield [entry]
