"""What all pages of one language share: names of pages and files, titles, and where names are explained."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from textwrap import dedent
from typing import Any

from weighbridge.documents import ImplementsModel, PeriodModel
from weighbridge.engine import Engine
from weighbridge.messages import PAGES, phrase
from weighbridge.pages.markup import anchor, block, cell_code, link, plain
from weighbridge.project import Document
from weighbridge.rulebook import titled
from weighbridge.templates import show_number
from weighbridge.tree import Call, Const, Expr, Name, Type, walk


class Site:
    """The pages of one language in the folder `out`."""

    def __init__(self, engine: Engine, language: str, out: Path) -> None:
        self.engine = engine
        self.project = engine.project
        self.book = engine.book
        self.language = language
        self.out = out

    # --- words and titles ---

    def word(self, name: str, **values: object) -> str:
        """A fixed text of the pages."""
        return phrase(PAGES, name, self.language, **values)

    def text(self, texts: Mapping[str, str]) -> str:
        """A text of the project in this language, escaped; empty where there is none."""
        return plain(titled(texts, self.language, ""))

    def reason(self, texts: Mapping[str, str]) -> str:
        """A reason template in this language; what is filled in stands as code."""
        pieces = re.split(r"(\{[^{}]+\})", titled(texts, self.language, ""))
        return "".join(cell_code(p) if p.startswith("{") else _inner(p) for p in pieces)

    def expression(self, document: Document[Any], path: Sequence[str | int], text: str) -> str:
        """An expression as its author laid it out."""
        return block(_laid_out(document, path, text))

    def name(self, title: Mapping[str, str], ident: str) -> str:
        """A title with its id behind it."""
        shown = self.text(title)
        return f"{shown} ({cell_code(ident)})" if shown else cell_code(ident)

    # --- files and pages ---

    def file(self, path: str) -> str:
        """A link to a file of the project."""
        target = os.path.relpath(self.project.root / path, self.out.resolve())
        return link(cell_code(path), PurePosixPath(*Path(target).parts).as_posix())

    def scorecard_page(self, ident: str) -> str:
        """File name of the page of a scorecard."""
        return f"scorecard-{ident}.md"

    def ruleset_page(self, ident: str) -> str:
        """File name of the page of a ruleset."""
        return f"ruleset-{ident}.md"

    def record_type_page(self, ident: str) -> str:
        """File name of the page of a record type."""
        return f"record-{ident}.md"

    def region_page(self, ident: str) -> str:
        """File name of the page of a group of regions."""
        return f"region-{ident}.md"

    def terms_page(self, file: str) -> str:
        """File name of the page of the term lists in a file."""
        name = file.partition("/")[2].rsplit(".", 1)[0].replace("/", "-")
        return f"terms-{name.removeprefix('terms-')}.md"

    def page_of(self, document: Document[Any]) -> str | None:
        """File name of the page that shows a document; None where there is none."""
        match document.kind:
            case "scorecard":
                return self.scorecard_page(document.id)
            case "ruleset":
                return self.ruleset_page(document.id)
            case "record_type":
                return self.record_type_page(document.id)
            case "term_list":
                return self.terms_page(document.file)
            case _:
                return None

    def to(self, document: Document[Any]) -> str:
        """A link to where a document is shown, by its title."""
        if document.kind == "region":
            return self.to_region(document.id)
        shown = self.text(document.model.title) or cell_code(document.id)
        page = self.page_of(document)
        part = self._part(document) if document.kind == "term_list" else ""
        return shown if page is None else link(shown, page + part)

    def _part(self, document: Document[Any]) -> str:
        """The fragment of a document that is shown under its own heading on a page with others."""
        title = titled(document.model.title, self.language, "")
        return f"#{anchor(f'{title} ({document.id})'.strip())}"

    @cached_property
    def term_files(self) -> tuple[str, ...]:
        """Files with term lists, sorted."""
        return tuple(sorted({d.file for d in self.project.term_lists.values()}))

    # --- regions ---

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """Regions with a page: all that are no markets, roots first, and markets that have no group."""
        documents = self.book.regions.documents
        groups = [r for r, d in documents.items() if not d.model.is_market or not d.model.extends]
        return tuple(sorted(groups, key=lambda r: (len(self.book.regions.lineages[r]), r)))

    def group_of(self, region: str) -> str:
        """The group on whose page a region is shown: itself, or the first it extends that is one."""
        return next(r for r in self.book.regions.lineages[region] if r in self.groups)

    def region(self, ident: str) -> str:
        """Code and title of a region."""
        return f"{cell_code(ident)} {self.text(self.book.regions.documents[ident].model.title)}".rstrip()

    def regions(self, idents: Iterable[str]) -> str:
        """Several regions, with links to their pages."""
        separator = self.word("list_separator")
        return separator.join(map(self.to_region, idents))

    def to_region(self, ident: str) -> str:
        """A link to where a region is shown: its own page, or its part of a group's."""
        group = self.group_of(ident)
        part = "" if group == ident else self._part(self.book.regions.documents[ident])
        return link(self.region(ident), self.region_page(group) + part)

    # --- parts that several kinds of page have ---

    def facts(self, pairs: Iterable[tuple[str, str]]) -> list[str]:
        """A list of facts; those without a value are left out."""
        return ["\n".join(f"- {self.word('fact', what=self.word(n), value=v)}" for n, v in pairs if v)]

    def introduction(self, document: Document[Any], level: str = "##") -> list[str]:
        """What a document says about itself: about, systems and judgements, headings at `level`."""
        model = document.model
        parts = [self.text(model.about)] if model.about else []
        if model.implements:
            parts += [f"{level} {self.word('implements')}", self.implements(model.implements)]
        if model.judgements:
            points = "\n".join(f"- {self.text(judgement)}" for judgement in model.judgements)
            parts += [f"{level} {self.word('judgements')}", points]
        return parts

    def implements(self, entries: Sequence[ImplementsModel]) -> str:
        """Systems and figures as a list."""
        systems = self.project.config.model.systems
        lines = (
            f"- **{plain(e.system)} {self.text(systems[e.system].title)}**{self.word('colon')}{self.text(e.figures)}"
            for e in entries
        )
        return "\n".join(lines)

    def period(self, period: PeriodModel) -> str:
        """A period in words."""
        if period.from_ is not None and period.to is not None:
            return self.word("from_to", first=period.from_, last=period.to)
        if period.from_ is not None:
            return self.word("from_day", day=period.from_)
        return self.word("to_day", day=period.to) if period.to is not None else ""

    def periods(self, periods: Iterable[PeriodModel]) -> str:
        """Several periods, all of which must hold."""
        return self.word("list_separator").join(filter(None, map(self.period, periods)))

    def value(self, value: object) -> str:
        """A value of a document as code; lists item by item."""
        if isinstance(value, bool):
            return cell_code("true" if value else "false")
        if isinstance(value, float | int):
            return show_number(float(value))
        if isinstance(value, list | tuple):
            return " ".join(map(self.value, value)) if value else self.word("empty_list")
        return "–" if value is None else cell_code(str(value))

    def reads(self, trees: Iterable[Expr], record: str) -> list[str]:
        """Every name that expressions read, with its title, by kind, and the term lists they look for."""
        nodes = [node for tree in trees for node in walk(tree)]
        paths = sorted({node.path for node in nodes if isinstance(node, Name)})
        lists = sorted(
            {
                a.value
                for node in nodes
                if isinstance(node, Call)
                for a in node.arguments
                if isinstance(a, Const) and a.type is Type.TERMS and isinstance(a.value, str)
            }
        )
        lines = [
            f"- {cell_code(_written(path))} {shown}".rstrip()
            for path in paths
            if (shown := self._named(path, record))
        ]
        lines += [
            f"- {cell_code(f'terms.{name}')} {self.to(self.project.term_lists[name])}" for name in lists
        ]
        return [f"## {self.word('reads')}", "\n".join(lines)] if lines else []

    def _named(self, path: str, record: str) -> str:
        """Title and unit of a name."""
        head, _, rest = path.partition(".")
        fields = self.book.record_types[record].fields
        if path in self.book.derived:
            return self.text(self.book.derived[path].title)
        if path in fields:
            return self._with_unit(fields[path].title, fields[path].unit)
        if head == "region" and rest in self.book.regions.declared:
            declared = self.book.regions.declared[rest]
            return self._with_unit(declared.title, declared.unit)
        if rest and head in self.project.scorecards:
            return self.to(self.project.scorecards[head])
        if rest and head in self.project.rulesets:
            return self.to(self.project.rulesets[head])
        return ""

    def _with_unit(self, title: Mapping[str, str], unit: str | None) -> str:
        shown = self.text(title)
        return shown if unit is None else self.word("with_unit", title=shown, unit=plain(unit))


def _inner(text: str) -> str:
    """A piece of a line, with the spaces at its ends."""
    core = text.strip()
    return f"{' ' if text[:1].isspace() else ''}{plain(core)}{' ' if core and text[-1:].isspace() else ''}"


def _laid_out(document: Document[Any], path: Sequence[str | int], text: str) -> str:
    """The lines of a text written as a block (`>-` or `|`), without their indentation; any other as it is."""
    span = document.span(*path)
    lines = document.lines[span.line - 1 : span.end_line]
    if not lines or not re.match(r"[>|][-+0-9]*\s*$", lines[0][span.column - 1 :]):
        return text
    return dedent("\n".join(lines[1:])).strip("\n")


def _written(path: str) -> str:
    """A canonical name as expressions write it."""
    return path.rsplit("/", 1)[-1]


def page(parts: Iterable[str]) -> str:
    """A page from its paragraphs; empty ones are left out."""
    return "\n\n".join(part for part in parts if part) + "\n"
