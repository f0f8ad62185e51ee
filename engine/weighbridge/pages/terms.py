"""The page of a file of term lists: the words, by language, and who looks for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from weighbridge.documents import RegionModel, TermListModel
from weighbridge.pages.markup import plain, table
from weighbridge.pages.site import Site, page
from weighbridge.project import Document


def terms_page(site: Site, file: str) -> str:
    """The page of the term lists in `file`."""
    lists = [d for d in site.project.term_lists.values() if d.file == file]
    name = plain(file.rsplit("/", 1)[-1].rsplit(".", 1)[0])
    parts = [f"# {site.word('terms_of', file=name)}", *site.facts((("file", site.file(file)),))]
    for document in lists:
        parts += _list(site, document)
    return page(parts)


def _list(site: Site, document: Document[TermListModel]) -> Iterator[str]:
    model = document.model
    yield f"## {site.name(model.title, document.id)}"
    exact = [site.word(f"exact_{n}") for n in ("case", "accents") if getattr(model.match, n) == "exact"]
    exact += [site.word(f"no_{n}") for n in ("plural", "negation") if not getattr(model.match, n)]
    yield site.word("list_separator").join(exact)
    setting = [r for r, d in site.book.regions.documents.items() if _sets(site, d.model, document.id)]
    yield site.word("used_in_regions", regions=site.regions(setting)) if setting else ""
    yield _table(site, model.terms, "terms")
    if model.except_:
        yield _table(site, model.except_, "except")


def _sets(site: Site, region: RegionModel, term_list: str) -> bool:
    """Whether a region gives one of its parameters this list."""
    declared = site.book.regions.declared
    listed = (entries for name, entries in region.parameters.items() if declared[name].type == "terms")
    return any(entry.value == term_list for entries in listed for entry in entries)


def _table(site: Site, terms: Mapping[str, tuple[str, ...]], what: str) -> str:
    rows = (
        [plain(language) or "–", site.word("term_separator").join(map(plain, words))]
        for language, words in terms.items()
    )
    return table([site.word("language"), site.word(what)], rows)
