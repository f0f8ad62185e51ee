"""The rule index: which rules can fire, found by hash and binary search instead of by asking each rule.

A rule can only fire where every leaf of its top-level conjunction holds. Leaves that pin a value (equality,
membership, category path, term list) or bound a number become keys; what is left of the condition is the
*residual*, checked only for the rules found. Rules without a useful key stay straight-line code.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import TypeVar

from weighbridge.normal_form import ALWAYS, AllOf, AnyOf, Formula, Leaf
from weighbridge.tree import Call, Compare, Const, Expr, Member, Name

SMALLEST_GROUP = 12
MOST_KEYS = 256
MOST_SEGMENT_ENTRIES = 16


@dataclass(slots=True)
class Bucket:
    """The rules of one key: `ids` fire as they stand, `residual` ones must still be checked.

    `run` is the compiled check, made on first use (`None`: there is nothing to check).
    """

    ids: tuple[int, ...]
    residual: tuple[tuple[int, Formula], ...]
    run: Callable[..., None] | None = None


@dataclass(slots=True)
class Segments:
    """Buckets along a number line: part 2i lies below bound i, part 2i+1 is exactly bound i."""

    bounds: list[float]
    parts: list[Bucket]

    def at(self, x: float) -> Bucket:
        """The bucket of a known number."""
        i = bisect_left(self.bounds, x)
        if i < len(self.bounds) and self.bounds[i] == x:
            return self.parts[2 * i + 1]
        return self.parts[2 * i]


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that share a kind of key.

    kind "equal": `names` hold the values to look up, `interval` the number to search by (or None);
    kind "under": one category path; kind "mentions": the texts' hit set, `text` names the text.
    An "equal" group without names has its only entry under ().
    """

    kind: str
    names: tuple[Name, ...]
    interval: Name | None
    text: Expr | None
    table: dict[Hashable, Bucket | Segments]
    rules: tuple[int, ...]


@dataclass(slots=True)
class Keys:
    """What could be looked up for one rule."""

    leaves: tuple[Formula, ...]
    equal: dict[Name, tuple[Leaf, frozenset[float | str]]] = field(default_factory=dict)
    mention: tuple[Leaf, Expr, Expr] | None = None
    under: tuple[Formula, Name, frozenset[str]] | None = None
    bounds: dict[Name, list[Leaf]] = field(default_factory=dict)


def build_index(
    keys: Mapping[int, Keys], list_index: Callable[[Expr, Expr], int]
) -> tuple[list[Group], list[int]]:
    """The groups, and the positions of rules that stay straight-line code. `keys`: by position, as `keys_of` says."""
    left = dict(keys)
    groups: list[Group] = []
    for _, members in _by(left, _mentioned):
        groups.append(_mention_group(members, list_index))
        _drop(left, members)
    for names, members in _by(left, lambda k: tuple(sorted(k.equal, key=lambda n: n.path)) or None):
        groups.append(_equal_group(names, members))
        _drop(left, members)
    while True:
        common = Counter(n for k in left.values() for n in k.equal).most_common(1)
        if not common or common[0][1] < SMALLEST_GROUP:
            break
        name = common[0][0]
        members = {i: k for i, k in left.items() if name in k.equal}
        groups.append(_equal_group((name,), members))
        _drop(left, members)
    for name, members in _by(left, lambda k: k.under[1] if k.under else None):
        groups.append(_under_group(name, members))
        _drop(left, members)
    for name, members in _by(left, lambda k: max(k.bounds, key=lambda n: len(k.bounds[n]), default=None)):
        group = _equal_group((), members)
        if group.interval is not None and group.interval == name:
            groups.append(group)
            _drop(left, members)
    return groups, sorted(left)


K = TypeVar("K", bound=Hashable)


def _by(left: dict[int, Keys], key: Callable[[Keys], K | None]) -> list[tuple[K, dict[int, Keys]]]:
    """Groups of at least `SMALLEST_GROUP` rules with an equal key."""
    found: dict[K, dict[int, Keys]] = {}
    for i, keys in left.items():
        value = key(keys)
        if value is not None:
            found.setdefault(value, {})[i] = keys
    return [(k, m) for k, m in found.items() if len(m) >= SMALLEST_GROUP]


def _mentioned(keys: Keys) -> Expr | None:
    return None if keys.mention is None else keys.mention[1]


def _drop(left: dict[int, Keys], members: Iterable[int]) -> None:
    for i in list(members):
        del left[i]


def keys_of(formula: Formula) -> Keys:
    """What could be looked up for a rule that fires where the formula holds."""
    leaves = formula.parts if isinstance(formula, AllOf) else (formula,)
    keys = Keys(leaves)
    for leaf in leaves:
        if isinstance(leaf, AnyOf):
            _under_key(keys, leaf, leaf.parts)
        elif isinstance(leaf, Leaf) and leaf.wanted:
            _leaf_key(keys, leaf)
    # A rule stands under every combination of its values; the longest lists are left to the residual.
    while prod(len(values) for _, values in keys.equal.values()) > MOST_KEYS:
        del keys.equal[max(keys.equal, key=lambda n: len(keys.equal[n][1]))]
    return keys


def _leaf_key(keys: Keys, leaf: Leaf) -> None:
    match leaf.test:
        case Compare("==", Name() as name, Const(value)) if (
            isinstance(value, str | float) and name not in keys.equal
        ):
            keys.equal[name] = (leaf, frozenset({value}))
        case Member(Name() as name, values) if name not in keys.equal:
            keys.equal[name] = (leaf, values)
        case Compare(op, Name() as name, Const(value)) if op not in ("==", "!=") and isinstance(value, float):
            keys.bounds.setdefault(name, []).append(leaf)
        case Call("mentions", (text, terms)) if keys.mention is None:
            keys.mention = (leaf, text, terms)
        case Call("under"):
            _under_key(keys, leaf, (leaf,))
        case _:
            pass


def _under_key(keys: Keys, whole: Formula, parts: tuple[Formula, ...]) -> None:
    """`under` of one name and constant paths, alone or as alternatives; nested paths are merged."""
    paths: set[str] = set()
    of: set[Name] = set()
    for part in parts:
        if not (
            isinstance(part, Leaf)
            and part.wanted
            and isinstance(part.test, Call)
            and part.test.function == "under"
        ):
            return
        name, path = part.test.arguments
        if not (isinstance(name, Name) and isinstance(path, Const) and isinstance(path.value, str)):
            return
        of.add(name)
        paths.add(path.value)
    if len(of) == 1 and keys.under is None:
        outer = {p for p in paths if not any(p != q and p.startswith(q + "/") for q in paths)}
        keys.under = (whole, of.pop(), frozenset(outer))


def _without(keys: Keys, used: Iterable[Formula]) -> Formula:
    # The leaves of a formula differ and are flat already, so that nothing need be compared.
    drop = set(map(id, used))
    left = tuple(leaf for leaf in keys.leaves if id(leaf) not in drop)
    return left[0] if len(left) == 1 else AllOf(left)


def _bucket(entries: Iterable[tuple[int, Formula]]) -> Bucket:
    entries = sorted(entries, key=lambda e: e[0])
    ids = tuple(i for i, residual in entries if residual == ALWAYS)
    return Bucket(ids, tuple((i, r) for i, r in entries if r != ALWAYS))


def _mention_group(members: dict[int, Keys], list_index: Callable[[Expr, Expr], int]) -> Group:
    found: dict[Hashable, list[tuple[int, Formula]]] = {}
    text: Expr | None = None
    for i, keys in members.items():
        assert keys.mention is not None
        leaf, text, terms = keys.mention
        found.setdefault(list_index(text, terms), []).append((i, _without(keys, [leaf])))
    return Group("mentions", (), None, text, {k: _bucket(e) for k, e in found.items()}, tuple(members))


def _under_group(name: Name, members: dict[int, Keys]) -> Group:
    found: dict[Hashable, list[tuple[int, Formula]]] = {}
    for i, keys in members.items():
        assert keys.under is not None
        leaf, _, paths = keys.under
        for path in paths:
            found.setdefault(path, []).append((i, _without(keys, [leaf])))
    return Group("under", (name,), None, None, {k: _bucket(e) for k, e in found.items()}, tuple(members))


def _equal_group(names: tuple[Name, ...], members: dict[int, Keys]) -> Group:
    interval = _interval(members)
    found: dict[Hashable, list[tuple[int, Keys, list[Formula]]]] = {}
    for i, keys in members.items():
        used: list[Formula] = [keys.equal[name][0] for name in names]
        for key in product(*(keys.equal[name][1] for name in names)):
            found.setdefault(key if len(names) != 1 else key[0], []).append((i, keys, used))
    if interval is not None:
        segments = {key: _segments(rows, interval) for key, rows in found.items()}
        if all(s is not None for s in segments.values()):
            table: dict[Hashable, Bucket | Segments] = {k: s for k, s in segments.items() if s is not None}
            return Group("equal", names, interval, None, table, tuple(members))
    plain: dict[Hashable, Bucket | Segments] = {
        key: _bucket((i, _without(keys, used)) for i, keys, used in rows) for key, rows in found.items()
    }
    return Group("equal", names, None, None, plain, tuple(members))


def _interval(members: dict[int, Keys]) -> Name | None:
    """The number that bounds most of the rules, if it bounds more than half of them."""
    common = Counter(n for k in members.values() for n in k.bounds).most_common(1)
    if not common or common[0][1] * 2 < len(members) or common[0][1] < SMALLEST_GROUP:
        return None
    name = common[0][0]
    return name if all(name in k.bounds for k in members.values()) else None


def _cuts(keys: Keys, name: Name) -> list[float]:
    return [
        c.value
        for leaf in keys.bounds.get(name, ())
        if isinstance(c := _bound(leaf)[1], Const) and isinstance(c.value, float)
    ]


def _bound(leaf: Leaf) -> tuple[str, Expr]:
    assert isinstance(leaf.test, Compare)
    return leaf.test.op, leaf.test.right


def _segments(rows: list[tuple[int, Keys, list[Formula]]], name: Name) -> Segments | None:
    """The number line cut at every bound; None where wide intervals would make it too large."""
    bounds = sorted({cut for _, keys, _ in rows for cut in _cuts(keys, name)})
    place = {bound: i for i, bound in enumerate(bounds)}
    parts: list[list[tuple[int, Formula]]] = [[] for _ in range(2 * len(bounds) + 1)]
    total = 0
    for i, keys, used in rows:
        low, high = 0, len(parts) - 1
        for leaf in keys.bounds[name]:
            op, bound = _bound(leaf)
            assert isinstance(bound, Const) and isinstance(bound.value, float)
            exact = 2 * place[bound.value] + 1
            if op in (">", ">="):
                low = max(low, exact if op == ">=" else exact + 1)
            else:
                high = min(high, exact if op == "<=" else exact - 1)
        total += max(0, high - low + 1)
        if total > MOST_SEGMENT_ENTRIES * (len(rows) + 64):
            return None
        residual = _without(keys, [*used, *keys.bounds[name]])
        for part in range(low, high + 1):
            parts[part].append((i, residual))
    return Segments(bounds, [_bucket(p) for p in parts])


def buckets(group: Group) -> Iterable[Bucket]:
    """Every bucket of a group."""
    for entry in group.table.values():
        if isinstance(entry, Bucket):
            yield entry
        else:
            yield from entry.parts
