"""Completion and hover for source editing: what may stand here, and what the thing under the pointer means."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from weighbridge.documents import KINDS, OTHER_KINDS, Expression, Model
from weighbridge.expressions import Scope, Symbol
from weighbridge.functions import FUNCTIONS
from weighbridge.messages import COMPLETION, phrase
from weighbridge.project import CONFIG_FILE, WAIVERS_FILE, Project
from weighbridge.rulebook import Rulebook, titled
from weighbridge.shape import keys_of, model_at
from weighbridge.source import Node, split_lines
from weighbridge.tree import Type
from weighbridge.yaml_text import YamlText
from weighbridge.yaml_writing import scalar_text

CompletionKind = Literal[
    "field", "derived", "parameter", "score", "output", "terms", "function", "value", "word", "key", "name"
]
WORDS = ("and", "or", "not", "in", "if", "else", "true", "false")
_TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]*)*")
_TEXT = re.compile(r"\"[^\"]*\"?|'[^']*'?")
_COMPARED = re.compile(r"([A-Za-z_][\w.]*)\s*(?:==|!=|not\s+in\s*[\[(][^\])]*|in\s*[\[(][^\])]*)\s*$")
_UNDER = re.compile(r"\bunder\(\s*([A-Za-z_][\w.]*)\s*,\s*$")
_PLACE = re.compile(r"\bin_region\(\s*(?:[^)]*,\s*)?$")
MOST = 200
"""How many completions are given at most."""


@dataclass(frozen=True, slots=True)
class Completion:
    """One thing that may stand at the place. `insert` replaces the characters `start` to `end` of the text
    (offsets in characters); `detail` is its type in a word or two, `meaning` a sentence in the asked language."""

    label: str
    insert: str
    kind: CompletionKind
    detail: str
    meaning: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hover:
    """What the characters `start` to `end` mean, as plain text in lines."""

    start: int
    end: int
    text: str


# ---- expressions


def complete_expression(
    text: str, offset: int, scope: Scope, book: Rulebook | None = None, lang: str = "en"
) -> tuple[Completion, ...]:
    """What may stand at `offset` of an expression, the likeliest first: those that begin with what is written,
    then those that contain it."""
    quoted = _token_at(_TEXT, text, offset)
    if quoted is not None and quoted[0] < offset:
        return _quoted_values(text, offset, quoted, scope)
    start, end = _token_at(_TOKEN, text, offset) or (offset, offset)
    written = text[start:offset]
    found = [
        Completion(name, name, kind, detail, meaning, start, end)
        for name, kind, detail, meaning in _names(scope, book, lang)
    ]
    values = _expected_values(text[:start], scope)
    literals = [Completion(v, f'"{v}"', "value", str(Type.TEXT), "", start, end) for v in values]
    return _ranked([*literals, *found], written)


def _token_at(pattern: re.Pattern[str], text: str, offset: int) -> tuple[int, int] | None:
    """The stretch that reaches around or up to a place."""
    return next((m.span() for m in pattern.finditer(text) if m.start() <= offset <= m.end()), None)


def _quoted_values(text: str, offset: int, quoted: tuple[int, int], scope: Scope) -> tuple[Completion, ...]:
    start, end = quoted
    quote = text[start]
    if end - start >= 2 and text[end - 1] == quote and offset == end:
        return ()
    values = _expected_values(text[:start], scope)
    found = [
        Completion(value, f"{quote}{value}{quote}", "value", str(Type.TEXT), "", start, end)
        for value in values
    ]
    return _ranked(found, text[start + 1 : offset])


def _expected_values(before: str, scope: Scope) -> tuple[str, ...]:
    """The texts that may stand behind `status ==`, `under(category,` or `in_region(`."""
    if _PLACE.search(before):
        return tuple(sorted(scope.regions))
    compared, under = _COMPARED.search(before), _UNDER.search(before)
    match = under or compared
    symbol = scope.symbols.get(match[1]) if match is not None else None
    if symbol is None:
        return ()
    return symbol.allowed or symbol.tree or ()


def _names(scope: Scope, book: Rulebook | None, lang: str) -> Iterator[tuple[str, CompletionKind, str, str]]:
    """Everything an expression may speak of: name, kind, type and meaning."""
    for name, symbol in scope.symbols.items():
        if "/" not in name:
            yield name, _kind(name, symbol, book), _detail(symbol), _meaning(name, symbol, book, lang)
    for name in sorted(scope.term_lists):
        yield f"terms.{name}", "terms", str(Type.TERMS), _terms_meaning(name, book, lang)
    for function in FUNCTIONS.values():
        yield function.name, "function", function.signature, function.meaning
    for word in WORDS:
        yield word, "word", "", ""


def _kind(name: str, symbol: Symbol, book: Rulebook | None) -> CompletionKind:
    if name.startswith("region.") or name in ("market", "as_of"):
        return "parameter"
    if "." in name:
        return "score" if book is None or name.split(".")[0] in book.scorecards else "output"
    return "derived" if "/" in symbol.path else "field"


def _detail(symbol: Symbol) -> str:
    return f"{symbol.type} ({symbol.unit})" if symbol.unit else str(symbol.type)


def _meaning(name: str, symbol: Symbol, book: Rulebook | None, lang: str) -> str:
    """Title, and what it is computed from or may be."""
    parts = [title_of_name(name, symbol, book, lang)]
    if book is not None and symbol.path in book.derived:
        parts.append("= " + " ".join(book.derived[symbol.path].text.split()))
    choices = symbol.allowed or symbol.tree
    if choices:
        shown = ", ".join(choices[:12]) + (" ..." if len(choices) > 12 else "")
        parts.append(phrase(COMPLETION, "one_of", lang, values=shown))
    return "\n".join(part for part in parts if part)


def title_of_name(name: str, symbol: Symbol, book: Rulebook | None, lang: str) -> str:
    """What people call a name of an expression; empty where the project gives it no title."""
    if name in COMPLETION:
        return phrase(COMPLETION, name, lang)
    if book is None:
        return ""
    head, _, tail = name.partition(".")
    if head == "region":
        declared = book.regions.declared.get(tail)
        return (
            phrase(COMPLETION, "region.code", lang) if declared is None else titled(declared.title, lang, "")
        )
    if tail and head in book.scorecards:
        return f"{titled(book.scorecards[head].title, lang, head)}: {phrase(COMPLETION, tail, lang)}"
    if tail and head in book.rulesets:
        output = book.rulesets[head].outputs.get(tail)
        return titled(book.rulesets[head].title, lang, head) + (
            "" if output is None else f": {titled(output.title, lang, tail)}"
        )
    if symbol.path in book.derived:
        return titled(book.derived[symbol.path].title, lang, "")
    fields = (model.fields[name] for model in book.record_types.values() if name in model.fields)
    return next((titled(field.title, lang, "") for field in fields), "")


def _terms_meaning(name: str, book: Rulebook | None, lang: str) -> str:
    terms = book.terms.get(name) if book is not None else None
    if terms is None:
        return ""
    shown = ", ".join(terms.terms[:12]) + (" ..." if len(terms.terms) > 12 else "")
    return phrase(COMPLETION, "terms", lang, count=len(terms.terms), values=shown)


def _ranked(found: Iterable[Completion], written: str) -> tuple[Completion, ...]:
    asked = written.casefold()

    def rank(completion: Completion) -> tuple[int, int]:
        label = completion.label.casefold()
        kind = 1 if completion.kind in ("function", "word") else 0
        return (0 if label.startswith(asked) else 1), kind

    fitting = [c for c in found if asked in c.label.casefold()]
    return tuple(sorted(fitting, key=rank)[:MOST])


def hover_expression(
    text: str, offset: int, scope: Scope, book: Rulebook | None = None, lang: str = "en"
) -> Hover | None:
    """What the name or function at `offset` of an expression means; None for everything else."""
    quoted = _token_at(_TEXT, text, offset)
    place = _token_at(_TOKEN, text, offset)
    if place is None or (quoted is not None and quoted[0] < offset < quoted[1]):
        return None
    word = text[place[0] : place[1]]
    for name, kind, detail, meaning in _names(scope, book, lang):
        if name == word and kind != "word":
            head = detail if kind == "function" else f"{name}: {detail}"
            return Hover(*place, "\n".join(part for part in (head, meaning) if part))
    return None


# ---- documents


def complete_document(
    text: str, offset: int, file: str, project: Project, book: Rulebook, lang: str = "en"
) -> tuple[Completion, ...]:
    """What may stand at `offset` of a YAML file: keys, allowed values, names, and inside expressions their words.
    Works on text that is being written, as far as it can be read."""
    for place in _places(text, offset, file):
        found = _at_place(place, text, offset, project, book, lang)
        if found:
            return found
    return _first_key(text, offset, file)


def _at_place(
    place: _Place, text: str, offset: int, project: Project, book: Rulebook, lang: str
) -> tuple[Completion, ...]:
    if place.scope_id is not None and place.is_expression and place.scope_id in book.scopes:
        scope = book.scopes[place.scope_id]
        inner = complete_expression(place.value, place.at, scope, book, lang)
        return tuple(_moved(c, place) for c in inner)
    if place.is_key:
        keys = _keys(place, project)
        found = [Completion(k, f"{k}: ", "key", "", meaning, place.start, place.end) for k, meaning in keys]
    else:
        found = [
            Completion(v, scalar_text(v), kind, "", meaning, place.start, place.end)
            for v, kind, meaning in _values(place, project, book, lang)
        ]
    return _ranked(found, text[place.start : offset])


def hover_document(
    text: str, offset: int, file: str, project: Project, book: Rulebook, lang: str = "en"
) -> Hover | None:
    """What the key, name or word at `offset` of a YAML file means."""
    place = next(_places(text, offset, file), None)
    if place is None:
        return None
    if place.is_expression and place.scope_id in book.scopes:
        inner = hover_expression(place.value, place.at, book.scopes[str(place.scope_id)], book, lang)
        if inner is None:
            return None
        return Hover(inner.start + place.start, inner.end + place.start, inner.text)
    word = text[place.start : place.end].strip().strip("\"'")
    if place.is_key:
        return next(
            (Hover(place.start, place.end, m) for k, m in _keys(place, project) if k == word and m), None
        )
    values = _values(place, project, book, lang)
    return next((Hover(place.start, place.end, m) for v, _, m in values if v == word and m), None)


def _first_key(text: str, offset: int, file: str) -> tuple[Completion, ...]:
    """The kinds of documents, where a file holds none yet and a line begins."""
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    written = text[start:offset]
    if not re.fullmatch(r"[a-z_]*", written) or any(
        root.kind == "mapping" for root in YamlText(text, file).roots
    ):
        return ()
    return _ranked([Completion(kind, f"{kind}: ", "key", "", "", start, offset) for kind in KINDS], written)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in a document the pointer is. `path` leads to the mapping of a key, or to the value itself; for an
    expression `value` is its text from `start` to `end`, and `at` the pointer in it."""

    kind: str
    path: tuple[str | int, ...]
    start: int
    end: int
    is_key: bool
    is_expression: bool
    scope_id: str | None
    value: str
    at: int


def _moved(completion: Completion, place: _Place) -> Completion:
    start, end = completion.start + place.start, completion.end + place.start
    return Completion(
        completion.label,
        completion.insert,
        completion.kind,
        completion.detail,
        completion.meaning,
        start,
        end,
    )


_MARK = "zqx"
"""Stands for what has not been written yet, so that a half-written line is YAML again."""


def _places(text: str, offset: int, file: str) -> Iterator[_Place]:
    """What the place of the pointer can be, the likeliest first."""
    for candidate, shift in _candidates(text, offset):
        yaml = YamlText(candidate, file)
        for root in yaml.roots:
            found = _in_document(yaml, root, offset, shift)
            if found is not None:
                yield found
                break


def _candidates(text: str, offset: int) -> Iterator[tuple[str, int]]:
    """The text as it is, and made YAML by a word or a key at the pointer. With each: how much longer it is.

    Where nothing but a word stands on the line, it will be a key rather than a value.
    """
    with_word = text[:offset] + _MARK + text[offset:], len(_MARK)
    key = _MARK + ": 0"
    with_key = text[:offset] + key + text[offset:], len(key)
    before = re.split(r"[\r\n]", text[:offset])[-1]
    after = re.split(r"[\r\n]", text[offset:], maxsplit=1)[0]
    alone = re.fullmatch(r"\s*(?:-\s+)*\w*", before) is not None and not after.strip()
    yield text, 0
    yield from (with_key, with_word) if alone else (with_word, with_key)


def _in_document(yaml: YamlText, root: Node, offset: int, shift: int) -> _Place | None:
    kind = next((k for k in KINDS if root.get(k) is not None), None)
    kind = kind or {CONFIG_FILE: "config", WAIVERS_FILE: "waivers"}.get(yaml.file)
    if kind is None:
        return None
    for path, key, value in _scalars(root):
        node = key if key is not None else value
        start, end = yaml.offset(*node.place[:2]), yaml.offset(*node.place[2:])
        if not start <= offset <= end or (start == end and node.value is None):
            continue
        if key is not None:
            # Of a key that was put in for reading, only the word stands in the key itself.
            end = max(start, end - min(shift, len(_MARK)))
            return _Place(kind, path[:-1], start, end, True, False, None, "", 0)
        return _value_place(yaml, root, kind, path, value, offset, shift)
    return None


def _scalars(
    node: Node, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Node | None, Node]]:
    """Every key (with its mapping's path and its own name) and every scalar value of a document."""
    if node.kind == "scalar":
        yield path, None, node
    for key, value in node.items:
        yield (*path, str(key.value)), key, value
        yield from _scalars(value, (*path, str(key.value)))
    for index, element in enumerate(node.elements):
        yield from _scalars(element, (*path, index))


def _value_place(
    yaml: YamlText, root: Node, kind: str, path: tuple[str | int, ...], node: Node, offset: int, shift: int
) -> _Place:
    start, end = yaml.offset(*node.place[:2]), yaml.offset(*node.place[2:])
    model = KINDS.get(kind) or OTHER_KINDS[kind]
    is_expression = _is_expression(model, path)
    if is_expression:
        opening = 1 if node.style in ("single", "double") else 0
        if node.style in ("literal", "folded"):
            opening = len(split_lines(yaml.text[start:])[0]) + 1
        start += opening
        end -= 1 if node.style in ("single", "double") else 0
    end = max(start, end - shift)
    text = yaml.text[start:offset] + yaml.text[offset + shift : end + shift]
    return _Place(kind, path, start, end, False, is_expression, _scope_id(root, kind), text, offset - start)


def _scope_id(root: Node, kind: str) -> str | None:
    """The scope that a document's expressions have: its own for rulesets, its record type's for scorecards."""
    key = {"ruleset": "ruleset", "record_type": "record_type", "scorecard": "record"}.get(kind)
    node = root.get(key) if key is not None else None
    return None if node is None else str(node.value)


def _is_expression(model: type[Model], path: tuple[str | int, ...]) -> bool:
    owner = model_at(model, path[:-1])
    name = str(path[-1]) if path else ""
    if owner is None:
        return False
    for field_name, info in owner.model_fields.items():
        if (info.alias or field_name) == name:
            return _expression_type(info.annotation, info.metadata)
    return False


def _expression_type(annotation: Any, metadata: Iterable[Any]) -> bool:
    marks = set(map(id, get_args(Expression)[1:]))
    if any(id(entry) in marks for entry in metadata):
        return True
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return _expression_type(inner, more)
    if get_origin(annotation) in (Union, types.UnionType):
        return any(_expression_type(part, ()) for part in get_args(annotation))
    return False


def _keys(place: _Place, project: Project) -> Iterator[tuple[str, str]]:
    """The keys that may stand in a mapping, with their meaning."""
    model = KINDS.get(place.kind) or OTHER_KINDS[place.kind]
    named = _named(place, project)
    if named is not None:
        yield from named
        return
    owner = model_at(model, place.path)
    if owner is None:
        return
    fields = {info.alias or name: info for name, info in owner.model_fields.items()}
    for key in keys_of(owner):
        yield key, fields[key].description or ""


def _named(place: _Place, project: Project) -> list[tuple[str, str]] | None:
    """Keys that are names of the project: a region's parameters, weights; outputs of a rule; fields of a record."""
    last = place.path[-1] if place.path else ""
    if place.kind == "region" and place.path == ("parameters",):
        declared = {n: p for d in project.regions.values() for n, p in d.model.declares.items()}
        return [(name, titled(parameter.title, "en", "")) for name, parameter in sorted(declared.items())]
    if place.kind == "region" and place.path == ("weights",):
        return [(name, "") for name in sorted(project.scorecards)]
    if place.kind == "region" and len(place.path) == 2 and place.path[0] == "weights":
        card = project.scorecards.get(str(place.path[1]))
        return [] if card is None else [(c.id, titled(c.title, "en", "")) for c in card.model.characteristics]
    if place.kind == "scenarios" and last == "record":
        fields = {n: f for d in project.record_types.values() for n, f in d.model.fields.items()}
        return [(name, titled(field.title, "en", "")) for name, field in sorted(fields.items())]
    if last in ("title", "reason"):
        return [("en", ""), ("zh", "")]
    return None


def _values(
    place: _Place, project: Project, book: Rulebook, lang: str
) -> Iterator[tuple[str, CompletionKind, str]]:
    """The values that may stand at a place: names of the project, or what the key allows."""
    keys = [step for step in place.path if isinstance(step, str)]
    key = keys[-1] if keys else ""
    if (key in ("market", "markets", "extends") and place.kind != "region") or key == "extends":
        for name, region in project.regions.items():
            yield name, "name", titled(region.model.title, lang, "")
    elif key == "record" and place.kind in ("ruleset", "scorecard", "mapping"):
        for name, record in project.record_types.items():
            yield name, "name", titled(record.model.title, lang, "")
    elif key == "include":
        for name, ruleset in book.rulesets.items():
            yield name, "name", titled(ruleset.title, lang, "")
    elif key in ("fired", "not_fired", "undecided", "only_fired", "rule"):
        for ruleset in book.rulesets.values():
            for rule in ruleset.rules:
                yield rule.ref, "name", titled(rule.title, lang, "")
    elif key in ("scenarios", "target"):
        for name, titles in _targets(book):
            yield name, "name", titled(titles, lang, "")
    else:
        yield from _allowed(place, project, book)


def _targets(book: Rulebook) -> Iterator[tuple[str, Mapping[str, str]]]:
    yield from ((name, ruleset.title) for name, ruleset in book.rulesets.items())
    yield from ((name, card.title) for name, card in book.scorecards.items())


def _allowed(place: _Place, project: Project, book: Rulebook) -> Iterator[tuple[str, CompletionKind, str]]:
    """Allowed texts of an output or field, or the choices of a key."""
    keys = [step for step in place.path if isinstance(step, str)]
    if place.kind == "ruleset" and len(keys) >= 2 and keys[-2] == "then":
        ruleset = book.rulesets.get(str(place.scope_id))
        output = None if ruleset is None else ruleset.outputs.get(keys[-1])
        yield from ((v, "value", "") for v in (output.symbol.allowed if output else None) or ())
        return
    if place.kind == "scenarios" and "record" in keys:
        for document in project.record_types.values():
            field = document.model.fields.get(keys[-1])
            yield from ((v, "value", "") for v in (field and (field.allowed or field.tree)) or ())
        return
    owner = model_at(KINDS.get(place.kind) or OTHER_KINDS[place.kind], place.path[:-1])
    for name, info in owner.model_fields.items() if owner is not None else ():
        if (info.alias or name) == (keys[-1] if keys else ""):
            yield from ((value, "value", "") for value in _choices(info.annotation))


def _choices(annotation: Any) -> Iterator[str]:
    """The texts of an enumeration, inside optional and annotated types too."""
    if get_origin(annotation) is Literal:
        yield from (str(value) for value in get_args(annotation))
    elif annotation is bool:
        yield from ("true", "false")
    else:
        for part in get_args(annotation):
            yield from _choices(part)
