"""The index: which documents carry which system of the settings, and where every page is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from weighbridge.documents import ImplementsModel, SystemModel
from weighbridge.pages.markup import link, plain, table
from weighbridge.pages.site import Site, page
from weighbridge.project import Document


def index_page(site: Site) -> str:
    """The front page."""
    config = site.project.config.model
    title = site.text(config.title) or plain(config.project or "") or site.word("project")
    other = "zh" if site.language == "en" else "en"
    return page(
        [
            f"# {title}",
            link(site.word("other_language"), f"../{other}/README.md"),
            site.word("made_by"),
            *_systems(site),
            *_documents(site),
            *_regions(site),
        ]
    )


def _systems(site: Site) -> Iterator[str]:
    systems = site.project.config.model.systems
    if not systems:
        return
    yield f"## {site.word('systems')}"
    header = [site.word(name) for name in ("system", "pages", "files", "figures")]
    yield table(header, (row for ident, system in systems.items() for row in _system(site, ident, system)))


def _system(site: Site, ident: str, system: SystemModel) -> Iterator[list[str]]:
    """One row for each document that carries the system; one that says so where there is none."""
    shown = f"**{plain(ident)}** {site.text(system.title)}"
    carried = list(_carrying(site, ident))
    if not carried:
        yield [shown, site.text(system.about) or site.word("nothing_yet"), "", ""]
    for number, (document, entry) in enumerate(carried):
        figures = site.text(entry.figures)
        about = site.text(system.about) if number == 0 else ""
        first = " ".join(filter(None, (shown, about)))
        yield [first if number == 0 else "", site.to(document), _files(site, document), figures]


def _carrying(site: Site, ident: str) -> Iterator[tuple[Document[Any], ImplementsModel]]:
    for group in (site.project.scorecards, site.project.rulesets, site.project.regions):
        for document in group.values():
            for entry in document.model.implements:
                if entry.system == ident:
                    yield document, entry


def _files(site: Site, document: Document[Any]) -> str:
    """The file of a document, its tables and its scenarios."""
    files = [document.file]
    if document.kind == "ruleset":
        found = (site.project.table(document, index) for index in range(len(document.model.tables)))
        files += [rows.file for rows in found if rows is not None]
    files += [d.file for d in site.project.scenarios if d.model.scenarios == document.id]
    return "<br>".join(map(site.file, dict.fromkeys(files)))


def _documents(site: Site) -> Iterator[str]:
    yield f"## {site.word('all_pages')}"
    for kind, documents in (
        ("rulesets", site.project.rulesets),
        ("scorecards", site.project.scorecards),
        ("record_types", site.project.record_types),
    ):
        if documents:
            yield f"### {site.word(kind)}"
            yield "\n".join(
                f"- {site.to(d)}" + (f"{site.word('colon')}{about}" if (about := _about(site, d)) else "")
                for d in documents.values()
            )
    if site.term_files:
        yield f"### {site.word('term_lists')}"
        names = (
            link(plain(f.rsplit("/", 1)[-1].rsplit(".", 1)[0]), site.terms_page(f)) for f in site.term_files
        )
        yield "\n".join(f"- {name}" for name in names)


def _about(site: Site, document: Document[Any]) -> str:
    return site.text(getattr(document.model, "about", {}))


def _regions(site: Site) -> Iterator[str]:
    if not site.groups:
        return
    yield f"## {site.word('markets')}"
    rows = []
    for group in site.groups:
        markets = [m for m in site.book.regions.markets if site.group_of(m) == group and m != group]
        shown = site.word("list_separator").join(map(site.to_region, markets))
        rows.append([site.to(site.book.regions.documents[group]), shown])
    yield table([site.word("group"), site.word("markets")], rows)
