"""Every diagnostic code with its title and what to do about it.

The numbers say where a problem was found: WB0xx the text of a file, WB1xx the shape of a document, WB2xx an
expression, WB3xx names and their meaning, WB4xx records and feeds, WB5xx scenarios, WB6xx the gate.
"""

from __future__ import annotations

CODES: dict[str, tuple[str, str]] = {
    "WB001": (
        "file cannot be read",
        "The file is missing, not readable, or not UTF-8 (or UTF-16 with a mark).",
    ),
    "WB002": ("not YAML", "The text breaks the rules of YAML at this place."),
    "WB003": ("duplicate key", "The same key stands twice in one mapping; only one of them could count."),
    "WB004": (
        "tag or directive",
        "Types are found from the text; tags (!...) and directives (%...) are not used.",
    ),
    "WB005": ("alias", "An alias that is unknown, circular or grows without bound, or a merge key (<<)."),
    "WB006": ("too deep or too large", "The file exceeds the bounds that keep loading fast and safe."),
    "WB007": (
        "key is not plain text",
        "A key must be one plain text; lists, mappings and empty keys cannot name anything.",
    ),
    "WB008": (
        "number out of range",
        "The number has too many digits or no finite value; put it in quotes if it is text.",
    ),
    "WB009": (
        "character not allowed",
        "Control characters and invisible marks are refused, since nobody can see them.",
    ),
    "WB010": (
        "quotes in a table",
        "A quoted cell of a CSV file is not closed, or goes on after its closing quote.",
    ),
    "WB011": ("ragged row", "The row has more or fewer cells than the header."),
    "WB012": ("header", "Two columns of a table have the same header, or a column has none."),
    "WB100": ("no project", "The folder does not exist or holds no documents."),
    "WB101": (
        "unknown kind of document",
        "The first key of a document says what it is: region, ruleset, scorecard ...",
    ),
    "WB102": ("unknown key", "This part of a document has no such key; nothing would read it."),
    "WB103": ("missing key", "This part of a document needs a key that is not there."),
    "WB104": ("wrong value", "The value has the wrong type or form."),
    "WB105": ("value not among the choices", "Only certain words are allowed here."),
    "WB106": ("duplicate document", "Two documents of one kind have the same id."),
    "WB107": ("table file", "The CSV file of a table is missing or lies outside the project."),
    "WB108": ("table columns", "The columns of a table and the cells of its rows do not agree."),
    "WB109": ("duplicate id", "Two parts of one document have the same id."),
    "WB110": ("bounds", "Bins, tiers or ranges overlap, leave a gap or are not in ascending order."),
    "WB111": ("keys that do not go together", "Two keys exclude each other, or one needs another."),
    "WB112": ("dates", "A period ends before it begins, or two periods overlap."),
    "WB113": ("file outside the project", "A link leads out of the project folder; such files are not read."),
}
"""Code -> (title, explanation), in order of number."""
