"""Pages: what the documents of a project say, as Markdown for people who do not read YAML.

One page per scorecard, ruleset, record type, group of regions and file of term lists, and an index, each in every
language. A page holds what the documents hold and nothing that changes with the day or the machine, so that pages
kept with a project can be compared with what its documents say now.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from weighbridge.engine import Engine
from weighbridge.messages import LANGUAGES
from weighbridge.pages.index import index_page
from weighbridge.pages.record_types import record_type_page
from weighbridge.pages.regions import region_page
from weighbridge.pages.rulesets import ruleset_page
from weighbridge.pages.scorecards import scorecard_page
from weighbridge.pages.site import Site
from weighbridge.pages.terms import terms_page


def pages(engine: Engine, out: Path) -> dict[str, str]:
    """Every page by its path in `out`, which links to the files of the project start from."""
    found: dict[str, str] = {}
    for language in LANGUAGES:
        site = Site(engine, language, out / language)
        made = {
            "README.md": index_page(site),
            **{site.scorecard_page(name): scorecard_page(site, name) for name in engine.book.scorecards},
            **{site.ruleset_page(name): ruleset_page(site, name) for name in engine.book.rulesets},
            **{
                site.record_type_page(name): record_type_page(site, name) for name in engine.book.record_types
            },
            **{site.region_page(name): region_page(site, name) for name in site.groups},
            **{site.terms_page(file): terms_page(site, file) for file in site.term_files},
        }
        found |= {f"{language}/{name}": text for name, text in made.items()}
    return found


@dataclass(frozen=True, slots=True)
class Differences:
    """How pages on disk differ from what the documents say, by path in the folder."""

    absent: tuple[str, ...]
    stale: tuple[str, ...]
    left_over: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.absent or self.stale or self.left_over)


def differences(wanted: dict[str, str], out: Path) -> Differences:
    """What `write` would change. Raises `OSError` and `UnicodeDecodeError` where a page cannot be read."""
    there = {p.relative_to(out).as_posix() for name in LANGUAGES for p in (out / name).glob("*.md")}
    stale = (n for n in wanted if n in there and (out / n).read_text(encoding="utf-8") != wanted[n])
    return Differences(
        tuple(sorted(wanted.keys() - there)), tuple(sorted(stale)), tuple(sorted(there - wanted.keys()))
    )


def write(wanted: dict[str, str], out: Path) -> Differences:
    """Writes the pages and removes Markdown files that are none any more. Raises `OSError`."""
    found = differences(wanted, out)
    for name in (*found.absent, *found.stale):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(wanted[name], encoding="utf-8", newline="\n")
    for name in found.left_over:
        (out / name).unlink()
    return found
