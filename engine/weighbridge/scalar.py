"""The scalar program: generated straight-line Python that decides one record.

A program reads and checks the record, computes what its target needs, asks the rules that can fire, and
returns numbers: which rules fired, which that must say so are undecided, and the scores. Decisions and
explanations are made from these on request. All generated text comes from typed trees; names of users become
local variables with a prefix, texts of users constants.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, cast

from weighbridge.combine import Combiner
from weighbridge.conditions import Facts
from weighbridge.diagnostics import Diagnostic
from weighbridge.documents import RecordTypeModel
from weighbridge.emit import EMPTY, NAN, Emitter, unknown_code
from weighbridge.index import Bucket, Group, buckets, build_index
from weighbridge.normal_form import ALWAYS, NEVER, AllOf, AnyOf, Formula, Leaf, when
from weighbridge.records import MAX_TEXT, FieldReader, prefixes, readers, unknown_fields
from weighbridge.rulebook import Characteristic, Rulebook
from weighbridge.specialise import DerivedStep, RulesetStep, ScoreStep, Specialised, SpecialRule
from weighbridge.terms import Match, Scanner, TermList
from weighbridge.tree import (
    Call,
    Const,
    Expr,
    Name,
    Type,
    Value,
    walk,
)

_NUMERIC = (Type.NUMBER, Type.DATE)


class TextScan:
    """All term lists that are looked for in one text, found in one pass."""

    __slots__ = ("lists", "scanner")

    def __init__(self, lists: tuple[TermList, ...]) -> None:
        self.lists = lists
        self.scanner = Scanner(lists)

    def hits(self, text: str | tuple[str, ...] | None) -> frozenset[int]:
        """The numbers of the lists with a match; nothing for an unknown text."""
        if text is None:
            return EMPTY
        if isinstance(text, str):
            return self.scanner.hits(text)
        return frozenset().union(*(self.scanner.hits(t) for t in text))

    def hits_each(self, texts: Sequence[Value]) -> Iterator[tuple[int, set[int]]]:
        """(place, numbers of lists) for texts with a match; a place may come more than once."""
        parts: list[str] = []
        places: list[int] = []
        for place, text in enumerate(texts):
            several = text if isinstance(text, tuple) else () if text is None else (str(text),)
            parts += several
            places += [place] * len(several)
        for part, found in self.scanner.hits_each(parts):
            yield places[part], found

    def count(self, text: str | tuple[str, ...] | None, index: int, hits: frozenset[int]) -> float:
        """How many matches one list has; NaN for an unknown text."""
        if text is None:
            return NAN
        if index not in hits:
            return 0.0
        several = (text,) if isinstance(text, str) else text
        return float(sum(self.scanner.count(t, index) for t in several))

    def matches(self, text: str | tuple[str, ...], index: int) -> tuple[Match, ...]:
        """The matches of one list, in order."""
        if isinstance(text, str):
            return self.scanner.matches(text, index)
        return tuple(m for t in text for m in self.scanner.matches(t, index))


class Program:
    """One target, market and epoch, compiled.

    `run(record, day)` gives (results, values, hits). `results` has one entry per scorecard and ruleset step, in
    order. A scorecard's is (score, tier, coverage, points): NaN and None are undetermined; `points` has per
    characteristic thousandths where the value is known, (thousandths,) where it is unknown and the scorecard
    gives points for that, None where unknown and False where not applicable. A ruleset's is (fired, undecided,
    computed): positions of rules, ascending, and the outputs that depend on the record by (position, output).
    `values` are the derived values, scores and outputs named in `names`; `hits` the term lists found in the
    texts, where `mention_places` says which. Explanations are made of these and the record.
    """

    def __init__(self, book: Rulebook, special: Specialised) -> None:
        self.special = special
        self.model = book.record_types[book.record_of(special.target)]
        builder = _Builder(book, special, self.model)
        self.run: Callable[[Mapping[str, Any], float], tuple[Any, ...]] = builder.program()
        self.names = builder.computed_names()
        self.mention_places = builder.mention_places()
        self.source = builder.source


class _Builder:
    """Writes the source text of one program and compiles it."""

    def __init__(self, book: Rulebook, special: Specialised, model: RecordTypeModel) -> None:
        self.book = book
        self.special = special
        self.model = model
        self.lines: list[str] = []
        self.indent = 1
        self.lists: dict[Expr, dict[Value, int]] = {}
        self.emitter = Emitter({"as_of": "as_of"}, self._list_number)
        self.assigned_hits = 0
        self.results: list[str] = []
        self.source = ""

    # --- output ---

    def add(self, line: str) -> None:
        self.lines.append("    " * self.indent + line)

    def program(self) -> Callable[..., Any]:
        """Compiles the program."""
        self._read_fields()
        for step in self.special.steps:
            match step:
                case DerivedStep(path, tree):
                    self._assign(path, tree)
                case ScoreStep():
                    self._score(step)
                case RulesetStep():
                    self._ruleset(step, last=step is self.special.steps[-1])
        values = "".join(f"{self.emitter.locals[name]}, " for name in self.computed_names())
        hits = "".join(f"{local}, " for local in self.emitter.hits.values())
        self.add(f"return ({', '.join(self.results)},), ({values}), ({hits})")
        return self._compile("program", ["record", "as_of"])

    def _compile(self, name: str, parameters: list[str]) -> Callable[..., Any]:
        body = self.lines or ["    pass"]
        self.source = f"def {name}({', '.join(parameters)}):\n" + "\n".join(body) + "\n"
        for text, lists in self.lists.items():
            variable = self.emitter.scanners[text]
            self.emitter.globals[variable] = self._scan(text, lists)
        space = self.emitter.globals
        exec(
            compile(self.source, f"<weighbridge {self.special.target} {self.special.market}>", "exec"), space
        )
        return cast(Callable[..., Any], space.pop(name))

    def _scan(self, text: Expr, lists: Mapping[Value, int]) -> TextScan:
        known = self.emitter.globals.get(self.emitter.scanners[text])
        if isinstance(known, TextScan) and len(known.lists) == len(lists):
            return known
        return TextScan(tuple(term_list(self.book, value) for value in lists))

    def computed_names(self) -> tuple[str, ...]:
        """The names whose values the program computes, in the order it returns them."""
        given = {*self.model.fields, "as_of"}
        return tuple(name for name in self.emitter.locals if name not in given)

    def mention_places(self) -> dict[tuple[Expr, Value], tuple[int, int]]:
        """For a text and a term list: which of the returned hit sets, and which number in it."""
        return {
            (text, terms): (place, number)
            for place, text in enumerate(self.emitter.hits)
            for terms, number in self.lists[text].items()
        }

    def _list_number(self, text: Expr, terms: Value) -> int:
        lists = self.lists.setdefault(text, {})
        return lists.setdefault(terms, len(lists))

    # --- fields and derived values ---

    def _local(self, path: str) -> str:
        local = "v_" + "".join(c if c.isalnum() else f"_{ord(c):x}_" if c not in "._" else "_" for c in path)
        while local in self.emitter.locals.values():
            local += "_"
        self.emitter.locals[path] = local
        return local

    def _read_fields(self) -> None:
        space = self.emitter.globals
        space["refuse"] = _refuse
        self.add("bad = []")
        if self.model.additional_fields == "forbid":
            space["FIELDS"] = frozenset(self.model.fields)
            space["unknown_fields"] = lambda record: unknown_fields(record, self.model)
            self.add("if not FIELDS.issuperset(record): bad += unknown_fields(record)")
        self.add("get = record.get")
        for name, reader in readers(self.model).items():
            self._read_field(name, reader)
        self.add("if bad: refuse(bad)")

    def _read_field(self, name: str, reader: FieldReader) -> None:
        """Usual values first, then a missing one, then everything else, which the reader looks at."""
        local = self._local(name)
        read = f"r_{local}"
        self.emitter.globals[read] = reader.read
        missing = unknown_code(reader.type)
        slow = f"{local} = {read}(v, bad)"
        if missing == "nan":
            slow = f"{local} = {read}(v, bad); {local} = nan if {local} is None else {local}"
        branches = self._usual_values(local, reader)
        if not reader.required:
            branches.append(("v is None", f"{local} = {missing}"))
        self.add(f"v = get({name!r})")
        for number, (test, action) in enumerate(branches):
            self.add(f"{'elif' if number else 'if'} {test}: {action}")
        self.add(f"else: {slow}" if branches else slow)

    def _usual_values(self, local: str, reader: FieldReader) -> list[tuple[str, str]]:
        """(test, action) for values that are right as they stand."""
        match reader.type:
            case Type.NUMBER:
                inside = f"{reader.minimum!r} <= v <= {reader.maximum!r}"
                return [
                    (f"type(v) is float and {inside}", f"{local} = v"),
                    (f"type(v) is int and {inside}", f"{local} = float(v)"),
                ]
            case Type.BOOLEAN:
                return [("v is True or v is False", f"{local} = v")]
            case Type.TEXT if reader.allowed is not None or reader.tree is not None:
                choices = self.emitter.constant(reader.allowed or reader.tree)
                return [(f"type(v) is str and v in {choices}", f"{local} = v")]
            case Type.TEXT:
                # ASCII that begins with a mark or letter is neither blank nor broken.
                return [
                    (f"type(v) is str and v >= '!' and v.isascii() and len(v) <= {MAX_TEXT}", f"{local} = v")
                ]
            case _:
                return []

    def _assign(self, path: str, tree: Expr) -> None:
        self._before([Facts(tree)])
        code = self.emitter.value(tree)
        self._flush_hits()
        self.add(f"{self._local(path)} = {code}")

    # --- shared values and term hits ---

    def _before(self, parts: Sequence[Facts]) -> None:
        """Computes once what several of `parts` need, and finds the terms in their texts."""
        # A text may itself depend on what an inner text mentions: smaller expressions first.
        for text in sorted(dict.fromkeys(text for f in parts for text, _ in f.mentions), key=_size):
            self.emitter.hit_set(text)
        for facts in parts:
            for name in facts.categories:
                self._path_set(name)
            for text, terms in facts.mentions:
                self._list_number(text, terms)
        self._flush_hits()
        counts = Counter(node for facts in parts for node in facts.computed)
        repeated = [node for node, n in counts.items() if n > 1 and node not in self.emitter.shared]
        for node in sorted(repeated, key=_size):
            code = self.emitter.value(node)
            local = f"x{len(self.emitter.shared)}"
            self.emitter.shared[node] = local
            self.add(f"{local} = {code}")

    def _path_set(self, name: Name) -> None:
        """A category path and those above it, once: `under` is then a look-up."""
        if name.path not in self.emitter.paths:
            self.emitter.globals["prefixes"] = prefixes
            local = f"u{len(self.emitter.paths)}"
            self.emitter.paths[name.path] = local
            self.add(f"{local} = prefixes({self.emitter.locals[name.path]})")

    def _flush_hits(self) -> None:
        for text, local in list(self.emitter.hits.items())[self.assigned_hits :]:
            self.add(f"{local} = {self.emitter.scanners[text]}.hits({self.emitter.value(text)})")
        self.assigned_hits = len(self.emitter.hits)

    # --- scorecards ---

    def _score(self, step: ScoreStep) -> None:
        card = step.card
        conditions = [
            c for line in card.characteristics for c in (line.applies, line.value, line.points) if c
        ]
        tests = [b.test for line in card.characteristics for b in line.bins if b.test is not None]
        self._before([*(Facts(c.tree) for c in conditions), *map(Facts, tests)])
        prefix = (
            self._local(f"{card.id}.score"),
            self._local(f"{card.id}.coverage"),
            self._local(f"{card.id}.tier"),
        )
        points: list[str] = []
        self.add("total = scored = known = whole = 0")
        for number, line in enumerate(card.characteristics):
            # Each card has names of its own: the points are returned when all cards are done.
            local = f"p{len(self.results)}_{number}"
            points.append(local)
            self._characteristic(local, line)
        score, coverage, tier = prefix
        self.add(f"{coverage} = known / whole if whole else nan")
        divisor = "(scored * 1000)" if card.method == "weighted_mean" else "1000000"
        enough = f"scored > 0 and {coverage} >= {card.minimum_coverage!r}"
        self.add(f"{score} = total / {divisor} if {enough} else nan")
        # Below the lowest bound there is no tier, and none for a score that is not known.
        bounds = self.emitter.constant(tuple(band.at_least for band in card.tiers))
        bands = self.emitter.constant((None, *(band.id for band in card.tiers)))
        self.emitter.globals["bisect"] = bisect_right
        self.add(f"{tier} = {bands}[bisect({bounds}, {score})] if {score} == {score} else None")
        all_points = f"({', '.join(points)},)"
        self.results.append(f"({score}, {tier}, {coverage}, {all_points})")

    def _characteristic(self, local: str, line: Characteristic) -> None:
        depth = self.indent
        if line.applies is not None:
            self.add(f"if {self.emitter.test(when(line.applies.tree, False))}: {local} = False")
            self.add("else:")
            self.indent += 1
        self.add(f"whole += {line.weight}")
        applies = when(line.applies.tree, True) if line.applies is not None else ALWAYS
        if applies != ALWAYS:
            self.add(f"if not {self.emitter.test(applies)}:")
            self.indent += 1
            self._without_value(local, line)
            self.indent -= 1
            self.add("else:")
            self.indent += 1
        if line.points is not None:
            self._computed_points(local, line)
        else:
            self._binned_points(local, line)
        self.indent = depth

    def _without_value(self, local: str, line: Characteristic) -> None:
        if line.missing is None:
            self.add(f"{local} = None")
        else:
            self.add(f"{local} = ({line.missing},)")
            self.add(f"total += {line.missing * line.weight}; scored += {line.weight}")

    def _with_value(self, local: str, points: str, contribution: str, line: Characteristic) -> None:
        self.add(f"{local} = {points}")
        self.add(f"total += {contribution}; scored += {line.weight}; known += {line.weight}")

    def _computed_points(self, local: str, line: Characteristic) -> None:
        assert line.points is not None
        self.add(f"q = {self.emitter.value(line.points.tree)}")
        self.add("if q != q:")
        self.indent += 1
        self._without_value(local, line)
        self.indent -= 1
        self.add("else:")
        self.indent += 1
        # One rounding, half to even, of an exactly clipped number: the same in every form of a program.
        low, high = line.least / 1000, line.most / 1000
        self.add(f"q = round(({low!r} if q < {low!r} else {high!r} if q > {high!r} else q) * 1000)")
        self._with_value(local, "q", f"q * {line.weight}", line)

    def _binned_points(self, local: str, line: Characteristic) -> None:
        assert line.value is not None
        value = line.value.tree
        kept: str | None = None
        if (
            not isinstance(value, Name | Const)
            and value not in self.emitter.shared
            and value.type is not Type.BOOLEAN
        ):
            # Only here: what is computed inside a condition cannot be shared beyond it.
            kept = f"c_{local}"
            self.add(f"{kept} = {self.emitter.value(value)}")
            self.emitter.shared[value] = kept
        opening = "if"
        for band in line.bins:
            formula = when(band.test, True) if band.test is not None else self._is_known(value)
            self.add(f"{opening} {self.emitter.test(formula)}:")
            self.indent += 1
            self._with_value(local, str(band.points), str(band.points * line.weight), line)
            self.indent -= 1
            opening = "elif"
        self.add("else:")
        self.indent += 1
        self._without_value(local, line)
        self.indent -= 1
        if kept is not None:
            del self.emitter.shared[value]

    def _is_known(self, value: Expr) -> Formula:
        if value.type is Type.BOOLEAN:
            return AnyOf((when(value, True), when(value, False)))
        return Leaf(Call("is_missing", (value,), Type.BOOLEAN), False)

    # --- rulesets ---

    def _ruleset(self, step: RulesetStep, last: bool) -> None:
        loud = [r for r in step.rules if r.rule.if_unknown != "skip"]
        values = (t for r in step.rules for t in r.then.values() if not isinstance(t, Const))
        self._before([*(r.facts for r in step.rules), *map(Facts, values)])
        self.add("fired = []; fire = fired.append")
        self.add("undecided = []; und = undecided.append" if loud else "undecided = EMPTY_LIST")
        self.add("computed = {}" if any(_computes(r) for r in step.rules) else "computed = EMPTY_DICT")
        self.emitter.globals |= {"EMPTY_LIST": (), "EMPTY_DICT": MappingProxyType({})}
        masks = self._masks(loud)
        plain = {r.index: r.facts.keys for r in step.rules if not _computes(r)}
        groups, straight = build_index(plain, lambda text, terms: self._list_number(text, _constant(terms)))
        straight_set = set(straight) | {r.index for r in step.rules if _computes(r)}
        for rule in step.rules:
            if rule.index in straight_set:
                self._straight(rule, masks)
        indexed = [r for r in loud if r.index not in straight_set]
        for group in groups:
            self._group(group, step)
        self._indexed_undecided(indexed, masks)
        if groups:
            self.add("if len(fired) > 1: fired.sort()")
        if indexed:
            self.add("if len(undecided) > 1: undecided.sort()")
        self.results.append("(fired, undecided, computed)")
        self._outputs(step, last)

    def _masks(self, loud: list[SpecialRule]) -> dict[int, int | None]:
        """For each rule that must say when it is undecided, the bits of the values whose absence could make it so.

        None: it can be undecided with every value known (a division by zero, say).
        """
        bits: dict[str, int] = {}
        masks: dict[int, int | None] = {}
        for rule in loud:
            mask = 0
            for name in rule.facts.names:
                if name.path != "as_of":
                    mask |= 1 << bits.setdefault(name.path, len(bits))
            masks[rule.index] = None if rule.facts.is_partial else mask
        if bits:
            self.add("m = 0")
            kinds = {n.path: n.type for r in loud for n in r.facts.names}
            for path, bit in bits.items():
                local = self.emitter.locals[path]
                test = f"{local} != {local}" if kinds[path] in _NUMERIC else f"{local} is None"
                self.add(f"if {test}: m |= {1 << bit}")
        return masks

    def _straight(self, rule: SpecialRule, masks: Mapping[int, int | None]) -> None:
        self.add(f"if {self.emitter.test(rule.facts.holds)}:")
        self.indent += 1
        self.add(f"fire({rule.index})")
        for name, tree in rule.then.items():
            if not isinstance(tree, Const):
                self.add(f"computed[{rule.index}, {name!r}] = {self.emitter.value(tree)}")
        self.indent -= 1
        if rule.index in masks:
            test = self._undecided_test(rule, masks[rule.index])
            if test is not None:
                self.add(f"elif {test}:")
                self.indent += 1
                self.add(f"und({rule.index})")
                for name, tree in rule.then.items():
                    if not isinstance(tree, Const) and rule.rule.if_unknown == "fire":
                        self.add(f"computed[{rule.index}, {name!r}] = {self.emitter.value(tree)}")
                self.indent -= 1

    def _undecided_test(self, rule: SpecialRule, mask: int | None) -> str | None:
        """Code for "not known to be false", asked only where something it reads is missing."""
        if mask == 0:
            return None
        false = rule.facts.fails
        test = "True" if false == NEVER else f"not {self.emitter.test(false)}"
        return test if mask is None else f"m & {mask} and {test}"

    def _indexed_undecided(self, indexed: list[SpecialRule], masks: Mapping[int, int | None]) -> None:
        tests = {r.index: self._undecided_test(r, masks[r.index]) for r in indexed}
        if all(test is None for test in tests.values()):
            return
        union = 0
        always = any(masks[r.index] is None for r in indexed)
        for rule in indexed:
            union |= masks[rule.index] or 0
        self.add(f"if {'True' if always else f'm & {union}'}:")
        self.indent += 1
        self.add("seen = set(fired)")
        for position, test in tests.items():
            if test is not None:
                self.add(f"if {position} not in seen and {test}: und({position})")
        self.indent -= 1

    # --- the index ---

    def _group(self, group: Group, step: RulesetStep) -> None:
        arguments = self._arguments(group, step)
        table = f"g{len(self.emitter.globals)}"
        found: Any = group.table
        if not group.names and group.kind == "equal":
            found = group.table[()]
        self.emitter.globals[table] = found
        for bucket in buckets(group):
            if bucket.residual:
                bucket.run = self._lazy(bucket, arguments)
        call = f"e.run(fire{''.join(', ' + a for a in arguments)})"
        match group.kind:
            case "mentions":
                assert group.text is not None
                self.add(f"for i in {self.emitter.hits[group.text]}:")
                self.indent += 1
                self.add(f"e = {table}.get(i)")
                self._visit(call)
                self.indent -= 1
            case "under":
                self.add(f"for i in {self.emitter.paths[group.names[0].path]}:")
                self.indent += 1
                self.add(f"e = {table}.get(i)")
                self._visit(call)
                self.indent -= 1
            case _:
                self._equal_lookup(group, table, call)

    def _equal_lookup(self, group: Group, table: str, call: str) -> None:
        keys = [self.emitter.value(n) for n in group.names]
        code = (
            table
            if not keys
            else f"{table}.get({keys[0] if len(keys) == 1 else '(' + ', '.join(keys) + ')'})"
        )
        self.add(f"e = {code}")
        if group.interval is not None:
            x = self.emitter.value(group.interval)
            self.add(f"if e is not None: e = e.at({x}) if {x} == {x} else None")
        self._visit(call)

    def _visit(self, call: str) -> None:
        self.add("if e is not None:")
        self.indent += 1
        self.add("if e.ids: fired += e.ids")
        self.add(f"if e.run is not None: {call}")
        self.indent -= 1

    def _arguments(self, group: Group, step: RulesetStep) -> list[str]:
        """The local variables that the residual conditions of a group read."""
        emitter = self.emitter
        used: set[str] = set()
        for node in self._residual_reads(group, step):
            if isinstance(node, Name):
                used.update(by[node.path] for by in (emitter.locals, emitter.paths) if node.path in by)
                continue
            if isinstance(node, Call) and node.function in ("mentions", "count_mentions"):
                used.add(emitter.hits[node.arguments[0]])
            if node in emitter.shared:
                used.add(emitter.shared[node])
        return sorted(used)

    def _residual_reads(self, group: Group, step: RulesetStep) -> Iterator[Expr]:
        # One formula stands in many buckets of a cut number line; the formulas of one rule are one object.
        seen: set[int] = set()
        for bucket in buckets(group):
            for index, formula in bucket.residual:
                for part in formula.parts if isinstance(formula, AllOf) else (formula,):
                    if id(part) not in seen:
                        seen.add(id(part))
                        yield from step.rules[index].facts.reads(part)

    def _lazy(self, bucket: Bucket, arguments: list[str]) -> Callable[..., None]:
        """A stand-in that compiles the bucket's check when it is first needed."""
        lock = threading.Lock()

        def run(*values: Any) -> None:
            with lock:
                if bucket.run is run:
                    writer = _Builder(self.book, self.special, self.model)
                    writer.emitter, writer.lists = self.emitter, self.lists
                    for index, formula in bucket.residual:
                        writer.add(f"if {self.emitter.test(formula)}: fire({index})")
                    bucket.run = writer._compile("check", ["fire", *arguments])
            assert bucket.run is not None
            bucket.run(*values)

        return run

    # --- outputs that others read ---

    def _outputs(self, step: RulesetStep, last: bool) -> None:
        paths = {f"{step.ruleset.id}.{name}": name for name in step.outputs}
        if last:
            return
        combiner = Combiner(step)
        name = f"o{len(self.emitter.globals)}"
        self.emitter.globals[name] = combiner.values
        self.add(f"out = {name}(fired, undecided, computed)")
        for path, output in paths.items():
            numeric = step.outputs[output].symbol.type in _NUMERIC or step.outputs[output].combine == "count"
            local = self._local(path)
            self.add(f"{local} = out[{output!r}]")
            if numeric:
                self.add(f"if {local} is None: {local} = nan")


def _refuse(problems: list[Diagnostic]) -> None:
    from weighbridge.diagnostics import InvalidRecord

    raise InvalidRecord(problems)


def term_list(book: Rulebook, value: Value) -> TermList:
    """The term list a `terms` constant stands for: a list's id, or the terms themselves."""
    if isinstance(value, tuple):
        return TermList("inline", value)
    assert isinstance(value, str)
    return book.terms[value]


def _size(node: Expr) -> int:
    return sum(1 for _ in walk(node))


def _computes(rule: SpecialRule) -> bool:
    """Whether a rule sets an output to something that depends on the record."""
    return any(not isinstance(tree, Const) for tree in rule.then.values())


def _constant(node: Expr) -> Value:
    assert isinstance(node, Const)
    return node.value


def day_number(day: date) -> float:
    """A date in the engine's form."""
    return float(day.toordinal())
