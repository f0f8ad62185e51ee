"""An engine for tests of the gate: decides by plain functions, so that a test states what is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from weighbridge.diagnostics import Diagnostic, InvalidRecord, Span, UnknownName, unknown_name
from weighbridge.documents import RecordTypeModel, WaiversModel
from weighbridge.project import Document

if TYPE_CHECKING:
    from weighbridge.engine import Engine

LISTING = RecordTypeModel.model_validate(
    {
        "record_type": "listing",
        "key": "sku",
        "fields": {
            "sku": {"type": "text"},
            "title": {"type": "text"},
            "material": {"type": "text"},
            "price": {"type": "number", "min": 0},
            "stock": {"type": "number"},
        },
    }
)
"""A listing; no field is required, so that a record may lack its key."""

WORST = ("pass", "warn", "review", "block", "error")


@dataclass(frozen=True)
class Found:
    """A finding as the engine gives it, as far as the gate reads it.

    The status "skipped" stands for an undecided rule that the engine names in `missing` only.
    """

    rule: str
    severity: str = "block"
    status: str = "fired"
    reason: Mapping[str, str] = field(default_factory=lambda: {"en": "contains pigskin", "zh": "含猪皮"})
    missing: tuple[str, ...] = ()
    matches: tuple[Any, ...] = ()
    source: Any = None
    location: Span | None = None


Finder = Callable[[Mapping[str, Any], str], Iterable[Found]]


def pigskin(record: Mapping[str, Any], market: str) -> Iterable[Found]:
    """One rule: pigskin is blocked in Saudi Arabia and reviewed elsewhere."""
    if "pigskin" in str(record.get("material")):
        yield Found("taboo/pig", "block" if market == "SA" else "review")


@dataclass
class FakeEngine:
    """Decides with `find`; the verdict is the worst severity found, or what `verdict` makes of it."""

    find: Finder = pigskin
    verdict: Callable[[str], str | None] = lambda worst: worst
    markets: tuple[str, ...] = ("AE", "DE", "SA")
    targets: tuple[str, ...] = ("listing_gate",)
    version: str = "wb-0123456789abcdef"
    root: Path = Path()
    record: RecordTypeModel = LISTING
    waivers: Document[WaiversModel] | None = None
    url: str = "https://example.org/law?a=1&b=2"

    def __post_init__(self) -> None:
        self.titles = {"taboo/pig": {"en": "Pig materials", "zh": "猪材料"}, "taboo/cow": {"en": "Cow"}}
        self.project = SimpleNamespace(root=self.root, waivers=self.waivers)

    def as_engine(self) -> Engine:
        return cast("Engine", self)

    def with_rule(self, rule: str) -> FakeEngine:
        engine = replace(self)
        engine.titles[rule] = {"en": rule}
        return engine

    def record_type(self, target: str) -> RecordTypeModel:
        return self.record

    def rule(self, ref: str) -> Any:
        if ref not in self.titles:
            raise UnknownName([unknown_name("WB301", "rule", ref, self.titles)])
        source = SimpleNamespace(citation="Customs law art. 5", url=self.url)
        location = Span("rulesets/taboo.yaml", 14, 5, 14, 9)
        return SimpleNamespace(ref=ref, title=self.titles[ref], source=source, location=location, review=None)

    def rules(self, target: str) -> list[Any]:
        return [self.rule(ref) for ref in self.titles]

    def decide(self, target: str, record: Mapping[str, Any], *, market: str, as_of: date) -> Any:
        bad = [name for name in ("price", "stock") if record.get(name, 0) < 0]
        if bad:
            raise InvalidRecord([Diagnostic("WB401", f"{name} is below 0") for name in bad])
        found = list(self.find(record, market))
        skipped = {entry.rule: entry.missing for entry in found if entry.status == "skipped"}
        findings = tuple(entry for entry in found if entry.status != "skipped")
        worst = max((entry.severity for entry in findings), key=WORST.index, default="pass")
        verdict = self.verdict("block" if worst == "error" else worst)
        return SimpleNamespace(market=market, verdict=verdict, findings=findings, missing=skipped)
