"""The page of a record type: its fields, what is computed from them, and the feeds it is read from."""

from __future__ import annotations

from weighbridge.documents import FieldModel
from weighbridge.pages.markup import cell_code, table
from weighbridge.pages.site import Site, page
from weighbridge.templates import show_number


def record_type_page(site: Site, ident: str) -> str:
    """The page of the record type `ident`."""
    document = site.project.record_types[ident]
    model = document.model
    users = [d for group in (site.project.rulesets, site.project.scorecards) for d in group.values()]
    deciding = site.word("list_separator").join(site.to(d) for d in users if d.model.record == ident)
    header = [site.word(name) for name in ("field", "title", "type", "values", "required")]
    rows = [
        [
            cell_code(name),
            site.text(f.title),
            site.word(f.type),
            _values(site, f),
            site.word("yes") if f.required else "",
        ]
        for name, f in model.fields.items()
    ]
    parts = [
        f"# {site.name(model.title, ident)}",
        *site.facts(
            (
                ("file", site.file(document.file)),
                ("decided_by", deciding),
                ("key", cell_code(model.key) if model.key else ""),
            )
        ),
        f"## {site.word('fields')}",
        table(header, rows),
    ]
    parts += [p for name, f in model.fields.items() if f.tree for p in _tree(site, name, f.tree)]
    if model.derived:
        parts.append(f"## {site.word('derived')}")
    for name, derived in model.derived.items():
        path = ("derived", name, "value")
        parts += [f"### {site.name(derived.title, name)}", site.expression(document, path, derived.value)]
    return page([*parts, *_feeds(site, ident)])


def _values(site: Site, field: FieldModel) -> str:
    """What a field may hold: unit, bounds, choices."""
    shown = [site.word("unit_is", unit=cell_code(field.unit))] if field.unit else []
    if field.min is not None or field.max is not None:
        low, high = ("" if b is None else show_number(b) for b in (field.min, field.max))
        shown.append(f"{low} … {high}".strip())
    shown += [site.value(field.allowed)] if field.allowed else []
    shown += [site.word("paths_below")] if field.tree else []
    return site.word("list_separator").join(shown)


def _tree(site: Site, name: str, paths: tuple[str, ...]) -> list[str]:
    """The paths of a tree, one line for each first part."""
    heads = dict.fromkeys(path.split("/")[0] for path in paths)
    lines = [
        f"- {cell_code(head)} {' '.join(cell_code(p) for p in paths if p.startswith(head + '/'))}".rstrip()
        for head in heads
    ]
    return [f"### {site.word('paths_of', field=cell_code(name))}", "\n".join(lines)]


def _feeds(site: Site, ident: str) -> list[str]:
    lines = [
        f"- {site.name(d.model.title, d.id)} {site.file(d.file)}"
        for d in site.project.mappings.values()
        if d.model.record == ident
    ]
    return [f"## {site.word('feeds')}", "\n".join(lines)] if lines else []
