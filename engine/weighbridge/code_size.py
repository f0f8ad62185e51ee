"""How much code an expression becomes, told before any of it is made.

Three-valued logic is compiled into "known to be true" and "known to be false", and a condition inside a value
is asked both ways. Nested, that doubles with every level: a line of text could become gigabytes.
"""

from __future__ import annotations

from typing import NamedTuple

from weighbridge.tree import And, Call, Compare, Const, Expr, IfElse, Name, Not, Or, Type, children


class _Size(NamedTuple):
    """Parts of the code for the value of a node, for "is true" and for "is false"."""

    value: int
    true: int
    false: int


def code_size(tree: Expr) -> int:
    """The number of parts the compiled forms of `tree` have. Takes linear time, however parts are shared."""
    return _Sizes().of(tree).value


class _Sizes:
    def __init__(self) -> None:
        # By identity: the hash of a tree with shared parts takes as long as writing it out.
        self.known: dict[int, _Size] = {}

    def of(self, node: Expr) -> _Size:
        size = self.known.get(id(node))
        if size is None:
            size = self.known[id(node)] = self._size(node)
        return size

    def _size(self, node: Expr) -> _Size:
        match node:
            case Const() | Name():
                return _Size(1, 1, 1)
            case Not(operand):
                return _asked(self.of(operand).false, self.of(operand).true)
            case And(operands) | Or(operands):
                parts = [self.of(p) for p in operands]
                return _asked(1 + sum(p.true for p in parts), 1 + sum(p.false for p in parts))
            case IfElse(condition, then, other):
                asked, yes, no = self.of(condition), self.of(then), self.of(other)
                both = asked.true + asked.false
                if node.type is Type.BOOLEAN:
                    return _asked(both + yes.true + no.true, both + yes.false + no.false)
                return _plain(1 + both + yes.value + no.value)
            case Compare(op, left, right):
                one = 1 + self.of(left).value + self.of(right).value
                return _asked(one * (1 + (op == "!=")), one * (1 + (op == "==")))
            case Call("is_missing" | "evidence" | "coalesce", arguments) if arguments[0].type is Type.BOOLEAN:
                return self._missing(node.function, [self.of(a) for a in arguments])
            case _:
                one = 1 + sum(self.of(p).value for p in children(node))
                return _asked(one, one) if node.type is Type.BOOLEAN else _plain(one)

    def _missing(self, function: str, arguments: list[_Size]) -> _Size:
        if function == "evidence":
            return arguments[0]
        if function == "is_missing":
            known = 1 + arguments[0].true + arguments[0].false
            return _asked(known, known)
        true, false = arguments[-1].true, arguments[-1].false
        for argument in reversed(arguments[:-1]):
            known = 1 + argument.true + argument.false
            true, false = argument.true + known + true, argument.false + known + false
        return _asked(true, false)


def _plain(size: int) -> _Size:
    return _Size(size, size, size)


def _asked(true: int, false: int) -> _Size:
    return _Size(1 + true + false, true, false)
