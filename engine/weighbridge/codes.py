"""Every diagnostic code with its title and what to do about it.

The numbers say where a problem was found: WB0xx the text of a file, WB1xx the shape of a document, WB2xx an
expression, WB3xx names and their meaning, WB4xx records and feeds, WB5xx scenarios, WB6xx the gate, WB8xx proof
and comparing versions.
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
    "WB201": ("not an expression", "The text is empty or its grammar is broken at this place."),
    "WB202": (
        "not part of the language",
        "Python knows this construct, expressions do not; the message names what to write instead.",
    ),
    "WB203": (
        "unknown name",
        "No field, derived value, parameter, score, output, term list or category has this name.",
    ),
    "WB204": ("unknown function", "Only the functions of the table in docs/language.md can be called."),
    "WB205": ("wrong number of arguments", "The function takes another number of arguments."),
    "WB206": ("wrong type", "The types do not fit together, so the expression could never mean anything."),
    "WB207": (
        "value that cannot occur",
        "The name is compared with, or set to, a text that is not among its allowed values.",
    ),
    "WB208": (
        "expression too large",
        "The expression is longer, deeper or has more parts than the bounds that keep evaluation fast.",
    ),
    "WB209": (
        "unusable literal",
        "A number, date or text in the expression cannot be held exactly or does not exist.",
    ),
    "WB210": (
        "character outside quotes",
        "Names are plain ASCII, so that no letter can be mistaken for another that looks the same.",
    ),
    "WB301": (
        "circular",
        "Things need, extend or include each other in a ring; the message shows the path through the files.",
    ),
    "WB302": (
        "order of regions",
        "A region names the regions it extends in an order that contradicts theirs.",
    ),
    "WB303": (
        "unknown name",
        "The project has no document, rule, market or part of this name; the nearest one is suggested.",
    ),
    "WB304": (
        "undeclared parameter",
        "A region sets a parameter that neither it nor a region above it declares.",
    ),
    "WB305": (
        "wrong parameter value",
        "The value does not fit the type or bounds its parameter is declared with.",
    ),
    "WB306": ("name in use", "Two things that expressions speak of have the same name."),
    "WB307": ("rule id used twice", "Ids of rules and table rows are unique within their ruleset."),
    "WB308": ("other record type", "A ruleset can only include rulesets about the same record type."),
    "WB309": (
        "outputs of an included ruleset",
        "An included rule sets an output that this ruleset lacks, or declares in another way.",
    ),
    "WB310": ("table cell", "The cell cannot be read in the role of its column."),
    "WB311": (
        "unusable term",
        "The term is empty once case, width and punctuation are folded, or could match nothing.",
    ),
    "WB312": ("output", "The output's type, default, allowed values and way to combine do not go together."),
    "WB313": (
        "too much to inherit",
        "A region may stand on a hundred others at most; a real market stands on a handful.",
    ),
    "WB320": (
        "reason template",
        "Braces in a reason hold a name and, after a colon, a format; a plain brace is doubled.",
    ),
    "WB321": ("no match to show", "{match} stands in the reason of a rule that looks for no terms."),
    "WB330": (
        "points too large",
        "Scores are added as whole micro-points; these would exceed exact arithmetic.",
    ),
    "WB331": ("bin", "The bin does not fit the type of the value it looks at, or there are too many."),
    "WB340": (
        "reason in one language only",
        "A rule that warns, reviews or blocks should tell its reader why, in English and Chinese.",
    ),
    "WB341": (
        "blocks on an unconfirmed source",
        "Until someone has checked the source, such a rule should warn or ask for review.",
    ),
    "WB342": ("unused term list", "Nothing looks for the terms of this list."),
    "WB343": ("unused derived value", "Nothing reads this derived value."),
    "WB344": (
        "sum of weights",
        "A region that sets every weight of a scorecard changed their sum, and so what each of them means.",
    ),
    "WB345": ("override without effect", "The override sets what the rule says anyway."),
    "WB346": (
        "forbids on an unconfirmed source",
        "Until someone has checked the source, a region should ask for consent rather than forbid a reading.",
    ),
    "WB350": (
        "personal data without a purpose",
        "What reads personal data says what for: by the purpose regions decide whether it may be read.",
    ),
    "WB351": (
        "forbidden personal data",
        "A market in which the rule applies forbids reading this data for the purpose of the ruleset or scorecard.",
    ),
    "WB352": (
        "no word on personal data",
        "No region of the market says whether this data may be read for this purpose; silence is not leave.",
    ),
    "WB353": (
        "consent that no record tells",
        "The region asks for consent, or lets people refuse, and the record type has no field that says so.",
    ),
    "WB354": ("secret for masks", "The secret under which personal keys are masked is too short to be one."),
    "WB400": (
        "cannot be read",
        "The record or feed is missing, is a folder, may not be read, or breaks off.",
    ),
    "WB401": ("invalid value", "The value does not fit the type or bounds of its field."),
    "WB402": ("value not allowed", "The field allows only certain texts, and this is none of them."),
    "WB403": ("missing value", "The record type requires this field."),
    "WB404": (
        "unknown field",
        "The record has a key that is not declared; a misspelt field would silently count as missing.",
    ),
    "WB405": ("not a day", "A day is written YYYY-MM-DD and must exist."),
    "WB406": ("not a record", "A record names fields and their values; in a file, one JSON object in UTF-8."),
    "WB410": ("unreadable cell", "The cell cannot be read as the type of its field."),
    "WB411": ("not text", "The bytes are not text in the feed's encoding, or hold a NUL character."),
    "WB412": ("ragged row", "The row has more or fewer cells than the header."),
    "WB413": ("quotes", "A quote is left open or stands where none may stand."),
    "WB414": ("too large", "A cell, row or item exceeds the bounds that keep memory small."),
    "WB415": ("not a JSON object", "Every line of a JSON Lines feed is one object."),
    "WB416": ("key used twice", "Two keys of a line stand for the same field."),
    "WB417": ("not well-formed", "The XML breaks here; what follows cannot be read."),
    "WB418": (
        "document type",
        "XML with a document type or entities is refused, since these can be made to explode.",
    ),
    "WB419": ("continuation row", "A row without a title must directly follow the first row of its product."),
    "WB420": ("unused column", "The feed has a column whose name is near to one that is missing."),
    "WB421": ("feed format", "The format is unknown, or the file is not of that format."),
    "WB422": ("empty feed", "The file is empty or has no header."),
    "WB423": ("column used twice", "A column name occurs twice, so that it is not known which one counts."),
    "WB424": (
        "missing column",
        "No column of the feed is known, or one that the mapping names is not there.",
    ),
    "WB425": ("text encoding", "The file as a whole is in another encoding; the mapping can name it."),
    "WB426": ("mapping", "The mapping does not fit the record type or the feed format."),
    "WB427": ("name in no row", "A key or attribute that the mapping reads occurs in no row of the feed."),
    "WB430": ("no source of records", "A batch takes frames, Arrow streams, files, folders and patterns."),
    "WB431": ("result folder", "The folder holds something else than this run's results."),
    "WB501": (
        "unknown target of scenarios",
        "The scenarios name a ruleset or scorecard that does not exist.",
    ),
    "WB502": ("incomplete case", "A case needs a market and a day, of its own or for all cases."),
    "WB503": (
        "unknown rule in a case",
        "The case expects something of a rule that its target does not have.",
    ),
    "WB504": ("no scenario was run", "There are no scenarios, or none fits the filter; that is not a pass."),
    "WB510": (
        "other outcome",
        "A verdict, output, score or set of fired rules differs from what the case expects.",
    ),
    "WB511": (
        "rule behaves differently",
        "A rule fired, stayed silent or was undecided against expectation; the message says why.",
    ),
    "WB602": ("no records", "The feed holds no records, so nothing was checked."),
    "WB603": ("no valid record", "None of the feed's rows is a valid record, so nothing was decided."),
    "WB604": ("target", "No target is given, or the project has none of this name."),
    "WB605": ("market", "No market is given, or the project has none of this name."),
    "WB606": ("threshold", "A gate fails on warn, review, block or error."),
    "WB607": (
        "verdict",
        "The target gives no verdict, or one the gate does not know, so no record could ever fail.",
    ),
    "WB608": ("report", "A report is asked for as FORMAT=FILE, with one of the known formats."),
    "WB609": ("market field", "The record type has no text field of this name to take the market from."),
    "WB611": ("unknown rule in a waiver", "The waiver would never cover anything."),
    "WB612": ("unknown market in a waiver", "The waiver would never cover anything."),
    "WB613": ("expired waiver", "Its last day is over; the findings it covered count again."),
    "WB614": ("expiring waiver", "Its last day is near; the owner should mend the cause or set a new day."),
    "WB615": ("unused waiver", "It covered no finding; delete it if its cause is gone."),
    "WB620": ("baseline", "The file is missing, damaged, or was made for another target."),
    "WB621": (
        "baseline not written",
        "The run could not do its job, so what it found is not known to be all.",
    ),
    "WB622": (
        "names for this run only",
        "Without a secret of your own the masked names and fingerprints of personal records differ in every run, "
        "so that no waiver or baseline can know them again.",
    ),
    "WB690": (
        "cannot be written",
        "The file, folder or stream cannot be written to, or must not be overwritten.",
    ),
    "WB691": ("no new project", "A project is started in a new or empty folder only."),
    "WB692": (
        "fault in Weighbridge",
        "Something happened that the program does not expect; do not rely on what it printed.",
    ),
    "WB695": (
        "the web app is not installed",
        "The web app needs the extra `app`: `pip install weighbridge[app]`.",
    ),
    "WB696": (
        "no sign-in",
        "The web app is not opened to a network where nobody has to sign in; see `docs/how-to/web-app.md`.",
    ),
    "WB701": (
        "edit has no place",
        "The edit would touch something else too, or the text cannot be written there; the source can be edited.",
    ),
    "WB702": ("nothing there", "The draft has no document, rule, row, column or file of this name."),
    "WB703": (
        "no file of the project",
        "Only YAML and CSV files inside the project folder can be edited, in their own encoding and size.",
    ),
    "WB704": ("save broken off", "The program ended while it saved; the save was completed or rolled back."),
    "WB705": ("damaged draft", "The draft's file cannot be read; it was set aside, and a new draft begins."),
    "WB706": ("draft not kept", "The draft cannot be written to disk, so that it ends with the program."),
    "WB800": (
        "proof not possible",
        "`lint --prove` needs the extra `verify` (z3-solver) and a project without errors.",
    ),
    "WB801": (
        "not settled",
        "The solver gave up within its limit, or its record was none that the engine confirms: nothing is claimed.",
    ),
    "WB802": ("rule can never fire", "No record can meet the condition, in any market on any day."),
    "WB803": ("rule always fires", "Every record meets the condition; if that is meant, write `when: true`."),
    "WB804": (
        "idle rule",
        "Wherever the rule fires, others fire too whose outputs count at least as much; it changes no output.",
    ),
    "WB805": (
        "masked row",
        "Only the first hit of the table counts, and rows before this one take every record it could match.",
    ),
    "WB806": (
        "contradiction",
        "Two rules fire for one record and set an output that allows one value only (`unique`, `any`).",
    ),
    "WB807": (
        "overlap",
        "Rows or ranges that set different values match the same record; only one of them counts.",
    ),
    "WB808": ("gap", "A record falls between the rows, ranges or bins: nothing gives it a value."),
    "WB809": (
        "dead bin",
        "No value can fall into the bin: bins before it take all it could, or none exists.",
    ),
    "WB810": ("dead tier", "No score can reach the tier, whatever the record."),
    "WB811": ("value that is never set", "No rule that can fire sets this value of the output."),
    "WB812": (
        "threshold outside the range",
        "The comparison holds for every value there can be, or for none, so that it decides nothing.",
    ),
    "WB813": (
        "region without effect",
        "What the region sets there holds anyway, or nothing in it is concerned.",
    ),
    "WB814": (
        "never in force",
        "The days or markets of the rule exclude each other, so that it never applies.",
    ),
    "WB815": (
        "weights do not add up",
        "Weights that are meant as shares of 100 (or 1) add up to something else.",
    ),
    "WB820": (
        "base that cannot be read",
        "There is no git or no repository, or git cannot give the project's files of that revision.",
    ),
    "WB821": (
        "unknown revision",
        "Neither a folder with a project nor a branch, tag or commit that was fetched has this name.",
    ),
    "WB822": ("base that does not load", "The version to compare with has errors, which follow."),
    "WB823": ("limit of changes", "`--max-changed` is a number of decisions or a percentage of them."),
    "WB824": ("not in the base", "The version to compare with has no target or market of this name."),
    "WB825": (
        "too many changes",
        "Each change is tried alone only up to a bound; beyond it those of one file go together.",
    ),
    "WB826": (
        "decisions of one version only",
        "A record was decided in a market by one version only, so there is nothing to compare it with.",
    ),
    "WB827": ("nothing to compare", "Two versions are compared over a feed, by proof, or both."),
    "WB828": (
        "file of differences",
        "The list of differences is written as CSV or Parquet, told by its ending.",
    ),
    "WB830": (
        "verdict that cannot be brought about",
        "The target gives no such verdict, or none that is the worst of its rules'; of a scorecard a tier is wanted.",
    ),
    "WB831": (
        "kept answers of no use",
        "The file of `--cache` is damaged, too large or cannot be read; the proof asked everything anew.",
    ),
}
"""Code -> (title, explanation), in order of number."""
