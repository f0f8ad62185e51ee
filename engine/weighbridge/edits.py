"""Edits: what a person changes in a project, as data. A draft applies them.

An edit says *what* changes (this rule's condition, that cell), never where the characters stand; it can be kept,
described in both languages and undone. Comments, order, quoting and layout of everything else stay as they are.

Paths go from a document downwards: keys of mappings, and for items of lists their id (`rules`, `tables`,
`characteristics`, `tiers`), name (`cases`), rule or scorecard (`overrides`), the text itself (terms), or their
index. A path may lead to something that is not there yet; short forms (`title: Shoes`) are written out where the
path needs it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weighbridge.diagnostics import DiagnosticError

Path = tuple[str | int, ...]
Plain = Any
"""What YAML can hold: None, text, number, boolean, date, and lists and mappings of these."""


class EditError(DiagnosticError):
    """The edit cannot be applied to the draft as it is; the diagnostics say why. Nothing has changed."""


@dataclass(frozen=True, slots=True)
class Address:
    """A document by kind ("ruleset", "region", "scorecard", "term_list", "record_type", "mapping", "scenarios",
    "config", "waivers") and id. `file` is needed only where several documents share both (scenarios)."""

    kind: str
    id: str
    file: str | None = None


class Edit:
    """Base of all edits. `summary(lang)` says it in a few words, for undo menus and messages."""

    def summary(self, lang: str = "en") -> str: ...


@dataclass(frozen=True, slots=True)
class SetValue(Edit):
    """Sets the value at a path, or adds it. None writes null; see `Remove` for taking a key away."""

    at: Address
    path: Path
    value: Plain


@dataclass(frozen=True, slots=True)
class Remove(Edit):
    """Removes a key or list item with the comment lines right above it. With `prune`, parents that become empty
    go too (a region's last override of a scorecard takes the heading with it)."""

    at: Address
    path: Path
    prune: bool = False


@dataclass(frozen=True, slots=True)
class Insert(Edit):
    """Adds an item to the list at `path` (made if absent), behind the item `after` (id or index; None: last,
    -1: first)."""

    at: Address
    path: Path
    value: Plain
    after: str | int | None = None


@dataclass(frozen=True, slots=True)
class Copy(Edit):
    """Copies a list item as it is written, right behind itself, under a new id (or name)."""

    at: Address
    path: Path
    new_id: str


@dataclass(frozen=True, slots=True)
class Move(Edit):
    """Moves a list item, with its comments, to another index (from 0, counted without the item)."""

    at: Address
    path: Path
    to: int


@dataclass(frozen=True, slots=True)
class SetCell(Edit):
    """Sets one cell of a decision table, inline or CSV. `row` counts from 0; `text` is the cell as shown."""

    ruleset: str
    table: str
    row: int
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class AddRows(Edit):
    """Adds rows (header -> cell; absent cells are empty) in front of row `at`; None: at the end."""

    ruleset: str
    table: str
    rows: tuple[Mapping[str, str], ...]
    at: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteRows(Edit):
    """Deletes rows by number (from 0)."""

    ruleset: str
    table: str
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MoveRow(Edit):
    """Moves one row to another number (from 0, counted without the row)."""

    ruleset: str
    table: str
    row: int
    to: int


@dataclass(frozen=True, slots=True)
class PasteCells(Edit):
    """Pastes a block copied from a spreadsheet (tabs and lines, quoted cells) with its first cell at `row` and
    `column`; rows beyond the end are added. A block that leaves the table to the right is refused."""

    ruleset: str
    table: str
    row: int
    column: str
    text: str


@dataclass(frozen=True, slots=True)
class AddFile(Edit):
    """Adds a new file to the project."""

    file: str
    text: str


@dataclass(frozen=True, slots=True)
class Together(Edit):
    """Several edits as one step of the history: all or none."""

    edits: tuple[Edit, ...]
    title: Mapping[str, str]


# ---- the edits people speak of


def add_rule(ruleset: str, rule: Mapping[str, Plain], after: str | None = None) -> Edit:
    """A new rule, behind the rule `after` or last."""
    raise NotImplementedError


def copy_rule(ruleset: str, rule: str, new_id: str) -> Edit:
    """A copy of a rule right behind it."""
    raise NotImplementedError


def delete_rule(ruleset: str, rule: str) -> Edit:
    """Without the rule."""
    raise NotImplementedError


def enable_rule(ruleset: str, rule: str, enabled: bool) -> Edit:
    """Switches a rule off (`enabled: false`) or on again (the key goes)."""
    raise NotImplementedError


def set_text(at: Address, path: Path, language: str, text: str | None) -> Edit:
    """A title or reason in one language; None removes that language."""
    raise NotImplementedError


def set_weight(scorecard: str, characteristic: str, weight: float, region: str | None = None) -> Edit:
    """A characteristic's weight, everywhere or in one region."""
    raise NotImplementedError


def inherit_weight(scorecard: str, characteristic: str, region: str) -> Edit:
    """The region takes its weight from above again."""
    raise NotImplementedError


def set_parameter(region: str, name: str, value: Plain) -> Edit:
    """A region's parameter: one value, or a list of {from, to, value}."""
    raise NotImplementedError


def inherit_parameter(region: str, name: str) -> Edit:
    """The region takes the parameter from above again."""
    raise NotImplementedError


def set_override(
    region: str, rule: str, changes: Mapping[str, Plain], reason: Mapping[str, str]
) -> Edit:
    """A region's change to a rule ("<ruleset>/<id>"): `enabled` or outputs; replaces an earlier one."""
    raise NotImplementedError


def inherit_rule(region: str, rule: str) -> Edit:
    """The region takes the rule as it is again."""
    raise NotImplementedError


def set_tier(scorecard: str, tier: str, bound: float) -> Edit:
    """A tier's lower bound. (In a region: `SetValue` of ("overrides", <scorecard>, "set", "tiers", <tier>).)"""
    raise NotImplementedError


def set_bin(scorecard: str, characteristic: str, index: int, key: str, value: Plain) -> Edit:
    """One key ("upto", "points" ...) of a bin, by its index."""
    raise NotImplementedError


def add_term(term_list: str, term: str, language: str | None = None) -> Edit:
    """One more term, last in its language; None for a list without languages."""
    raise NotImplementedError


def remove_term(term_list: str, term: str, language: str | None = None) -> Edit:
    """Without the term."""
    raise NotImplementedError


def add_case(target: str, case: Mapping[str, Plain], file: str | None = None) -> Edit:
    """A scenario, last in its file (default: the first file of the target's scenarios; made if there is none)."""
    raise NotImplementedError
