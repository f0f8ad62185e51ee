"""Expression text -> typed tree, or diagnostics: the closed grammar of the language.

simpleeval's parser gives Python syntax; everything that is not named here is refused at load. There are no
attributes (a dotted name is one declared thing), no subscripts, no methods, no comprehensions, no string
formatting, no keyword arguments. Length, nesting and node count are bounded before anything is built.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from simpleeval import InvalidExpression, SimpleEval

from weighbridge.code_size import code_size
from weighbridge.diagnostics import Diagnostic, Span, suggest, unknown_name
from weighbridge.functions import FUNCTIONS, Function, Parameter
from weighbridge.terms import check_term
from weighbridge.tree import (
    And,
    Arith,
    ArithOp,
    Call,
    Compare,
    CompareOp,
    Const,
    Contains,
    Expr,
    IfElse,
    Member,
    Name,
    Negate,
    Not,
    Or,
    Range,
    Type,
)

MAX_LENGTH = 10_000
MAX_NESTING = 50
MAX_NODES = 2_000
MAX_CODE = 10_000
MAX_PROBLEMS = 20
"""How many problems of one expression are told; for each the nearest valid name is sought."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A declared name: its type and the values it can take."""

    path: str
    type: Type
    allowed: tuple[str, ...] | None = None
    tree: tuple[str, ...] | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression may speak of."""

    symbols: Mapping[str, Symbol]
    term_lists: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()


Locate = Callable[[int, int], Span | None]

_COMPARISONS: dict[type[ast.cmpop], CompareOp] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_ARITHMETIC: dict[type[ast.operator], ArithOp] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
}
_REFUSED: dict[type[ast.AST], str] = {
    ast.Subscript: "subscripts",
    ast.Lambda: "functions of your own",
    ast.ListComp: "comprehensions",
    ast.SetComp: "comprehensions",
    ast.DictComp: "comprehensions",
    ast.GeneratorExp: "comprehensions",
    ast.Dict: "dictionaries",
    ast.JoinedStr: "formatted text",
    ast.NamedExpr: "assignments",
    ast.Assign: "assignments (write == to compare)",
    ast.AugAssign: "assignments",
    ast.AnnAssign: "assignments",
    ast.Import: "imports",
    ast.ImportFrom: "imports",
    ast.Await: "await",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
    ast.Starred: "starred values",
    ast.Attribute: "attributes of values",
}
# Where the scan of a text stops: characters that mean something, or that must not stand there.
_SPECIAL = re.compile(r"""[^\t\n\r -~]|["'()\[\]{}#;\\`$?]""")
_IN_QUOTES = re.compile(r"""["'\\\0]""")
_CONSTANT_NAMES = {"true": True, "false": False}
_WORDS = ("and", "or", "not", "in", "if", "else")
_OPERATORS_ELSEWHERE = {
    "&&": "and",
    "||": "or",
    "<>": "!=",
    "=>": ">=",
    "=<": "<=",
    "=!": "!=",
    "=": "==",
    **{word.upper(): word for word in _WORDS},
}
_NOT_OPERATORS = re.compile(
    r"&&|\|\||<>|(?<![=<>!:*/%+-])=(?!=)[><!]?|(?<![\w.])(?:AND|OR|NOT|IN|IF|ELSE)(?![\w.(])"
)


def compile_expression(
    text: str, scope: Scope, want: Type | None, locate: Locate
) -> tuple[Expr | None, list[Diagnostic]]:
    """The typed tree of `text`, or None with every problem found. `want` is the type the place asks for."""
    compiler = _Compiler(text, scope, locate)
    body = compiler.parse()
    tree = compiler.expression(body, want) if body is not None else None
    if tree is not None:
        compiler.check_whole(tree, want)
    return (None if compiler.problems else tree), compiler.problems


def parse_date(text: str) -> float | None:
    """The ordinal day of an ISO date `YYYY-MM-DD`, or None."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return None
    try:
        return float(date.fromisoformat(text).toordinal())
    except ValueError:
        return None


class _Compiler:
    def __init__(self, text: str, scope: Scope, locate: Locate) -> None:
        self.text = text
        self.scope = scope
        self.locate = locate
        self.problems: list[Diagnostic] = []
        self.nodes = 0
        self.lead = len(text) - len(text.lstrip())
        stripped = text.strip()
        self.source = stripped
        self.bare = list(stripped)
        """The characters of the source, blanks in place of quoted ones."""
        # ast counts columns in UTF-8 bytes; people count characters.
        self.offsets = None if stripped.isascii() else _byte_offsets(stripped)

    def problem(
        self, code: str, message: str, at: Range, expected: str | None = None, suggestion: str | None = None
    ) -> None:
        self.problems.append(
            Diagnostic(code, message, self.locate(*at), expected=expected, suggestion=suggestion)
        )

    def check_whole(self, tree: Expr, want: Type | None) -> None:
        """What can only be said of the finished tree: whether its type and its size will do."""
        if want is not None and tree.type is not want:
            self.problem("WB206", f"this is a {tree.type}, but a {want} is needed here", tree.at)
        elif tree.type is Type.TERMS:
            self.problem("WB206", "a term list is not a value", tree.at, "mentions(text, terms.<id>)")
        elif code_size(tree) > MAX_CODE:
            self.problem(
                "WB208",
                "conditions inside conditions make this expression too large",
                (self.lead, self.lead + len(self.source)),
                "its parts as derived values, each with a name",
            )

    # --- text -> Python syntax tree ---

    def parse(self) -> ast.expr | None:
        whole = (self.lead, self.lead + len(self.source))
        if not self.source:
            self.problem(
                "WB201", "the expression is empty", (0, max(1, len(self.text))), "a condition or a value"
            )
            return None
        if len(self.source) > MAX_LENGTH:
            self.problem(
                "WB208", f"the expression has {len(self.source)} characters", whole, f"at most {MAX_LENGTH}"
            )
            return None
        if not self._scan():
            return None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                # One statement at most: _scan refused `;` and line ends became blanks.
                statement = SimpleEval.parse(_one_line(self.source))
        except (SyntaxError, InvalidExpression) as error:
            self._syntax_problem(error)
            return None
        except (ValueError, RecursionError, MemoryError):
            self.problem("WB208", "the expression is too deeply nested or has an impossible literal", whole)
            return None
        if not isinstance(statement, ast.Expr):
            if not self._wrong_operator():
                self._refuse(statement)
            return None
        if _depth(statement.value) > MAX_NESTING:
            self.problem(
                "WB208", "the expression is nested too deeply", whole, f"at most {MAX_NESTING} levels"
            )
            return None
        return statement.value

    def _scan(self) -> bool:
        """Refuse, outside quotes, what Python treats specially: comments, other letters, deep brackets."""
        quote, nesting, i = "", 0, 0
        while (special := (_IN_QUOTES if quote else _SPECIAL).search(self.source, i)) is not None:
            if quote:
                self.bare[i : special.start()] = " " * (special.start() - i)
            i, c = special.start(), special[0]
            at = (self.lead + i, self.lead + i + 1)
            if quote and c != "\0":
                step = 1 if c != "\\" else 2
                self.bare[i : i + step] = " " * step
                i += step
                quote = "" if c == quote else quote
                continue
            if c in "\"'":
                if self.source.startswith(c * 3, i):
                    self.problem(
                        "WB202", "triple quotes are not part of the language", at, "one pair of quotes"
                    )
                    return False
                quote = c
            elif c in "([{":
                nesting += 1
                if nesting > MAX_NESTING:
                    self.problem("WB208", "too many nested brackets", at, f"at most {MAX_NESTING}")
                    return False
            elif c in ")]}":
                nesting -= 1
            elif c in "#;\\`$?":
                self.problem("WB202", f"{c!r} is not part of the language", at)
                return False
            elif not c.isascii() or (c not in "\t\n\r" and not c.isprintable()):
                where = "here" if quote else "outside quotes"
                self.problem(
                    "WB210",
                    f"the character {c!r} (U+{ord(c):04X}) cannot stand {where}",
                    at,
                    "plain ASCII letters, digits and operators; text in quotes",
                )
                return False
            i += 1
        if quote:
            self.bare[i:] = " " * (len(self.bare) - i)
        return True

    def _syntax_problem(self, error: Exception) -> None:
        if self._wrong_operator():
            return
        detail = (error.msg if isinstance(error, SyntaxError) else str(error)) or "cannot be read"
        detail = detail.split(". Maybe you meant")[0].split(". Perhaps you")[0]
        start = error.offset - 1 if isinstance(error, SyntaxError) and error.offset else 0
        start = self.lead + min(max(0, start), len(self.source) - 1)
        if "Exceeds the limit" in detail:
            whole = (self.lead, self.lead + len(self.source))
            self.problem("WB209", "a number has too many digits", whole, "at most 16 digits")
            return
        self.problem(
            "WB201",
            f"cannot read the expression: {detail}",
            (start, start + 1),
            "e.g. price > 30 and stock >= 1",
        )

    def _wrong_operator(self) -> bool:
        """Tell of the first operator that only other languages have; False where there is none."""
        wrong = _NOT_OPERATORS.search("".join(self.bare))
        if wrong is not None:
            right = _OPERATORS_ELSEWHERE[wrong[0]]
            at = (self.lead + wrong.start(), self.lead + wrong.end())
            self.problem("WB201", f"{wrong[0]!r} is not an operator here", at, f"`{right}`", right)
        return wrong is not None

    def _char(self, byte: int) -> int:
        return byte if self.offsets is None else self.offsets[min(byte, len(self.offsets) - 1)]

    def at(self, node: ast.AST) -> Range:
        """Character range of a syntax node in the expression text."""
        start = self._char(getattr(node, "col_offset", 0))
        end = self._char(getattr(node, "end_col_offset", None) or start + 1)
        return self.lead + start, self.lead + end

    # --- Python syntax tree -> typed tree ---

    def expression(self, node: ast.AST, want: Type | None = None) -> Expr | None:
        """`want` lets a literal become a date or a term list where one is needed."""
        self.nodes += 1
        if self.nodes > MAX_NODES:
            if self.nodes == MAX_NODES + 1:
                self.problem(
                    "WB208", "the expression has too many parts", self.at(node), f"at most {MAX_NODES}"
                )
            return None
        if len(self.problems) >= MAX_PROBLEMS:
            return None
        match node:
            case ast.Constant():
                return self._literal(node, want)
            case ast.Name() | ast.Attribute():
                return self._name(node)
            case ast.BoolOp():
                return self._boolean(node)
            case ast.UnaryOp():
                return self._unary(node)
            case ast.Compare():
                return self._comparison(node)
            case ast.BinOp():
                return self._arithmetic(node)
            case ast.IfExp():
                return self._if_else(node, want)
            case ast.Call():
                return self._call(node)
            case ast.List() | ast.Tuple() | ast.Set():
                return self._list(node, want)
            case _:
                self._refuse(node)
                return None

    def _refuse(self, node: ast.AST) -> None:
        what = _REFUSED.get(type(node), f"{type(node).__name__} constructs")
        self.problem("WB202", f"{what} are not part of the language", self.at(node))

    def _literal(self, node: ast.Constant, want: Type | None) -> Expr | None:
        value, at = node.value, self.at(node)
        if isinstance(value, bool):
            return Const(value, Type.BOOLEAN, at)
        if isinstance(value, int | float):
            return self._number(value, at)
        if isinstance(value, str) and want is Type.DATE:
            day = parse_date(value)
            if day is None:
                self.problem("WB209", f"{value!r} is not a date", at, "a date as '2026-03-01'")
                return None
            return Const(day, Type.DATE, at)
        if isinstance(value, str):
            if any(0xD800 <= ord(c) <= 0xDFFF for c in value):
                self.problem("WB209", "the text has half of a surrogate pair", at)
                return None
            return Const(value, Type.TEXT, at)
        if value is None:
            self.problem(
                "WB202", "None is not a value of the language", at, "is_missing(x) to ask for a missing value"
            )
        else:
            self.problem("WB209", f"{type(value).__name__} literals are not part of the language", at)
        return None

    def _number(self, value: int | float, at: Range) -> Expr | None:
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if not math.isfinite(number) or (isinstance(value, int) and int(number) != value):
            self.problem(
                "WB209", "the number cannot be held exactly", at, "whole numbers up to 9007199254740992"
            )
            return None
        return Const(number, Type.NUMBER, at)

    def _dotted(self, node: ast.AST) -> str | None:
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return None
        return ".".join([node.id, *reversed(parts)])

    def _name(self, node: ast.Name | ast.Attribute) -> Expr | None:
        path, at = self._dotted(node), self.at(node)
        if path is None:
            self._refuse(node)
            return None
        if path in _CONSTANT_NAMES:
            return Const(_CONSTANT_NAMES[path], Type.BOOLEAN, at)
        symbol = self.scope.symbols.get(path)
        if symbol is not None:
            return Name(symbol.path, symbol.type, at)
        if path.startswith("terms."):
            return self._term_list(path.removeprefix("terms."), at)
        where = self.locate(*at)
        # A path with a slash is how a ruleset's derived value is told from another's; nobody writes it.
        candidates = [s for s in self.scope.symbols if "/" not in s] + [
            f"terms.{t}" for t in self.scope.term_lists
        ]
        head = path.split(".")[0]
        family = [c for c in candidates if c.startswith(head + ".")] if "." in path else []
        found = unknown_name("WB203", "name", path, family or [c for c in candidates if "." not in c], where)
        if found.suggestion is None:
            found = Diagnostic(
                found.code,
                found.message,
                where,
                expected=found.expected,
                suggestion=suggest(path, candidates),
            )
        self.problems.append(found)
        return None

    def _term_list(self, name: str, at: Range) -> Expr | None:
        if name in self.scope.term_lists:
            return Const(name, Type.TERMS, at)
        self.problems.append(
            unknown_name("WB203", "term list", name, self.scope.term_lists, self.locate(*at))
        )
        return None

    def _boolean(self, node: ast.BoolOp) -> Expr | None:
        kind = And if isinstance(node.op, ast.And) else Or
        parts = [self._condition(v) for v in node.values]
        if any(p is None for p in parts):
            return None
        flat: list[Expr] = []
        for part in parts:
            if part is not None:
                flat.extend(part.operands if isinstance(part, kind) else [part])
        return kind(tuple(flat), self.at(node))

    def _condition(self, node: ast.AST) -> Expr | None:
        return self._typed(node, Type.BOOLEAN, "a condition (true or false)")

    def _typed(self, node: ast.AST, want: Type, words: str) -> Expr | None:
        tree = self.expression(node, want)
        if tree is not None and tree.type is not want:
            self.problem("WB206", f"this is a {tree.type}", tree.at, words, self._hint(tree, want))
            return None
        return tree

    def _hint(self, tree: Expr, want: Type) -> str | None:
        if want is Type.BOOLEAN and isinstance(tree, Name):
            return f"not is_missing({tree.path.rsplit('/', 1)[-1]})"
        if want is Type.NUMBER and tree.type is Type.TEXT:
            return "to_number(...)"
        return None

    def _unary(self, node: ast.UnaryOp) -> Expr | None:
        if isinstance(node.op, ast.Not):
            operand = self._condition(node.operand)
            return None if operand is None else Not(operand, self.at(node))
        if not isinstance(node.op, ast.USub | ast.UAdd):
            self.problem("WB202", "~ is not part of the language", self.at(node), "not")
            return None
        operand = self._typed(node.operand, Type.NUMBER, "a number")
        if operand is None or isinstance(node.op, ast.UAdd):
            return operand
        if isinstance(operand, Const) and isinstance(operand.value, float):
            return Const(-operand.value, Type.NUMBER, self.at(node))
        return Negate(operand, self.at(node))

    def _comparison(self, node: ast.Compare) -> Expr | None:
        sides = [node.left, *node.comparators]
        parts = [self._pair(op, sides[i], sides[i + 1], self.at(node)) for i, op in enumerate(node.ops)]
        known = [p for p in parts if p is not None]
        if len(known) < len(parts):
            return None
        return known[0] if len(known) == 1 else And(tuple(known), self.at(node))

    def _pair(self, op: ast.cmpop, left: ast.AST, right: ast.AST, at: Range) -> Expr | None:
        if isinstance(op, ast.In | ast.NotIn):
            member = self._membership(left, right, at)
            return Not(member, at) if member is not None and isinstance(op, ast.NotIn) else member
        symbol = _COMPARISONS.get(type(op))
        if symbol is None:
            self.problem("WB202", "`is` is not part of the language", at, "== or is_missing(x)")
            return None
        if isinstance(right, ast.Constant) and right.value is None:
            self.problem("WB202", "nothing equals a missing value", at, "is_missing(x)")
            return None
        a, b = self._same_type(left, right)
        return None if a is None or b is None else self._compare(symbol, a, b, at)

    def _same_type(self, left: ast.AST, right: ast.AST) -> tuple[Expr | None, Expr | None]:
        """Both sides; a text literal beside a date is read as a date."""
        if isinstance(left, ast.Constant) and not isinstance(right, ast.Constant):
            b = self.expression(right)
            return self.expression(left, b.type if b else None), b
        a = self.expression(left)
        return a, self.expression(right, a.type if a else None)

    def _compare(self, op: CompareOp, a: Expr, b: Expr, at: Range) -> Expr | None:
        if a.type is not b.type:
            self.problem("WB206", f"a {a.type} is compared with a {b.type}", at, "two values of one type")
            return None
        if a.type is Type.BOOLEAN:
            return self._boolean_equality(op, a, b, at)
        if a.type in (Type.TEXTS, Type.TERMS) or (a.type is Type.TEXT and op not in ("==", "!=")):
            self.problem(
                "WB206", f"a {a.type} cannot be compared by {op}", at, "== or != for texts, `in` for lists"
            )
            return None
        if not (self._can_occur(a, b) and self._can_occur(b, a)):
            return None
        return Compare(op, a, b, at)

    def _boolean_equality(self, op: CompareOp, a: Expr, b: Expr, at: Range) -> Expr | None:
        if op not in ("==", "!="):
            self.problem("WB206", f"booleans cannot be compared by {op}", at, "and, or, not")
            return None
        for one, other in ((a, b), (b, a)):
            if isinstance(one, Const):
                return other if (one.value is True) == (op == "==") else Not(other, at)
        same = Or((And((a, b), at), And((Not(a, at), Not(b, at)), at)), at)
        return same if op == "==" else Not(same, at)

    def _can_occur(self, name: Expr, literal: Expr) -> bool:
        """An enumerated name never equals a value outside its list: that is a typing mistake."""
        if not (isinstance(name, Name) and isinstance(literal, Const) and isinstance(literal.value, str)):
            return True
        allowed = self.scope.symbols[name.path].allowed
        if allowed is None or literal.value in allowed:
            return True
        where = self.locate(*literal.at)
        self.problems.append(unknown_name("WB207", f"value of {name.path}", literal.value, allowed, where))
        return False

    def _membership(self, left: ast.AST, right: ast.AST, at: Range) -> Expr | None:
        item = self.expression(left)
        if isinstance(right, ast.List | ast.Tuple | ast.Set):
            written = [self.expression(e, item.type if item else None) for e in right.elts]
            if item is None or any(o is None for o in written):
                return None
            return self._options(item, [o for o in written if o is not None], at)
        options = self.expression(right)
        if item is None or options is None:
            return None
        if options.type is Type.TEXT and item.type is Type.TEXT:
            self.problem(
                "WB206", "`in` looks into lists, not into texts", at, "contains(text, part)", "contains(...)"
            )
            return None
        if options.type is not Type.TEXTS or item.type is not Type.TEXT:
            self.problem(
                "WB206", f"a {item.type} cannot be `in` a {options.type}", at, "a text in a list of text"
            )
            return None
        return Contains(item, options, at) if self._can_occur(options, item) else None

    def _options(self, item: Expr, options: list[Expr], at: Range) -> Expr | None:
        compared: list[Expr] = []
        for option in options:
            pair = self._compare("==", item, option, at)
            if pair is None:
                return None
            compared.append(pair)
        values = [o.value for o in options if isinstance(o, Const)]
        texts = frozenset(v for v in values if isinstance(v, str | float) and not isinstance(v, bool))
        if item.type is not Type.BOOLEAN and len(values) == len(options) and not isinstance(item, Const):
            return Member(item, texts, at)
        return Or(tuple(compared), at) if compared else Const(False, Type.BOOLEAN, at)

    def _arithmetic(self, node: ast.BinOp) -> Expr | None:
        op, at = _ARITHMETIC.get(type(node.op)), self.at(node)
        left, right = self.expression(node.left), self.expression(node.right)
        if op is None:
            self.problem("WB202", "bit operators are not part of the language", at, "and, or, not")
            return None
        if left is None or right is None:
            return None
        if op == "-" and left.type is Type.DATE and right.type is Type.DATE:
            return Arith(op, left, right, Type.NUMBER, at)
        for side in (left, right):
            if side.type is not Type.NUMBER:
                hint = (
                    "join(a, b)"
                    if side.type is Type.TEXT
                    else "add_days(day, n)"
                    if side.type is Type.DATE
                    else None
                )
                self.problem("WB206", f"{op} needs numbers, this is a {side.type}", side.at, "a number", hint)
                return None
        return Arith(op, left, right, Type.NUMBER, at)

    def _if_else(self, node: ast.IfExp, want: Type | None) -> Expr | None:
        condition = self._condition(node.test)
        if want is None:
            then, other = self._same_type(node.body, node.orelse)
        else:
            then, other = self.expression(node.body, want), self.expression(node.orelse, want)
        if condition is None or then is None or other is None:
            return None
        if then.type is not other.type:
            self.problem(
                "WB206", f"one branch is a {then.type}, the other a {other.type}", self.at(node), "one type"
            )
            return None
        if then.type is Type.TERMS:
            words = "mentions(...) if ... else mentions(...)"
            self.problem("WB206", "one cannot choose between term lists", self.at(node), words)
            return None
        return IfElse(condition, then, other, self.at(node))

    def _list(self, node: ast.List | ast.Tuple | ast.Set, want: Type | None) -> Expr | None:
        entries = [self.expression(e) for e in node.elts]
        texts: list[str] = []
        for entry in entries:
            if entry is None:
                return None
            if not (isinstance(entry, Const) and isinstance(entry.value, str)):
                self.problem("WB206", "a list may only hold texts in quotes", entry.at, "['one', 'two']")
                return None
            message = check_term(entry.value) if want is Type.TERMS else None
            if message is not None:
                self.problem("WB311", f"the term {entry.value!r} {message}", entry.at, "words to look for")
                return None
            texts.append(entry.value)
        return Const(tuple(texts), Type.TERMS if want is Type.TERMS else Type.TEXTS, self.at(node))

    # --- calls ---

    def _call(self, node: ast.Call) -> Expr | None:
        at = self.at(node)
        name = self._dotted(node.func)
        function = FUNCTIONS.get(name) if name else None
        if function is None:
            if name is None or "." in name:
                self.problem("WB202", "methods are not part of the language", at, "a function of the table")
            else:
                self.problems.append(
                    unknown_name("WB204", "function", name, FUNCTIONS, self.locate(*self.at(node.func)))
                )
            return None
        if node.keywords:
            self.problem("WB202", "arguments have no names here", at, function.signature)
            return None
        if not self._arity(function, len(node.args), at):
            return None
        return self._arguments(function, node, at)

    def _arity(self, function: Function, given: int, at: Range) -> bool:
        most = 100 if function.variadic else len(function.parameters)
        if len(function.parameters) - function.optional <= given <= most:
            return True
        self.problem("WB205", f"{function.name} is given {given} arguments", at, function.signature)
        return False

    def _arguments(self, function: Function, node: ast.Call, at: Range) -> Expr | None:
        arguments: list[Expr] = []
        for i, given in enumerate(node.args):
            parameter = function.parameters[min(i, len(function.parameters) - 1)]
            # One type for all: a text after a date is a date, as in coalesce(launch_date, '2026-01-01').
            same = arguments[0].type if function.result is None and arguments else None
            argument = self._argument(function, parameter, given, same)
            if argument is not None:
                arguments.append(argument)
        if len(arguments) < len(node.args):
            return None
        if function.result is None and any(a.type is not arguments[0].type for a in arguments):
            self.problem("WB206", f"{function.name} needs arguments of one type", at, function.signature)
            return None
        if function.name in ("under", "in_region") and not self._known_place(function.name, arguments):
            return None
        return Call(function.name, tuple(arguments), function.result or arguments[0].type, at)

    def _argument(
        self, function: Function, parameter: Parameter, given: ast.AST, want: Type | None
    ) -> Expr | None:
        only = next(iter(parameter.types)) if len(parameter.types) == 1 else want
        argument = self.expression(given, only)
        if argument is None:
            return None
        if argument.type not in parameter.types:
            words = " or ".join(sorted(str(t) for t in parameter.types))
            self.problem(
                "WB206",
                f"{parameter.name} is a {argument.type}",
                argument.at,
                f"a {words}: {function.signature}",
            )
            return None
        if parameter.literal and not isinstance(argument, Const):
            self.problem("WB206", f"{parameter.name} must be written out", argument.at, function.signature)
            return None
        if parameter.check is not None and isinstance(argument, Const):
            message = parameter.check(argument.value)
            if message is not None:
                self.problem(
                    "WB209", f"{argument.value!r} does not fit {parameter.name}", argument.at, message
                )
                return None
        return argument

    def _known_place(self, function: str, arguments: list[Expr]) -> bool:
        """`under` and `in_region` name a place in a tree; a place that does not exist is a typing mistake."""
        place = arguments[-1]
        if not (isinstance(place, Const) and isinstance(place.value, str)):
            return True
        known: frozenset[str] | None = self.scope.regions
        what = "region"
        if function == "under":
            path = arguments[0]
            tree = (
                self.scope.symbols[path.path].tree
                if isinstance(path, Name) and path.path in self.scope.symbols
                else None
            )
            known, what = (frozenset(tree) if tree is not None else None), "category"
        if known is None or place.value in known:
            return True
        self.problems.append(unknown_name("WB203", what, place.value, known, self.locate(*place.at)))
        return False


def _one_line(text: str) -> str:
    return text.replace("\n", " ").replace("\r", " ").replace("\t", " ")


def _byte_offsets(text: str) -> list[int]:
    """For each UTF-8 byte offset, the character offset."""
    offsets: list[int] = []
    for index, character in enumerate(text):
        offsets.extend([index] * len(character.encode("utf-8", "surrogatepass")))
    return [*offsets, len(text)]


def _depth(node: ast.AST) -> int:
    """Nesting of a syntax tree, without recursion."""
    deepest, pending = 0, [(node, 1)]
    while pending:
        current, depth = pending.pop()
        deepest = max(deepest, depth)
        if deepest > MAX_NESTING:
            return deepest
        pending.extend(
            (child, depth + (not isinstance(child, ast.expr_context | ast.operator | ast.cmpop)))
            for child in ast.iter_child_nodes(current)
        )
    return deepest
