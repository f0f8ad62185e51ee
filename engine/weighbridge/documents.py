"""The shape of every document kind, as pydantic models.

The models check shape only: keys, types, enumerations, ids. They also bring short forms to one full form (a
title given as plain text becomes `{"en": text}`, a column given as its name becomes `{from: [name]}`), so
that the rest of the package meets one form. What must agree *within* a document is checked in
`document_checks`; what must agree *between* documents is checked where it is used.

Attribute names are the YAML keys, with a trailing underscore where Python or pydantic reserves the word:
`from_`, `in_`, `is_`, `as_`, `except_`, `json_`.
"""

from __future__ import annotations

import datetime
import keyword
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, TypeVar, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    StrictBool,
    StrictInt,
    Tag,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_before_validator_function

MAX_WEIGHT = 10_000
MAX_POINTS = 1_000_000
MAX_DECIMALS = 3

FieldType = Literal["text", "number", "boolean", "date", "text_list"]
ParameterType = Literal["text", "number", "boolean", "date", "text_list", "terms"]
IfUnknown = Literal["skip", "fire", "review"]
CombinePolicy = Literal[
    "first", "unique", "any", "worst", "best", "collect", "set", "sum", "min", "max", "count"
]
Confidence = Literal["verified_official", "verified_secondary", "needs_check"]
Purpose = Literal["fulfilment", "service", "fraud", "compliance", "profiling", "retention", "marketing"]
"""What a decision uses personal data for: delivering and billing what was ordered, answering the customer,
keeping fraud and false data out, a duty under law, scoring or grouping people, keeping customers, advertising."""
SpecialCategory = Literal["health", "religion", "origin", "opinion", "intimate", "biometric"]
"""The special categories of GDPR Art. 9(1): `origin` is racial or ethnic origin, `opinion` political opinion and
trade-union membership, `religion` also philosophical belief, `intimate` sex life and orientation, `biometric`
also genetic data."""
DataCategory = Literal[
    "identity", "contact", "location", "behaviour", "financial", "demographic", "children", SpecialCategory
]
"""What personal data is about. `identity` names or numbers a person, `behaviour` is what they did (orders, visits,
complaints), `demographic` age, gender or family, `children` anything that tells that someone is a child."""
ConsentRule = Literal["not_needed", "opt_out", "opt_in", "forbidden"]
VERDICTS = ("pass", "warn", "review", "block")


# ---- leaf types


def _expected(what: str) -> PydanticCustomError:
    """An error that `project` words as "expected <what>, found <the value>"."""
    return PydanticCustomError("expected", "expected {what}", {"what": what})


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(value: object) -> int | float:
    if not _is_number(value):
        raise _expected("a number")
    if not math.isfinite(cast(float, value)):
        raise _expected("a finite number")
    return cast("int | float", value)


def _bounded(what: str, low: float | None, high: float | None, decimals: int | None) -> Callable[[Any], Any]:
    def check(value: object) -> int | float:
        number = _number(value)
        if (low is not None and number < low) or (high is not None and number > high):
            raise _expected(what)
        # repr gives the shortest text of a float, which is how the author wrote it.
        exponent = cast(int, Decimal(repr(number)).as_tuple().exponent)
        if decimals is not None and -exponent > decimals:
            raise _expected(f"{what} (at most {decimals} decimals)")
        return number

    return check


def _text_matching(pattern: str, what: str) -> Callable[[Any], str]:
    compiled = re.compile(pattern)

    def check(value: object) -> str:
        if isinstance(value, str) and compiled.fullmatch(value):
            return value
        if _is_number(value) and compiled.fullmatch(str(value)):
            raise PydanticCustomError(
                "expected", "expected {what}", {"what": f"{what}, in quotes", "mended": f'"{value}"'}
            )
        raise _expected(what)

    return check


def _not_reserved(value: str) -> str:
    if value in RESERVED_NAMES or keyword.iskeyword(value):
        raise _expected(f"a name that expressions can use ({value!r} has a meaning of its own there)")
    return value


def _date(value: object) -> datetime.date:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        try:
            return datetime.date.fromisoformat(value)
        except ValueError:
            raise _expected("a day that exists, as YYYY-MM-DD") from None
    raise _expected("a date as YYYY-MM-DD")


def _expression(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if _is_number(value):
        return repr(_number(value))
    if isinstance(value, str) and value.strip():
        return value
    raise _expected("an expression")


def _localised(value: object) -> object:
    if isinstance(value, str):
        return {"en": value}
    if isinstance(value, dict):
        return cast("dict[object, object]", value)
    raise _expected("text, or texts by language as {en: ..., zh: ...}")


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _by_language(value: object) -> object:
    """Terms may come by language or as one plain list, which is kept under the language ""."""
    return {"": value} if isinstance(value, list) else value


def _scalar(value: object) -> str | int | float | bool | None:
    if value is None or isinstance(value, str | bool):
        return value
    if _is_number(value):
        return _number(value)
    raise _expected("a single value (text, number, true/false or null)")


def _value(value: object) -> Any:
    """A value that is there: text, number, boolean or a list of texts (which becomes a tuple)."""
    if isinstance(value, list):
        items = cast("list[object]", value)
        if all(isinstance(item, str) for item in items):
            return tuple(items)
        raise _expected("a list of texts (numbers in it need quotes)")
    if value is None or isinstance(value, dict):
        raise _expected("a value (text, number, true/false or a list of texts)")
    return _scalar(value)


def _value_or_null(value: object) -> Any:
    return None if value is None else _value(value)


def _output_value(value: object) -> Any:
    """A fixed value, or an expression written `{value: "..."}`."""
    if isinstance(value, dict):
        return ExpressionValue.model_validate(value)
    return _value(value)


RESERVED_NAMES = frozenset({"market", "as_of", "region", "terms", "true", "false", "null", "none"})

_ID_PATTERN = "[a-z][a-z0-9_]*"
_REGION_PATTERN = "[A-Za-z][A-Za-z0-9_-]*"
_RULE_PATTERN = "[A-Za-z0-9][A-Za-z0-9._-]*"

_VALUE_SCHEMA: dict[str, Any] = {
    "type": ["string", "number", "boolean", "array"],
    "items": {"type": "string"},
}


def _patterned(pattern: str, what: str) -> tuple[PlainValidator, WithJsonSchema]:
    return PlainValidator(_text_matching(pattern, what)), WithJsonSchema(
        {"type": "string", "pattern": f"^{pattern}$"}
    )


_ID_CHECK, _ID_SCHEMA = _patterned(
    _ID_PATTERN, "an id: small letters, digits and '_', beginning with a letter"
)
_REGION_CHECK, _REGION_SCHEMA = _patterned(
    _REGION_PATTERN, "a region id: letters, digits, '_' and '-', beginning with a letter"
)
_RULE_CHECK, _RULE_SCHEMA = _patterned(
    _RULE_PATTERN, "a rule id: letters, digits, '.', '_' and '-', beginning with a letter or digit"
)
_REF_CHECK, _REF_SCHEMA = _patterned(f"{_ID_PATTERN}/{_RULE_PATTERN}", "a rule as <ruleset>/<rule id>")
_LANGUAGE_CHECK, _LANGUAGE_SCHEMA = _patterned(
    "[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", "a language code such as en, zh or pt-BR"
)
_DURATION_CHECK, _DURATION_SCHEMA = _patterned("[1-9][0-9]{0,4}[mhd]", "a duration such as 30m, 48h or 7d")
_URL_CHECK, _URL_SCHEMA = _patterned(r"https?://\S+", "a web address (https://...)")
_NON_EMPTY_CHECK, _ = _patterned(r"(?s).*\S.*", "text")

NonEmpty = Annotated[str, _NON_EMPTY_CHECK, WithJsonSchema({"type": "string", "minLength": 1})]
Characters = Annotated[str, Field(min_length=1)]
"""Text in which spaces and line ends count too, such as a separator."""
Id = Annotated[str, _ID_CHECK, _ID_SCHEMA]
Name = Annotated[str, _ID_CHECK, AfterValidator(_not_reserved), _ID_SCHEMA]
"""An id that expressions may use as a name, and so must not be a word of the language."""
RegionId = Annotated[str, _REGION_CHECK, _REGION_SCHEMA]
RuleId = Annotated[str, _RULE_CHECK, _RULE_SCHEMA]
RuleRef = Annotated[str, _REF_CHECK, _REF_SCHEMA]
Language = Annotated[str, _LANGUAGE_CHECK, _LANGUAGE_SCHEMA]
Duration = Annotated[str, _DURATION_CHECK, _DURATION_SCHEMA]
Url = Annotated[str, _URL_CHECK, _URL_SCHEMA]
Localised = Annotated[
    dict[Language, NonEmpty], BeforeValidator(_localised, json_schema_input_type=str | dict[Language, str])
]
Expression = Annotated[str, PlainValidator(_expression, json_schema_input_type=str | float | bool)]
Date = Annotated[
    datetime.date,
    BeforeValidator(_date),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}),
]
Number = Annotated[int | float, BeforeValidator(_number), WithJsonSchema({"type": "number"})]
Share = Annotated[
    int | float,
    BeforeValidator(_bounded("a share from 0 to 1", 0, 1, None)),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1}),
]
Weight = Annotated[
    int | float,
    BeforeValidator(_bounded("a weight from -10000 to 10000", -MAX_WEIGHT, MAX_WEIGHT, MAX_DECIMALS)),
    WithJsonSchema({"type": "number", "minimum": -MAX_WEIGHT, "maximum": MAX_WEIGHT}),
]
Points = Annotated[
    int | float,
    BeforeValidator(_bounded("points from -1000000 to 1000000", -MAX_POINTS, MAX_POINTS, MAX_DECIMALS)),
    WithJsonSchema({"type": "number", "minimum": -MAX_POINTS, "maximum": MAX_POINTS}),
]
Scalar = Annotated[
    str | int | float | bool | None,
    BeforeValidator(_scalar, json_schema_input_type=str | float | bool | None),
]
Value = Annotated[
    str | int | float | bool | tuple[str, ...], BeforeValidator(_value), WithJsonSchema(_VALUE_SCHEMA)
]
ValueOrNull = Annotated[
    str | int | float | bool | tuple[str, ...] | None,
    BeforeValidator(_value_or_null),
    WithJsonSchema({**_VALUE_SCHEMA, "type": ["string", "number", "boolean", "array", "null"]}),
]
Regions = Annotated[
    tuple[RegionId, ...], BeforeValidator(_one_or_many, json_schema_input_type=RegionId | list[RegionId])
]
Texts = Annotated[tuple[str, ...], BeforeValidator(_one_or_many, json_schema_input_type=str | list[str])]
TermsByLanguage = Annotated[
    dict[str, tuple[NonEmpty, ...]],
    BeforeValidator(_by_language, json_schema_input_type=list[str] | dict[Language, list[str]]),
]


T = TypeVar("T")


class _NotEmpty:
    """Marks a key that may be absent, but not be there without a value: that would be unfinished work."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_before_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        schema = handler(core)
        choices = [entry for entry in schema.get("anyOf", ()) if entry != {"type": "null"}]
        return choices[0] if len(choices) == 1 else {**schema, "anyOf": choices} if choices else schema

    @staticmethod
    def _check(value: object) -> object:
        if value is None:
            raise _expected("a value, or no such key")
        return value


Opt = Annotated[T | None, _NotEmpty()]


class Model(BaseModel):
    """Base of all document parts: immutable, no unknown keys, no silent conversions."""

    # Most runs need only some of the models, and a model inside another needs no validator of its own.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)
    noun: ClassVar[str] = "this mapping"
    """What a person calls this part: "unknown key 'whne' in a rule"."""


# ---- shared parts


class PeriodModel(Model):
    """Days on which something holds; both days included, an absent end is open."""

    noun = "a period"
    from_: Opt[Date] = Field(
        default=None, alias="from", description="First day, YYYY-MM-DD. Absent: always before."
    )
    to: Opt[Date] = Field(default=None, description="Last day (included), YYYY-MM-DD. Absent: without end.")


class SourceModel(Model):
    """The law, standard or document a rule rests on."""

    noun = "a source"
    citation: NonEmpty = Field(description="Name and article of the law, standard or document.")
    url: Opt[Url] = Field(default=None, description="Where it can be read.")
    confidence: Opt[Confidence] = Field(default=None, description="How far the source has been verified.")
    checked: Opt[Date] = Field(default=None, description="Day on which someone last read the source.")


def _source(value: object) -> object:
    return {"citation": value} if isinstance(value, str) else value


SourceText = Annotated[SourceModel, BeforeValidator(_source, json_schema_input_type=str | SourceModel)]


class ReviewModel(Model):
    """Who must look at a case, and how soon."""

    noun = "a review"
    queue: Id = Field(description="The group that reviews.", examples=["selection_committee"])
    within: Opt[Duration] = Field(default=None, description="Deadline.", examples=["48h", "7d"])
    approvers: Annotated[StrictInt, Field(ge=1, le=100)] = Field(
        default=1, description="How many people must agree."
    )


class ImplementsModel(Model):
    """A system of the settings that a document carries out, whole or in part."""

    noun = "an entry of implements"
    system: RuleId = Field(description="The system, as under `systems` in weighbridge.yaml.", examples=["S4"])
    figures: Localised = Field(description="The figures of the system that hold here, by language.")


ABOUT: Any = Field(default_factory=dict, description="What it decides, and how to read it, by language.")
IMPLEMENTS: Any = Field(default=(), description="Systems it carries out, and their figures.")
JUDGEMENTS: Any = Field(
    default=(), description="What was decided without a source that settles it, by language."
)
DOCUMENTATION = frozenset({"about", "implements", "judgements"})
"""Keys that only people read: no decision depends on them."""


class ExpressionValue(Model):
    """A value computed when the rule fires."""

    noun = "a computed value"
    value: Expression = Field(description="An expression over the record.", examples=["price * 0.9"])


OutputValue = Annotated[
    str | int | float | bool | tuple[str, ...] | ExpressionValue,
    BeforeValidator(
        _output_value,
        json_schema_input_type=str | float | bool | list[str] | ExpressionValue,
    ),
]


class DerivedModel(Model):
    """A value computed from fields and other derived values."""

    noun = "a derived value"
    value: Expression = Field(description="How the value is computed.", examples=["(price - cost) / price"])
    title: Localised = Field(default_factory=dict, description="Name shown to people, by language.")


class FieldModel(Model):
    """One field of a record type."""

    noun = "a field"
    type: FieldType = Field(description="What kind of value the field holds.")
    required: StrictBool = Field(default=False, description="Whether every record must carry it.")
    title: Localised = Field(default_factory=dict, description="Name shown to people, by language.")
    unit: Opt[NonEmpty] = Field(
        default=None, description="Unit of a number.", examples=["kg", "currency of the listing"]
    )
    min: Opt[Number] = Field(default=None, description="Smallest number allowed.")
    max: Opt[Number] = Field(default=None, description="Largest number allowed.")
    allowed: Opt[tuple[NonEmpty, ...]] = Field(default=None, description="The only texts allowed.")
    tree: Opt[tuple[NonEmpty, ...]] = Field(
        default=None,
        description="Paths of a category tree, parts separated by '/'.",
        examples=[["apparel", "apparel/footwear"]],
    )
    personal: Opt[DataCategory] = Field(
        default=None,
        description="The field is personal data of this category: masked in reports, and read only where "
        "the region's `privacy` lets it be.",
    )
    changeable: StrictBool = Field(
        default=False,
        description="Whether those who offer the record can change the field: `explain` proposes changes of "
        "such fields only.",
    )


class ConsentModel(Model):
    """How a record says whether its person consents to one purpose."""

    noun = "a consent"
    given: Opt[Expression] = Field(
        default=None, description="True where consent was given.", examples=['marketing_consent == "given"']
    )
    refused: Opt[Expression] = Field(
        default=None,
        description="True where the person refused or objected.",
        examples=["profiling_objection"],
    )


class Choice(Model):
    """One line of `choose`: the first whose words occur in the cell gives the value."""

    noun = "a choice"
    contains: Texts = Field(
        description="Words or phrases, any of which must occur: whole words, in any case, in the plural too."
    )
    value: Scalar = Field(description="The value then; null: not known.")


class MappedColumn(Model):
    """Where one field of our record comes from in a feed."""

    noun = "a mapped column"
    from_: Texts = Field(
        default=(),
        alias="from",
        description="Column, or columns of which the first that is not missing counts.",
    )
    as_: Opt[FieldType] = Field(default=None, alias="as", description="Read the cell as this type.")
    optional: StrictBool = Field(
        default=False, description="true: feeds without the column are read all the same."
    )
    after: Opt[Characters] = Field(
        default=None,
        description="Keep only what stands behind this text; cells without it are missing.",
        examples=["/dp/"],
    )
    before: Opt[Characters] = Field(
        default=None,
        description="Keep only what stands in front of this text; cells without it stay whole.",
        examples=["/"],
    )
    strip: Opt[Characters] = Field(
        default=None, description="Characters to remove from a number first.", examples=["$,"]
    )
    decimal: Literal[".", ","] = Field(
        default=".", description="Decimal sign of numbers; the other one groups digits."
    )
    date_format: Opt[NonEmpty] = Field(
        default=None, description="How dates are written; absent: YYYY-MM-DD.", examples=["%d/%m/%Y"]
    )
    split: Opt[Characters] = Field(
        default=None,
        description="Separator of a list in one cell; absent: '|' where the cell has one, else ','.",
    )
    join: Opt[str] = Field(
        default=None,
        description="Join all columns that are not missing, or all values `json` finds, with this text.",
    )
    json_: Texts = Field(
        default=(),
        alias="json",
        description="Where the value is in a JSON cell: a key, `name=Material/value` in a list of objects; "
        "`*` before a step takes all that fit (`*/name`, `*name=Fibre/value`). "
        "Of several the first that is there.",
    )
    map: dict[NonEmpty, Scalar] = Field(
        default_factory=dict,
        description="The value for a whole cell, in any case.",
        examples=[{"Men": "adult"}],
    )
    choose: tuple[Choice, ...] = Field(default=(), description="First choice whose words occur.")
    otherwise: Scalar = Field(
        default=None,
        description="Value when no choice or entry of `map` fits. "
        "Absent: `choose` gives none, `map` the cell.",
    )
    value: Scalar = Field(default=None, description="A constant instead of a column.")

    @property
    def is_constant(self) -> bool:
        """Whether the field has one fixed value instead of coming from a column."""
        return "value" in self.model_fields_set


def _mapped_column(value: object) -> object:
    return {"from": value} if isinstance(value, str) else value


MappedColumnText = Annotated[
    MappedColumn, BeforeValidator(_mapped_column, json_schema_input_type=str | MappedColumn)
]


# ---- record types and mappings


class RecordTypeModel(Model):
    """What a record of this kind looks like: its fields, and values derived from them."""

    noun = "a record type"
    record_type: Name = Field(description="Id of the record type.", examples=["listing"])
    title: Localised = Field(default_factory=dict, description="Name shown to people, by language.")
    key: Opt[Name] = Field(default=None, description="The field that names a record in reports.")
    additional_fields: Literal["forbid", "ignore"] = Field(
        default="forbid", description="What to do with fields that are not declared."
    )
    fields: Annotated[dict[Name, FieldModel], Field(min_length=1)] = Field(description="The fields, by id.")
    consents: dict[Purpose, ConsentModel] = Field(
        default_factory=dict, description="How the record says whether its person consents, by purpose."
    )
    derived: dict[Name, DerivedModel] = Field(
        default_factory=dict, description="Values computed from fields."
    )
    feeds: dict[Id, dict[Name, MappedColumnText]] = Field(
        default_factory=dict,
        description="For each known feed format: our field and the column it comes from.",
    )


class MappingModel(Model):
    """How the columns of a feed become the fields of a record."""

    noun = "a mapping"
    mapping: Id = Field(description="Id of the mapping.", examples=["shopee"])
    title: Localised = Field(default_factory=dict, description="Name shown to people, by language.")
    record: Id = Field(description="The record type it fills.")
    format: Opt[Literal["csv", "tsv", "jsonl", "parquet", "shopify", "google-tsv", "google-xml"]] = Field(
        default=None, description="File format; absent: from the file name and header."
    )
    encoding: Literal["utf-8", "windows-1252", "iso-8859-1", "gb18030", "big5", "shift_jis", "euc-kr"] = (
        Field("utf-8", description="Text encoding of CSV and TSV files.")
    )
    missing: tuple[str, ...] = Field(default=("",), description="Cells that mean 'not known'.")
    columns: Annotated[dict[Name, MappedColumnText], Field(min_length=1)] = Field(
        description="Our field and the column it comes from."
    )


# ---- regions


class ParameterModel(Model):
    """A typed name that regions may set."""

    noun = "a parameter declaration"
    type: ParameterType = Field(
        description="What kind of value it holds; `terms` holds the id of a term list."
    )
    title: Localised = Field(default_factory=dict, description="Name shown to people, by language.")
    unit: Opt[NonEmpty] = Field(default=None, description="Unit of a number.")
    min: Opt[Number] = Field(default=None, description="Smallest number allowed.")
    max: Opt[Number] = Field(default=None, description="Largest number allowed.")
    allowed: Opt[tuple[NonEmpty, ...]] = Field(default=None, description="The only texts allowed.")


class DatedValue(PeriodModel):
    """A parameter's value on certain days."""

    noun = "a dated value"
    value: Value = Field(description="The value on these days.")


class DatedWeight(PeriodModel):
    """A characteristic's weight on certain days."""

    noun = "a dated weight"
    value: Weight = Field(description="The weight on these days.")


def _dated(value: object) -> object:
    """A plain value holds always; a list of mappings is a list of dated values."""
    if isinstance(value, list) and any(isinstance(item, dict) for item in cast("list[object]", value)):
        return cast(object, value)
    if isinstance(value, dict):
        raise _expected("a value, or a list of values with dates: [{from: ..., to: ..., value: ...}]")
    return [{"value": value}]


ParameterValue = Annotated[
    tuple[DatedValue, ...],
    BeforeValidator(_dated, json_schema_input_type=Value | list[DatedValue]),
]
WeightValue = Annotated[
    tuple[DatedWeight, ...],
    BeforeValidator(_dated, json_schema_input_type=Weight | list[DatedWeight]),
]


class RuleOverride(PeriodModel):
    """A region's change to one rule."""

    noun = "an override of a rule"
    rule: RuleRef = Field(description="The rule, as <ruleset>/<rule id>.")
    set: Annotated[dict[Id, OutputValue], Field(min_length=1)] = Field(
        description="`enabled`, or outputs of the rule with their new values."
    )
    reason: Localised = Field(description="Why this region differs.")


class ScorecardChanges(Model):
    """What a region may change about a scorecard (weights are set under `weights`)."""

    noun = "the changes to a scorecard"
    minimum_coverage: Opt[Share] = Field(default=None, description="New minimum coverage.")
    tiers: dict[Id, Points] = Field(default_factory=dict, description="New lower bounds, by tier.")


class ScorecardOverride(PeriodModel):
    """A region's change to one scorecard."""

    noun = "an override of a scorecard"
    scorecard: Id = Field(description="The scorecard.")
    set: ScorecardChanges = Field(description="What changes.")
    reason: Localised = Field(description="Why this region differs.")


def _override_kind(value: object) -> str:
    """The tag of an override, from its keys (or from the model, when it is written out again)."""
    keys = cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}
    if isinstance(value, ScorecardOverride) or ("scorecard" in keys and "rule" not in keys):
        return "scorecard override"
    return "rule override"


# The tags hold a blank, so that they can never be mistaken for a key when an error's place is looked up.
Override = Annotated[
    Annotated[RuleOverride, Tag("rule override")] | Annotated[ScorecardOverride, Tag("scorecard override")],
    Discriminator(_override_kind),
]


class PrivacyModel(PeriodModel):
    """Which personal data may be read for which purpose, and whose word that takes."""

    noun = "a privacy rule"
    purposes: tuple[Purpose, ...] = Field(default=(), description="For these purposes. Absent: for all.")
    data: tuple[DataCategory | Literal["special", "ordinary"], ...] = Field(
        default=(),
        description="Of these categories; `special` stands for those of GDPR Art. 9, `ordinary` for all others "
        "but `children`. Absent: all.",
    )
    consent: ConsentRule = Field(
        description="not_needed: may be read. opt_out: unless refused. opt_in: where consent was given. "
        "forbidden: a rule that reads it is an error."
    )
    source: Opt[SourceText] = Field(default=None, description="The law or policy it rests on.")


class RegionModel(Model):
    """A market or a group of markets."""

    noun = "a region"
    region: RegionId = Field(description="Id of the region.", examples=["SA", "gcc", "world"])
    title: Localised = Field(default_factory=dict, description="Name shown to people, by language.")
    about: Localised = ABOUT
    implements: tuple[ImplementsModel, ...] = IMPLEMENTS
    judgements: tuple[Localised, ...] = JUDGEMENTS
    extends: Regions = Field(default=(), description="Regions it inherits from, nearest first.")
    market: Opt[StrictBool] = Field(
        default=None,
        description="Whether decisions can be asked for it; default: ids of two capital letters.",
    )
    declares: dict[Name, ParameterModel] = Field(
        default_factory=dict, description="Parameters that this region and those below it may set."
    )
    parameters: dict[Id, ParameterValue] = Field(default_factory=dict, description="Values of parameters.")
    weights: dict[Id, dict[Id, WeightValue]] = Field(
        default_factory=dict, description="Weights of characteristics, by scorecard."
    )
    overrides: tuple[Override, ...] = Field(default=(), description="Changes to single rules and scorecards.")
    privacy: tuple[PrivacyModel, ...] = Field(
        default=(),
        description="What personal data may be read for what; the first entry that fits counts, then those "
        "of the regions it extends.",
    )

    @property
    def is_market(self) -> bool:
        """Whether decisions can be asked for this region."""
        return re.fullmatch("[A-Z]{2}", self.region) is not None if self.market is None else self.market


# ---- term lists


class MatchModel(Model):
    """How terms are compared with text."""

    noun = "the match options"
    case: Literal["fold", "exact"] = Field(default="fold", description="fold: capitals do not matter.")
    width: Literal["fold"] = Field(
        default="fold", description="Full-width and half-width forms are always equal."
    )
    accents: Literal["fold", "exact"] = Field(default="fold", description="fold: accents do not matter.")
    plural: StrictBool = Field(default=True, description="Simple English plurals match too.")
    negation: StrictBool = Field(default=True, description="'no pork' and 'pork-free' do not match 'pork'.")


class TermListModel(Model):
    """Words and phrases that rules look for."""

    noun = "a term list"
    term_list: Name = Field(description="Id of the list; expressions call it terms.<id>.")
    title: Localised = Field(default_factory=dict, description="Name shown to people, by language.")
    match: MatchModel = Field(default=MatchModel(), description="Options; the defaults suit most lists.")
    terms: Annotated[TermsByLanguage, Field(min_length=1)] = Field(
        description="The terms, by language or as one list."
    )
    except_: TermsByLanguage = Field(
        default_factory=dict, alias="except", description="A match inside one of these does not count."
    )


# ---- scorecards


class BinModel(Model):
    """Points for a range or set of values; without a bound it takes all the rest."""

    noun = "a bin"
    upto: Opt[Number] = Field(default=None, description="Values up to and including this.")
    from_: Opt[Number] = Field(
        default=None, alias="from", description="Values from this on, up to the next bin."
    )
    range: Opt[str] = Field(default=None, description="A closed range.", examples=["[0..5)", "[5..)"])
    in_: Opt[tuple[Scalar, ...]] = Field(default=None, alias="in", description="Any of these values.")
    is_: Scalar = Field(default=None, alias="is", description="Exactly this value.", examples=[True])
    points: Points = Field(description="Points for a value in this bin.")
    reason: Localised = Field(default_factory=dict, description="Reason text when this bin applies.")

    @property
    def selectors(self) -> tuple[str, ...]:
        """The YAML keys by which this bin chooses values; empty for the bin that takes the rest."""
        names = {"upto": "upto", "from_": "from", "range": "range", "in_": "in", "is_": "is"}
        return tuple(key for name, key in names.items() if name in self.model_fields_set)

    @property
    def interval(self) -> Interval | None:
        """The range of a `range` bin; None when there is none or it cannot be read."""
        return None if self.range is None else read_interval(self.range)


class CharacteristicModel(Model):
    """One aspect that a scorecard weighs."""

    noun = "a characteristic"
    id: Id = Field(description="Id, unique in the scorecard.")
    title: Localised = Field(default_factory=dict, description="Name shown to people, by language.")
    weight: Weight = Field(default=1, description="How much it counts; a region may set its own.")
    when: Opt[Expression] = Field(
        default=None, description="Where this is false, the characteristic does not apply."
    )
    value: Opt[Expression] = Field(default=None, description="What the bins look at.")
    bins: tuple[BinModel, ...] = Field(default=(), description="Points by value.")
    points: Opt[Expression] = Field(default=None, description="Points as an expression, instead of bins.")
    min: Opt[Points] = Field(default=None, description="Smallest number of points the expression can give.")
    max: Opt[Points] = Field(default=None, description="Largest number of points the expression can give.")
    missing: Opt[Points] = Field(
        default=None, description="Points where the value is not known; absent: lowers coverage."
    )
    reason: Localised = Field(default_factory=dict, description="Reason template, by language.")
    reason_code: Opt[Id] = Field(
        default=None, description="Code under which points are added up; default: the id."
    )

    @property
    def code(self) -> str:
        """The reason code: `reason_code`, or the id."""
        return self.reason_code or self.id


class TierModel(Model):
    """A band of scores, given by its lower bound."""

    noun = "a tier"
    id: Id = Field(description="Id, unique in the scorecard.")
    from_: Opt[Points] = Field(
        default=None, alias="from", description="Lower bound, included; only the first may lack it."
    )
    title: Localised = Field(default_factory=dict, description="Name shown to people, by language.")


class ScorecardModel(Model):
    """Weighted characteristics that give a score, a tier and ranked reasons."""

    noun = "a scorecard"
    scorecard: Name = Field(description="Id of the scorecard.")
    record: Id = Field(description="The record type it scores.")
    title: Localised = Field(default_factory=dict, description="Name shown to people, by language.")
    about: Localised = ABOUT
    implements: tuple[ImplementsModel, ...] = IMPLEMENTS
    judgements: tuple[Localised, ...] = JUDGEMENTS
    purpose: Opt[Purpose] = Field(
        default=None, description="What it uses personal data for; needed where it reads any."
    )
    score: Literal["weighted_mean", "sum"] = Field(
        default="weighted_mean", description="How points become the score."
    )
    minimum_coverage: Share = Field(
        default=0.5,
        description="Share of weight whose data must be known; below it score and tier are unknown.",
    )
    baseline: Opt[Points] = Field(
        default=None,
        description="Reasons count points from here; default: the most points of each characteristic.",
    )
    reasons: Literal["below", "above"] = Field(
        default="below", description="Rank reasons by points below or above the baseline."
    )
    characteristics: Annotated[tuple[CharacteristicModel, ...], Field(min_length=1)] = Field(
        description="The aspects that are weighed."
    )
    tiers: tuple[TierModel, ...] = Field(default=(), description="Bands of the score, ascending.")


# ---- rulesets


class OutputModel(Model):
    """A named result of a ruleset, and how several rules' values for it are combined."""

    noun = "an output"
    type: FieldType = Field(default="text", description="What kind of value it holds.")
    combine: CombinePolicy = Field(description="What happens when several rules set it.")
    default: ValueOrNull = Field(default=None, description="The value when no rule sets it.")
    allowed: Opt[tuple[NonEmpty, ...]] = Field(
        default=None, description="The only texts allowed; worst is last."
    )
    titles: dict[NonEmpty, Localised] = Field(
        default_factory=dict[NonEmpty, Localised],
        description="What the allowed texts are called where people read them, by text and language.",
        examples=[{"adapt_page": {"en": "Adapt the page", "zh": "修改页面"}}],
    )
    unit: Opt[NonEmpty] = Field(default=None, description="Unit of a number.")
    title: Localised = Field(default_factory=dict, description="Name shown to people, by language.")


def _outputs(value: object) -> object:
    """`verdict` is so common that it needs no details: worst of pass < warn < review < block."""
    if not isinstance(value, dict):
        return value
    outputs = dict(cast("dict[str, object]", value))
    verdict = outputs.get("verdict")
    if isinstance(verdict, dict):
        given = cast("dict[str, object]", verdict)
        usual: dict[str, object] = {"combine": "worst"}
        if "type" not in given and "allowed" not in given:
            usual |= {"allowed": list(VERDICTS), "default": "pass"}
        outputs["verdict"] = usual | given
    return outputs


Outputs = Annotated[dict[Name, OutputModel], BeforeValidator(_outputs)]


class RuleModel(Model):
    """When a condition holds, set outputs."""

    noun = "a rule"
    id: RuleId = Field(description="Id, unique in the ruleset (rows of its tables included).")
    title: Localised = Field(default_factory=dict, description="Name shown to people, by language.")
    when: Expression = Field(description="The condition.", examples=["price > 100 and region.halal_required"])
    then: Annotated[dict[Name, OutputValue], Field(min_length=1)] = Field(
        description="Outputs the rule sets.", examples=[{"verdict": "block"}]
    )
    if_unknown: Opt[IfUnknown] = Field(
        default=None, description="What to do when the condition cannot be decided."
    )
    markets: Regions = Field(default=(), description="Only in these regions and those below them.")
    effective: Opt[PeriodModel] = Field(default=None, description="Only on these days.")
    enabled: StrictBool = Field(default=True, description="false switches the rule off.")
    reason: Localised = Field(
        default_factory=dict,
        description="Reason template, by language.",
        examples=[{"en": "contains {match}"}],
    )
    source: Opt[SourceText] = Field(default=None, description="The law, standard or document it rests on.")
    review: Opt[ReviewModel] = Field(default=None, description="Who must look at the case, and how soon.")


ColumnRole = Literal[
    "id", "markets", "mentions", "under", "test", "requires", "when", "output", "reason", "source", "url",
    "confidence", "effective_from", "effective_to", "note",
]  # fmt: skip


class ColumnModel(Model):
    """What a table's column means."""

    noun = "a column"
    as_: ColumnRole = Field(alias="as", description="The column's role.")
    of: Opt[Expression] = Field(
        default=None,
        description="The expression that mentions, under and test look at; test: default the header.",
    )
    to: Opt[Name] = Field(default=None, description="The output a column sets; default the header.")
    language: Opt[Language] = Field(default=None, description="Language of a reason column; default en.")


def _cell(value: object) -> Any:
    """A cell of an inline row: a plain value, or a list of plain values."""
    parts = cast("list[object]", value) if isinstance(value, list) else [value]
    if any(isinstance(part, list | dict) for part in parts):
        raise _expected("a plain cell (text, number, true/false, or a list of these)")
    return value


def _row_kind(value: object) -> str:
    return "row by column" if isinstance(value, dict) else "row of cells"


def _rows_kind(value: object) -> str:
    return "file name" if isinstance(value, str) else "inline rows"


_CELL_TYPES = ["string", "number", "boolean", "null"]
CellValue = Annotated[
    Any,
    PlainValidator(_cell),
    WithJsonSchema({"type": [*_CELL_TYPES, "array"], "items": {"type": _CELL_TYPES}}),
]
Row = Annotated[
    Annotated[tuple[CellValue, ...], Tag("row of cells")]
    | Annotated[dict[NonEmpty, CellValue], Tag("row by column")],
    Discriminator(_row_kind),
]
Rows = Annotated[
    Annotated[NonEmpty, Tag("file name")] | Annotated[tuple[Row, ...], Tag("inline rows")],
    Discriminator(_rows_kind),
]


class TableModel(Model):
    """A decision table: every row is a rule."""

    noun = "a table"
    id: RuleId = Field(
        description="Id, unique in the ruleset; rows without an id are called <table>-<number>."
    )
    title: Localised = Field(default_factory=dict, description="Name shown to people, by language.")
    when: Opt[Expression] = Field(default=None, description="A condition for all rows.")
    hit: Literal["all", "first"] = Field(
        default="all", description="Whether all rows that match count, or the first."
    )
    rows: Rows = Field(
        description="A CSV file beside this file, or the rows themselves.", examples=["taboos.csv"]
    )
    if_unknown: Opt[IfUnknown] = Field(default=None, description="What to do when a row cannot be decided.")
    then: dict[Name, OutputValue] = Field(
        default_factory=dict, description="Outputs all rows set, unless a column sets them."
    )
    reason: Localised = Field(default_factory=dict, description="Reason template for rows without their own.")
    review: Opt[ReviewModel] = Field(default=None, description="Who must look at the case, and how soon.")
    columns: dict[NonEmpty, ColumnModel] = Field(
        default_factory=dict, description="The role of every column, by header."
    )
    inputs: tuple[NonEmpty, ...] = Field(
        default=(), description="Short form: columns that test the expression in their header."
    )
    outputs: tuple[Name, ...] = Field(
        default=(), description="Short form: columns that set the output in their header."
    )

    @property
    def is_short(self) -> bool:
        """Whether the columns are given as `inputs` and `outputs`; an `id` column is then optional."""
        return bool(self.inputs or self.outputs)

    def roles(self) -> dict[str, ColumnModel]:
        """Every column by header, with the short form written out and `of`, `to`, `language` filled in.

        The optional `id` column of the short form is not included.
        """
        if not self.is_short:
            return {header: _filled(header, column) for header, column in self.columns.items()}
        tests = {name: _column("test", of=name) for name in self.inputs}
        return tests | {name: _column("output", to=name) for name in self.outputs}


def _column(role: ColumnRole, **more: str) -> ColumnModel:
    return ColumnModel.model_validate({"as": role, **more})


def _filled(header: str, column: ColumnModel) -> ColumnModel:
    if column.as_ == "test" and column.of is None:
        return column.model_copy(update={"of": header})
    if column.as_ == "output" and column.to is None:
        return column.model_copy(update={"to": header})
    if column.as_ == "reason" and column.language is None:
        return column.model_copy(update={"language": "en"})
    return column


class RulesetModel(Model):
    """Rules and tables over one record type."""

    noun = "a ruleset"
    ruleset: Name = Field(description="Id of the ruleset.")
    record: Id = Field(description="The record type it decides about.")
    title: Localised = Field(default_factory=dict, description="Name shown to people, by language.")
    about: Localised = ABOUT
    implements: tuple[ImplementsModel, ...] = IMPLEMENTS
    judgements: tuple[Localised, ...] = JUDGEMENTS
    purpose: Opt[Purpose] = Field(
        default=None, description="What it uses personal data for; needed where it reads any."
    )
    include: tuple[Id, ...] = Field(default=(), description="Other rulesets whose rules take part.")
    markets: Regions = Field(default=(), description="Only in these regions and those below them.")
    if_unknown: IfUnknown = Field(default="skip", description="Default for rules that cannot be decided.")
    outputs: Outputs = Field(
        default_factory=lambda: {"verdict": usual_verdict()},
        description="The results, and how values combine.",
    )
    derived: dict[Name, DerivedModel] = Field(
        default_factory=dict, description="Values computed from fields."
    )
    effective: Opt[PeriodModel] = Field(default=None, description="Only on these days.")
    rules: tuple[RuleModel, ...] = Field(default=(), description="The rules.")
    tables: tuple[TableModel, ...] = Field(default=(), description="Decision tables.")


def usual_verdict() -> OutputModel:
    """The output `verdict` of a ruleset that does not describe its own."""
    return OutputModel(type="text", combine="worst", default="pass", allowed=VERDICTS)


# ---- scenarios


class ScoreExpectation(Model):
    """What a score must be; a key given as null expects 'unknown'."""

    noun = "an expected score"
    tier: Id | None = Field(default=None, description="The tier; null: undetermined.")
    value: Number | None = Field(default=None, description="The score; null: undetermined.")
    min: Number | None = Field(default=None, description="The score is at least this.")
    max: Number | None = Field(default=None, description="The score is at most this.")


class Expectation(Model):
    """What a case must lead to; what is not mentioned is not checked."""

    noun = "an expectation"
    verdict: Opt[NonEmpty] = Field(default=None, description="The verdict.")
    outputs: dict[Name, ValueOrNull] = Field(
        default_factory=dict, description="Outputs by name; null: unknown."
    )
    fired: tuple[RuleRef, ...] = Field(default=(), description="Rules that must fire.")
    not_fired: tuple[RuleRef, ...] = Field(default=(), description="Rules that must not fire.")
    undecided: tuple[RuleRef, ...] = Field(default=(), description="Rules that must be undecided.")
    only_fired: Opt[tuple[RuleRef, ...]] = Field(default=None, description="Exactly these rules must fire.")
    scores: dict[Id, ScoreExpectation] = Field(
        default_factory=dict, description="Expected scores, by scorecard."
    )


class CaseModel(Model):
    """One test of the rules."""

    noun = "a case"
    name: NonEmpty = Field(description="What the case shows, in words.")
    market: Opt[RegionId] = Field(default=None, description="The market.")
    markets: tuple[RegionId, ...] = Field(default=(), description="Several markets with the same outcome.")
    as_of: Opt[Date] = Field(default=None, description="The day of the decision.")
    record: dict[Name, ValueOrNull] = Field(
        default_factory=dict, description="Values that differ from the base record; null: missing."
    )
    expect: Expectation = Field(description="What must come out.")


class ScenariosModel(Model):
    """Tests of one ruleset or scorecard."""

    noun = "scenarios"
    scenarios: Id = Field(description="The ruleset or scorecard that is tested.")
    title: Localised = Field(default_factory=dict, description="Name shown to people, by language.")
    record: dict[Name, ValueOrNull] = Field(
        default_factory=dict, description="Values every case starts from."
    )
    market: Opt[RegionId] = Field(default=None, description="The market of cases that name none.")
    as_of: Opt[Date] = Field(default=None, description="The day of cases that name none.")
    cases: Annotated[tuple[CaseModel, ...], Field(min_length=1)] = Field(description="The cases.")


# ---- settings and waivers


class SystemModel(Model):
    """Something the project must be able to do, such as a requirement; documents say what they carry of it."""

    noun = "a system"
    title: Localised = Field(description="Name shown to people, by language.")
    about: Localised = ABOUT


class ConfigModel(Model):
    """Settings of a project (weighbridge.yaml)."""

    noun = "the settings"
    project: Opt[NonEmpty] = Field(default=None, description="Name of the project.")
    title: Localised = Field(default_factory=dict, description="Name shown to people, by language.")
    target: Opt[Id] = Field(default=None, description="What `check` decides unless told otherwise.")
    markets: tuple[RegionId, ...] = Field(
        default=(), description="Markets `check` decides for unless told otherwise."
    )
    waivers: Opt[NonEmpty] = Field(default=None, description="File with waivers.", examples=["waivers.yaml"])
    systems: dict[RuleId, SystemModel] = Field(
        default_factory=dict, description="What the project must do; documents name it under `implements`."
    )


class WaiverModel(Model):
    """Someone's word that a finding is accepted until a day."""

    noun = "a waiver"
    rule: RuleRef = Field(description="The rule, as <ruleset>/<rule id>.")
    market: Opt[RegionId] = Field(default=None, description="Only in this market.")
    record: Opt[NonEmpty] = Field(default=None, description="Only for the record with this key.")
    owner: NonEmpty = Field(description="Who answers for it.")
    reason: NonEmpty = Field(description="Why the finding is accepted.")
    expires: Date = Field(description="Last day on which it holds.")


class WaiversModel(Model):
    """The accepted findings of a project."""

    noun = "the waivers"
    waivers: tuple[WaiverModel, ...] = Field(description="The waivers.")


# ---- kinds

KINDS: dict[str, type[Model]] = {
    "record_type": RecordTypeModel,
    "mapping": MappingModel,
    "region": RegionModel,
    "term_list": TermListModel,
    "scorecard": ScorecardModel,
    "ruleset": RulesetModel,
    "scenarios": ScenariosModel,
}
"""Kinds found in the folders of a project; the kind's name is also the key that holds the id."""

OTHER_KINDS: dict[str, type[Model]] = {"config": ConfigModel, "waivers": WaiversModel}
"""Kinds that live in a file of their own: weighbridge.yaml and the waivers file."""


# ---- small readers


@dataclass(frozen=True, slots=True)
class Interval:
    """A range of numbers; an absent end is open and unbounded."""

    low: float | None
    low_closed: bool
    high: float | None
    high_closed: bool


_BOUND = r"([-+]?\d+(?:\.\d+)?)?"
_INTERVAL = re.compile(rf"\s*([\[(])\s*{_BOUND}\s*\.\.\s*{_BOUND}\s*([\])])\s*", re.ASCII)


def read_interval(text: str) -> Interval | None:
    """Read "[0..5)", "(0..5]", "[5..)"; None when `text` is no range (low above high included)."""
    match = _INTERVAL.fullmatch(text)
    if match is None:
        return None
    low = None if match[2] is None else float(match[2])
    high = None if match[3] is None else float(match[3])
    interval = Interval(low, match[1] == "[" and low is not None, high, match[4] == "]" and high is not None)
    if low is not None and high is not None and (low > high or (low == high and match[1] + match[4] != "[]")):
        return None
    return interval


def duration_minutes(text: str) -> int:
    """Minutes in a duration such as "48h". The text must be a valid `Duration`."""
    return int(text[:-1]) * {"m": 1, "h": 60, "d": 1440}[text[-1]]
