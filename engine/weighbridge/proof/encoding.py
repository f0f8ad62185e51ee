"""Typed trees as formulas of the solver: three-valued logic, the record type's domains, texts as codes.

An `Encoding` serves one question. Every real record is a model of it, so what has no model does not exist;
a model may be no record (a function the solver does not know is only bounded), which is why witnesses are
tried on the engine. Numbers are exact here, not doubles: a record that exists only because the sixteenth
digit is rounded is not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

import z3

from weighbridge.functions import FUNCTIONS, MAX_DAY, MIN_DAY
from weighbridge.proof.scope import Scope
from weighbridge.proof.texts import Codes, possible, scanner
from weighbridge.rulebook import Characteristic, Scorecard
from weighbridge.scalar import term_list
from weighbridge.specialise import DerivedStep, RulesetStep
from weighbridge.terms import TermList
from weighbridge.tree import (
    And,
    Arith,
    Call,
    Compare,
    Const,
    Contains,
    Expr,
    IfElse,
    Member,
    Name,
    Negate,
    Not,
    Or,
    Type,
    Value,
)

Formula = Any
"""A formula or term of the solver, or a plain `bool` (the solver's Python interface is not typed)."""

MOST_TABULATED = 60
"""Allowed texts of a field that term lists are tried on, one by one."""


def both(parts: Iterable[Formula]) -> Formula:
    """Conjunction."""
    kept = [p for p in parts if p is not True]
    if any(p is False for p in kept):
        return False
    return True if not kept else kept[0] if len(kept) == 1 else z3.And(kept)


def either(parts: Iterable[Formula]) -> Formula:
    """Disjunction."""
    kept = [p for p in parts if p is not False]
    if any(p is True for p in kept):
        return True
    return False if not kept else kept[0] if len(kept) == 1 else z3.Or(kept)


def negated(part: Formula) -> Formula:
    """Negation."""
    return (not part) if isinstance(part, bool) else z3.Not(part)


def implied(condition: Formula, result: Formula) -> Formula:
    """Implication."""
    return either([negated(condition), result])


def _if(condition: Formula, then: Any, other: Any) -> Any:
    if isinstance(condition, bool):
        return then if condition else other
    return z3.If(condition, then, other)


def number(value: float | Fraction | int) -> Any:
    """A constant, by its shortest decimal: doubles keep their order, and 0.1 is a tenth."""
    return z3.RealVal(str(Fraction(repr(value)) if isinstance(value, float) else Fraction(value)))


@dataclass(frozen=True, slots=True)
class Known:
    """A number (a day is one) or a text code, and whether it is known."""

    known: Formula
    value: Any


@dataclass(frozen=True, slots=True)
class Truth:
    """When a boolean is known to be true, and when to be false."""

    true: Formula
    false: Formula


@dataclass(frozen=True, slots=True)
class CardResult:
    """A scorecard: micro-points, scored and known weight, weight in all, and whether there is a score."""

    total: Any
    scored: Any
    known: Any
    whole: Any
    enough: Formula
    tier: Known


Parts = tuple[Expr, ...]


class Encoding:
    """The formulas of one question's trees. `facts` is what holds of every record."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.codes = Codes()
        self.facts: list[Formula] = []
        self.fields: dict[str, Known] = {}
        self.sought: dict[tuple[Parts, Value], tuple[Formula, Any]] = {}
        self.predicates: dict[tuple[str, Expr, tuple[Value, ...]], Any] = {}
        self.entries: dict[tuple[Expr, str], Any] = {}
        self.compared: dict[Expr, set[str]] = {}
        self.defined: dict[Call, Any] = {}
        self._truths: dict[Expr, Truth] = {}
        self._numbers: dict[Expr, Known] = {}
        self._texts: dict[Expr, Known] = {}
        self._cards: dict[str, CardResult] = {}
        self._fresh = 0

    # --- names ---

    def fresh(self, kind: str, sort: str = "real") -> Any:
        """A new variable of which nothing is known but what facts say."""
        self._fresh += 1
        name = f"{kind}#{self._fresh}"
        return z3.Bool(name) if sort == "bool" else z3.Int(name) if sort == "int" else z3.Real(name)

    def field(self, path: str) -> Known:
        """A field of the record (`as_of` among them), with what its record type says of it."""
        if path not in self.fields:
            self.fields[path] = self._field(path)
        return self.fields[path]

    def _field(self, path: str) -> Known:
        if path == "as_of":
            value = z3.Int(path)
            first, last = self.scope.special.first_day, self.scope.special.last_day
            self.facts += [value >= first.toordinal(), value <= last.toordinal()]
            return Known(True, z3.ToReal(value))
        model = self.scope.model.fields.get(path)
        if model is None:  # a parameter that the epoch does not fix: nothing is known of it
            return Known(False, z3.IntVal(-1))
        known: Formula = True if model.required else z3.Bool(f"known {path}")
        kind = Type(model.type)
        if kind is Type.NUMBER:
            value = z3.Real(path)
            self.facts += [value >= number(float(model.min))] if model.min is not None else []
            self.facts += [value <= number(float(model.max))] if model.max is not None else []
            return Known(known, value)
        value = z3.Int(path)
        if kind is Type.DATE:
            self.facts += [value >= int(MIN_DAY), value <= int(MAX_DAY)]
            return Known(known, z3.ToReal(value))
        if kind is Type.BOOLEAN:
            return Known(known, z3.Bool(path))
        texts = possible(model)
        if texts is not None and kind is Type.TEXT:
            self.facts.append(self._among(value, texts))
        return Known(known, value)

    def finite(self, node: Expr) -> tuple[str, ...] | None:
        """All texts a tree can be, where its type bounds them."""
        if isinstance(node, Name) and node.path in self.scope.model.fields and node.type is Type.TEXT:
            return possible(self.scope.model.fields[node.path])
        return None

    def _among(self, value: Any, texts: Iterable[str]) -> Formula:
        ranges = self.codes.runs(texts)
        return either(
            value == low if low == high else z3.And(value >= low, value <= high) for low, high in ranges
        )

    # --- booleans ---

    def truth(self, node: Expr) -> Truth:
        """When a boolean tree is known to be true and to be false."""
        if node not in self._truths:
            self._truths[node] = self._truth(node)
        return self._truths[node]

    def _truth(self, node: Expr) -> Truth:
        match node:
            case Const(value):
                return Truth(value is True, value is False)
            case Name(path):
                return self._named_truth(path)
            case Not(operand):
                inner = self.truth(operand)
                return Truth(inner.false, inner.true)
            case And(operands):
                parts = [self.truth(p) for p in operands]
                return Truth(both(p.true for p in parts), either(p.false for p in parts))
            case Or(operands):
                parts = [self.truth(p) for p in operands]
                return Truth(either(p.true for p in parts), both(p.false for p in parts))
            case IfElse(condition, then, other):
                c, a, b = self.truth(condition), self.truth(then), self.truth(other)
                return Truth(
                    either([both([c.true, a.true]), both([c.false, b.true])]),
                    either([both([c.true, a.false]), both([c.false, b.false])]),
                )
            case Compare():
                return self._comparison(node)
            case Member(item, values):
                return self._member(item, values)
            case Contains(item, options):
                return self._contains(node, item, options)
            case Call():
                return self._call_truth(node)
            case _:
                raise AssertionError(f"{type(node).__name__} is no boolean")

    def _decided(self, known: Formula, holds: Formula) -> Truth:
        return Truth(both([known, holds]), both([known, negated(holds)]))

    def _named_truth(self, path: str) -> Truth:
        definition = self.scope.definition(path)
        if isinstance(definition, DerivedStep):
            return self.truth(definition.tree)
        if isinstance(definition, RulesetStep):
            return self._decided(self.fresh("known", "bool"), self.fresh(path, "bool"))
        found = self.field(path)
        return self._decided(found.known, found.value if found.known is not False else False)

    def _comparison(self, node: Compare) -> Truth:
        left, right = node.left, node.right
        if left.type is Type.TEXT:
            a, b = self.text(left), self.text(right)
            for tree, other in ((left, right), (right, left)):
                if isinstance(other, Const) and isinstance(other.value, str):
                    self.compared.setdefault(tree, set()).add(other.value)
            equal = self._decided(both([a.known, b.known]), a.value == b.value)
            return equal if node.op == "==" else Truth(equal.false, equal.true)
        scored = self._score_comparison(node)
        if scored is not None:
            return scored
        x, y = self.number(left), self.number(right)
        return self._decided(both([x.known, y.known]), _ORDER[node.op](x.value, y.value))

    def _member(self, item: Expr, values: frozenset[float | str]) -> Truth:
        if not values:
            return Truth(False, True)
        if item.type is Type.TEXT:
            texts = sorted(v for v in values if isinstance(v, str))
            found = self.text(item)
            self.compared.setdefault(item, set()).update(texts)
            return self._decided(found.known, self._among(found.value, texts))
        x = self.number(item)
        holds = either(x.value == number(v) for v in sorted(v for v in values if isinstance(v, float)))
        return self._decided(x.known, holds)

    def _contains(self, node: Contains, item: Expr, options: Expr) -> Truth:
        if isinstance(item, Const) and isinstance(item.value, str):
            return self._decided(self.known(options), self._entry(options, item.value))
        empty = self._predicate("empty list", options, ())
        a, b = self.known(item), self.known(options)
        holds = self.fresh("contains", "bool")
        return Truth(both([a, b, holds]), both([b, either([both([a, negated(holds)]), empty])]))

    def _entry(self, options: Expr, text: str) -> Formula:
        if isinstance(options, Const):
            return isinstance(options.value, tuple) and text in options.value
        key = (options, text)
        if key not in self.entries:
            self.entries[key] = self.fresh("entry", "bool")
        return self.entries[key]

    def _call_truth(self, node: Call) -> Truth:
        first = node.arguments[0]
        match node.function:
            case "is_missing":
                known = self.known(first)
                return Truth(negated(known), known)
            case "evidence":
                return self.truth(first) if first.type is Type.BOOLEAN else Truth(self.known(first), False)
            case "coalesce":
                return self._first_known([self.truth(a) for a in node.arguments])
            case "mentions":
                known, count = self._mentions(node)
                return self._decided(known, count > 0)
            case "overlaps":
                return self._overlaps(node)
            case _:
                return self._predicate_truth(node)

    def _first_known(self, options: Sequence[Truth]) -> Truth:
        true: Formula = False
        false: Formula = False
        for option in reversed(options):
            unknown = both([negated(option.true), negated(option.false)])
            true = either([option.true, both([unknown, true])])
            false = either([option.false, both([unknown, false])])
        return Truth(true, false)

    def _overlaps(self, node: Call) -> Truth:
        a, b = node.arguments
        known = both([self.known(a), self.known(b)])
        for one, other in ((a, b), (b, a)):
            if isinstance(other, Const) and isinstance(other.value, tuple):
                return self._decided(known, either(self._entry(one, text) for text in other.value))
        return self._decided(known, self.fresh("overlaps", "bool"))

    def _predicate_truth(self, node: Call) -> Truth:
        """A boolean function of one text and constants; tabulated where the text's values are few."""
        first, rest = node.arguments[0], node.arguments[1:]
        known = both(self.known(a) for a in node.arguments)
        if not all(isinstance(a, Const) for a in rest):
            return self._decided(known, self.fresh(node.function, "bool"))
        constants = tuple(a.value for a in rest if isinstance(a, Const))
        texts = self.finite(first)
        function = FUNCTIONS[node.function].implementation
        if texts is not None and function is not None:
            holding = [t for t in texts if function(t, *constants)]
            return self._decided(known, self._among(self.text(first).value, holding))
        return self._decided(known, self._predicate(node.function, first, constants))

    def _predicate(self, function: str, first: Expr, constants: tuple[Value, ...]) -> Any:
        key = (function, first, constants)
        if key not in self.predicates:
            self.predicates[key] = self.fresh(function, "bool")
        return self.predicates[key]

    # --- what is known ---

    def known(self, node: Expr) -> Formula:
        """When a tree's value is known."""
        match node.type:
            case Type.BOOLEAN:
                found = self.truth(node)
                return either([found.true, found.false])
            case Type.NUMBER | Type.DATE:
                return self.number(node).known
            case Type.TEXT:
                return self.text(node).known
            case Type.TEXTS:
                return self._list_known(node)
            case _:
                return isinstance(node, Const) and node.value is not None

    def _list_known(self, node: Expr) -> Formula:
        match node:
            case Const(value):
                return value is not None
            case Name(path):
                definition = self.scope.definition(path)
                if isinstance(definition, DerivedStep):
                    return self._list_known(definition.tree)
                return True if isinstance(definition, RulesetStep) else self.field(path).known
            case IfElse(condition, then, other):
                c = self.truth(condition)
                return either([both([c.true, self.known(then)]), both([c.false, self.known(other)])])
            case Call("coalesce", arguments):
                return either(self.known(a) for a in arguments)
            case _:
                return self.fresh("known", "bool")

    # --- numbers and days ---

    def number(self, node: Expr) -> Known:
        """A number or day."""
        if node not in self._numbers:
            self._numbers[node] = self._number(node)
        return self._numbers[node]

    def _number(self, node: Expr) -> Known:
        match node:
            case Const(value):
                return Known(isinstance(value, float), number(value if isinstance(value, float) else 0.0))
            case Name(path):
                return self._named_number(path)
            case Negate(operand):
                inner = self.number(operand)
                return Known(inner.known, -inner.value)
            case Arith(op, left, right):
                return self._arithmetic(op, left, right)
            case IfElse(condition, then, other):
                return self._chosen(condition, self.number(then), self.number(other))
            case Call("coalesce", arguments):
                return self._coalesced([self.number(a) for a in arguments])
            case Call("count_mentions"):
                known, count = self._mentions(node)
                return Known(known, z3.ToReal(count))
            case Call():
                return self._called_number(node)
            case _:
                raise AssertionError(f"{type(node).__name__} is no number")

    def _chosen(self, condition: Expr, then: Known, other: Known) -> Known:
        c = self.truth(condition)
        known = either([both([c.true, then.known]), both([c.false, other.known])])
        return Known(known, _if(c.true, then.value, other.value))

    def _coalesced(self, options: Sequence[Known]) -> Known:
        value = options[-1].value
        for option in reversed(options[:-1]):
            value = _if(option.known, option.value, value)
        return Known(either(o.known for o in options), value)

    def _named_number(self, path: str) -> Known:
        definition = self.scope.definition(path)
        if isinstance(definition, DerivedStep):
            return self.number(definition.tree)
        if isinstance(definition, Scorecard):
            return self._card_number(definition, path.partition(".")[2])
        if isinstance(definition, RulesetStep):
            return self._output_number(definition, path.partition(".")[2])
        return self.field(path)

    def _arithmetic(self, op: str, left: Expr, right: Expr) -> Known:
        x, y = self.number(left), self.number(right)
        known = both([x.known, y.known])
        match op:
            case "+":
                return Known(known, x.value + y.value)
            case "-":
                return Known(known, x.value - y.value)
            case "*":
                return Known(known, x.value * y.value)
            case "/":
                return self._quotient(known, x.value, y.value, right)
            case "//" | "%":
                return self._floored(op, known, x.value, y.value)
            case _:
                if isinstance(right, Const) and right.value == 2.0:
                    return Known(known, x.value * x.value)
                return Known(both([known, self.fresh("known", "bool")]), self.fresh("power"))

    def _quotient(self, known: Formula, x: Any, y: Any, divisor: Expr) -> Known:
        if isinstance(divisor, Const):
            return Known(known, x / y) if divisor.value else Known(False, number(0.0))
        quotient = self.fresh("quotient")
        self.facts.append(implied(y != 0, quotient * y == x))
        return Known(both([known, y != 0]), quotient)

    def _floored(self, op: str, known: Formula, x: Any, y: Any) -> Known:
        whole, rest = self.fresh("whole", "int"), self.fresh("rest")
        exact = z3.And(
            x == z3.ToReal(whole) * y + rest,
            z3.If(y > 0, z3.And(rest >= 0, rest < y), z3.And(rest <= 0, rest > y)),
        )
        self.facts.append(implied(y != 0, exact))
        return Known(both([known, y != 0]), z3.ToReal(whole) if op == "//" else rest)

    def _called_number(self, node: Call) -> Known:
        arguments = node.arguments
        ready = FUNCTIONS[node.function]
        known = both(self.known(a) for a in arguments) if ready.strict else self.fresh("known", "bool")
        numbers = [self.number(a).value for a in arguments if a.type in (Type.NUMBER, Type.DATE)]
        match node.function:
            case "min" | "max":
                value = numbers[0]
                for other in numbers[1:]:
                    smaller = value <= other if node.function == "min" else value >= other
                    value = z3.If(smaller, value, other)
                return Known(known, value)
            case "abs":
                return Known(known, z3.If(numbers[0] < 0, -numbers[0], numbers[0]))
            case "days_between":
                return Known(known, numbers[1] - numbers[0])
            case "floor" | "ceil":
                whole = z3.ToInt(numbers[0]) if node.function == "floor" else -z3.ToInt(-numbers[0])
                return Known(known, z3.ToReal(whole))
            case "round":
                return Known(known, self._rounded(node, numbers[0]))
            case "add_days":
                moved = numbers[0] + numbers[1]
                exact = z3.And(z3.IsInt(numbers[1]), moved >= int(MIN_DAY), moved <= int(MAX_DAY))
                return Known(both([known, exact]), moved)
            case name:
                return self._bounded(name, node, known)

    def _rounded(self, node: Call, x: Any) -> Any:
        digits = node.arguments[1] if len(node.arguments) > 1 else None
        places = int(digits.value) if isinstance(digits, Const) and isinstance(digits.value, float) else 0
        step = 10**places
        whole = self.fresh("rounded", "int")
        # Halves go to the even neighbour; either neighbour is allowed here.
        self.facts.append(z3.And(whole - x * step <= number(0.5), x * step - whole <= number(0.5)))
        return z3.ToReal(whole) / step

    def _bounded(self, name: str, node: Call, known: Formula) -> Known:
        """A function the solver does not know: any value within its bounds, the same one each time."""
        low, high, whole = _BOUNDS.get(name, (None, None, False))
        value = self.fresh(name, "int" if whole else "real")
        if node.type is Type.DATE:
            low, high = MIN_DAY, MAX_DAY
        self.facts += [value >= int(low)] if low is not None else []
        self.facts += [value <= int(high)] if high is not None else []
        first, rest = node.arguments[0], node.arguments[1:]
        if first.type is Type.TEXTS and name == "length":
            self.facts += [implied(e, value >= 1) for (of, _), e in self.entries.items() if of == first]
        if first.type not in (Type.NUMBER, Type.BOOLEAN) and all(isinstance(a, Const) for a in rest):
            self.predicates[name, first, tuple(a.value for a in rest if isinstance(a, Const))] = value
        if FUNCTIONS[name].partial:
            defined = self.fresh("known", "bool")
            self.defined[node] = defined
            known = both([known, defined])
        return Known(known, z3.ToReal(value) if whole else value)

    # --- texts ---

    def text(self, node: Expr) -> Known:
        """A text's code."""
        if node not in self._texts:
            self._texts[node] = self._text(node)
        return self._texts[node]

    def _text(self, node: Expr) -> Known:
        match node:
            case Const(value):
                return Known(isinstance(value, str), z3.IntVal(self.codes.code(str(value))))
            case Name(path):
                definition = self.scope.definition(path)
                if isinstance(definition, DerivedStep):
                    return self.text(definition.tree)
                if isinstance(definition, Scorecard):
                    return self._card(definition).tier
                if isinstance(definition, RulesetStep):
                    return self._output_text(definition, path.partition(".")[2])
                return self.field(path)
            case IfElse(condition, then, other):
                return self._chosen(condition, self.text(then), self.text(other))
            case Call("coalesce", arguments):
                return self._coalesced([self.text(a) for a in arguments])
            case Call("join", arguments):
                return Known(either(self.known(a) for a in arguments), self.fresh("join", "int"))
            case Call(_, arguments):
                return Known(both(self.known(a) for a in arguments), self.fresh("text", "int"))
            case _:
                raise AssertionError(f"{type(node).__name__} is no text")

    # --- terms in texts ---

    def parts(self, text: Expr) -> Parts:
        """The texts a joined text is made of. No term reaches from one to the next."""
        found: dict[Expr, None] = {}
        pending, seen = [text], {text}
        while pending:
            part = pending.pop()
            definition = self.scope.definition(part.path) if isinstance(part, Name) else None
            inner: tuple[Expr, ...] = ()
            if isinstance(definition, DerivedStep):
                inner = (definition.tree,)
            elif isinstance(part, Call) and part.function == "join":
                inner = part.arguments
            else:
                found[part] = None
            pending += [p for p in reversed(inner) if p not in seen]
            seen.update(inner)
        return tuple(found)

    def _mentions(self, node: Call) -> tuple[Formula, Any]:
        """(the text and the list are known, how many matches there are; none where they are unknown)."""
        text, terms = node.arguments
        assert isinstance(terms, Const)
        if terms.value is None:
            return False, z3.IntVal(0)
        parts = self.parts(text)
        key = (parts, terms.value)
        if key not in self.sought:
            known = either(self.known(p) for p in parts)
            count = self.fresh("mentions", "int")
            some = known if term_list(self.scope.book, terms.value).terms else False
            self.facts += [count >= 0, implied(negated(some), count == 0)]
            self.sought[key] = (known, count)
        return self.sought[key]

    # --- scorecards ---

    def _card(self, card: Scorecard) -> CardResult:
        if card.id not in self._cards:
            self._cards[card.id] = self._encode_card(card)
        return self._cards[card.id]

    def _encode_card(self, card: Scorecard) -> CardResult:
        total, scored, known, whole = (z3.IntVal(0) for _ in range(4))
        for line in card.characteristics:
            outside, valued, points = self._characteristic(line)
            whole = whole + _if(outside, z3.IntVal(0), z3.IntVal(line.weight))
            known = known + _if(valued, z3.IntVal(line.weight), z3.IntVal(0))
            fallback = line.missing
            given = (
                _if(both([negated(outside), negated(valued)]), True, False) if fallback is not None else False
            )
            counted = either([valued, given])
            scored = scored + _if(counted, z3.IntVal(line.weight), z3.IntVal(0))
            missing = z3.IntVal((fallback or 0) * line.weight)
            total = total + _if(valued, points * line.weight, _if(given, missing, z3.IntVal(0)))
        enough = z3.And(scored > 0, self._ratio(">=", known, whole, card.minimum_coverage))
        result = CardResult(total, scored, known, whole, enough, Known(False, z3.IntVal(0)))
        reached = [self._at_least(card, result, tier.at_least) for tier in card.tiers]
        code: Any = z3.IntVal(self.codes.code(card.tiers[0].id)) if card.tiers else z3.IntVal(-1)
        for tier, above in zip(card.tiers[1:], reached[1:], strict=True):
            code = _if(above, z3.IntVal(self.codes.code(tier.id)), code)
        tiered = both([enough, reached[0]]) if card.tiers else False
        return CardResult(total, scored, known, whole, enough, Known(tiered, code))

    def _characteristic(self, line: Characteristic) -> tuple[Formula, Formula, Any]:
        """(does not apply, has points of its own, the points in thousandths)."""
        applies = Truth(True, False) if line.applies is None else self.truth(line.applies.tree)
        if line.points is not None:
            given = self.number(line.points.tree)
            low, high = number(Fraction(line.least, 1000)), number(Fraction(line.most, 1000))
            clipped = z3.If(given.value < low, low, z3.If(given.value > high, high, given.value))
            points = self.fresh("points", "int")
            near = number(0.5)
            self.facts.append(z3.And(points - clipped * 1000 <= near, clipped * 1000 - points <= near))
            return applies.false, both([applies.true, given.known]), points
        assert line.value is not None
        chosen: Formula = False
        value: Any = z3.IntVal(0)
        for band in reversed(line.bins):
            fits = self.known(line.value.tree) if band.test is None else self.truth(band.test).true
            value = _if(fits, z3.IntVal(band.points), value)
            chosen = either([fits, chosen])
        return applies.false, both([applies.true, chosen]), value

    def _ratio(self, op: str, part: Any, whole: Any, bound: float) -> Formula:
        """`part / whole op bound` for whole numbers; near the bound, where doubles round, anything goes."""
        if bound in (0.0, 1.0):
            return z3.And(whole > 0, _ORDER[op](z3.ToReal(part), z3.ToReal(whole) * int(bound)))
        return z3.And(whole > 0, _ORDER[op](z3.ToReal(part), z3.ToReal(whole) * number(bound)))

    def _at_least(self, card: Scorecard, result: CardResult, bound: float) -> Formula:
        if bound == float("-inf"):
            return True
        return self._score_order(card, result, ">=", bound)

    def _score_order(self, card: Scorecard, result: CardResult, op: str, bound: float) -> Formula:
        """`score op bound`, without a division."""
        divisor: Any = z3.ToReal(result.scored) * 1000 if card.method == "weighted_mean" else 1_000_000
        return _ORDER[op](z3.ToReal(result.total), number(bound) * divisor)

    def _score_comparison(self, node: Compare) -> Truth | None:
        if not (isinstance(node.left, Name) and isinstance(node.right, Const)):
            return None
        card = self.scope.definition(node.left.path)
        bound = node.right.value
        if not isinstance(card, Scorecard) or not isinstance(bound, float):
            return None
        result = self._card(card)
        if node.left.path.endswith(".coverage"):
            return self._decided(result.whole > 0, self._ratio(node.op, result.known, result.whole, bound))
        return self._decided(result.enough, self._score_order(card, result, node.op, bound))

    def _card_number(self, card: Scorecard, part: str) -> Known:
        result = self._card(card)
        value = self.fresh(f"{card.id}.{part}")
        if part == "coverage":
            self.facts.append(
                implied(result.whole > 0, value * z3.ToReal(result.whole) == z3.ToReal(result.known))
            )
            return Known(result.whole > 0, value)
        if card.method == "sum":
            return Known(result.enough, z3.ToReal(result.total) / 1_000_000)
        product = value * z3.ToReal(result.scored) * 1000
        self.facts.append(implied(result.enough, product == z3.ToReal(result.total)))
        return Known(result.enough, value)

    # --- outputs of other rulesets ---

    def _output_number(self, step: RulesetStep, name: str) -> Known:
        output = step.outputs[name]
        if output.combine == "count" and not any(r.rule.group for r in step.rules):
            setting = [
                self._acts(r) for r in step.rules if name in r.then and isinstance(r.then[name], Const)
            ]
            if len(setting) == sum(name in r.then for r in step.rules):
                count = z3.Sum([z3.If(s, 1, 0) for s in setting if not isinstance(s, bool)] + [z3.IntVal(0)])
                return Known(True, z3.ToReal(count + sum(s is True for s in setting)))
        return Known(self.fresh("known", "bool"), self.fresh(f"{step.ruleset.id}.{name}"))

    def _output_text(self, step: RulesetStep, name: str) -> Known:
        """The worst, best or first of constants; any other output is left open."""
        output, rules = step.outputs[name], [r for r in step.rules if name in r.then]
        plain = all(isinstance(r.then[name], Const) and r.rule.group is None for r in rules)
        order = output.symbol.allowed or ()
        if not plain or output.combine not in ("worst", "best", "first"):
            return Known(self.fresh("known", "bool"), self.fresh(name, "int"))
        entries = [(self._acts(r), str(r.then[name].value)) for r in rules if isinstance(r.then[name], Const)]  # type: ignore[union-attr]
        if name == "verdict" and "review" in order:
            waits = either(self._waits(r) for r in step.rules if r.rule.if_unknown == "review")
            entries.append((waits, "review"))
        if output.combine != "first":
            entries.sort(key=lambda entry: order.index(entry[1]), reverse=output.combine == "worst")
        default = output.default if isinstance(output.default, str) else None
        code: Any = z3.IntVal(self.codes.code(default or ""))
        for acts, value in reversed(entries):
            code = _if(acts, z3.IntVal(self.codes.code(value)), code)
        return Known(True if default else either(acts for acts, _ in entries), code)

    def _waits(self, rule: Any) -> Formula:
        found = self.truth(rule.condition)
        return both([negated(found.true), negated(found.false)])

    def _acts(self, rule: Any) -> Formula:
        found = self.truth(rule.condition)
        return negated(found.false) if rule.rule.if_unknown == "fire" else found.true

    # --- what relates the unknown functions to each other ---

    def relations(self) -> Iterator[Formula]:
        """What is known of functions of texts that the question asks more than one thing of."""
        yield from self._term_relations()
        yield from self._constant_relations()
        yield from _pairs_of_predicates(self.predicates)

    def _term_relations(self) -> Iterator[Formula]:
        entries = [
            (parts, term_list(self.scope.book, terms), count)
            for (parts, terms), (_, count) in self.sought.items()
        ]
        for (parts, terms, count), (others, more, larger) in combinations(entries, 2):
            if set(parts) <= set(others) and _within(terms, more):
                yield implied(count > 0, larger > 0)
            if set(others) <= set(parts) and _within(more, terms):
                yield implied(larger > 0, count > 0)
        for parts, terms, count in entries:
            yield from self._tabulated_terms(parts, terms, count)
            if len(parts) > 1:
                single = [self.sought.get(((p,), _key(terms))) for p in parts]
                if all(s is not None for s in single):
                    yield implied(count > 0, either(s[1] > 0 for s in single if s is not None))

    def _tabulated_terms(self, parts: Parts, terms: TermList, count: Any) -> Iterator[Formula]:
        """Of a field with few allowed texts it is known which of them hold a term."""
        for part in parts:
            texts = self.finite(part)
            if texts is None or len(texts) > MOST_TABULATED:
                continue
            found = self.text(part)
            holding = [t for t in texts if scanner(terms).hits(t)]
            holds = both([found.known, self._among(found.value, holding)]) if holding else False
            yield implied(holds, count > 0)
            if len(parts) == 1:
                yield implied(count > 0, holds)

    def _constant_relations(self) -> Iterator[Formula]:
        """A text that equals a constant has the constant's properties."""
        for tree, texts in self.compared.items():
            code = self.text(tree).value
            for text in sorted(texts):
                same = code == self.codes.code(text)
                for (function, of, constants), variable in self.predicates.items():
                    implementation = FUNCTIONS[function].implementation if function in FUNCTIONS else None
                    if of == tree and implementation is not None:
                        value = implementation(text, *constants)
                        if isinstance(value, bool):
                            yield implied(same, variable if value else negated(variable))
                        elif isinstance(value, float):
                            exact = int(value) if variable.is_int() else number(value)
                            yield implied(same, variable == exact)
                for (parts, terms), (known, count) in self.sought.items():
                    if parts == (tree,):
                        matches = scanner(term_list(self.scope.book, terms)).count(text, 0)
                        yield implied(both([known, same]), count == matches)


def _key(terms: TermList) -> Value:
    return terms.terms if terms.id == "inline" else terms.id


def _within(terms: TermList, more: TermList) -> bool:
    """Whether every match of `terms` is surely one of `more`."""
    same = (terms.case, terms.accents, terms.plural, terms.negation) == (
        more.case,
        more.accents,
        more.plural,
        more.negation,
    )
    return same and set(terms.terms) <= set(more.terms) and set(more.exceptions) <= set(terms.exceptions)


def _pairs_of_predicates(predicates: Any) -> Iterator[Formula]:
    """Implications and exclusions between tests of one text's beginning, end, parts and path."""
    simple = [
        (name, of, str(constants[0]), variable)
        for (name, of, constants), variable in predicates.items()
        if name in _PREFIXES and len(constants) == 1
    ]
    for (name, of, a, p), (other, of2, b, q) in combinations(simple, 2):
        if of != of2:
            continue
        if _follows(name, a, other, b):
            yield implied(p, q)
        if _follows(other, b, name, a):
            yield implied(q, p)
        if name == other and _exclude(name, a, b):
            yield negated(both([p, q]))


_PREFIXES = ("starts_with", "ends_with", "contains", "under")


def _follows(name: str, a: str, other: str, b: str) -> bool:
    """Whether a text that passes `name(text, a)` surely passes `other(text, b)`."""
    match name, other:
        case ("starts_with", "starts_with") | ("under", "starts_with"):
            return a.startswith(b)
        case ("ends_with", "ends_with"):
            return a.endswith(b)
        case (_, "contains"):
            return b in a
        case ("under", "under"):
            return a == b or a.startswith(b + "/")
        case _:
            return False


def _exclude(name: str, a: str, b: str) -> bool:
    """Whether no text passes both tests."""
    match name:
        case "starts_with":
            return not (a.startswith(b) or b.startswith(a))
        case "ends_with":
            return not (a.endswith(b) or b.endswith(a))
        case "under":
            return not (a == b or a.startswith(b + "/") or b.startswith(a + "/"))
        case _:
            return False


_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}

_BOUNDS: dict[str, tuple[float | None, float | None, bool]] = {
    "length": (0, None, True),
    "word_count": (0, None, True),
    "script_share": (0, 1, False),
    "sqrt": (0, None, False),
    "exp": (0, None, False),
    "year": (1, 9999, True),
    "month": (1, 12, True),
    "day": (1, 31, True),
    "weekday": (1, 7, True),
}
"""Function -> (least, most, whole numbers only)."""
