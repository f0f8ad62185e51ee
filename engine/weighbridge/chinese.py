"""Diagnostics in Chinese, for reports and pages that people read.

Diagnostics are written in English where they are found. `translated` finds the sentence by its code: each
entry is the English sentence with `{holes}` and the Chinese one with the same holes. What fills a hole (name
or value) stays as it is, unless it is a phrase of its own. A sentence that is not listed stays English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from weighbridge.chinese_projects import PROJECT_MESSAGES, PROJECT_PHRASES
from weighbridge.diagnostics import Diagnostic
from weighbridge.messages import DIAGNOSTIC, phrase

_UNREADABLE = (
    ("the feed cannot be read: {reason}", "无法读取数据源：{reason}"),
    ("the feed {feed} cannot be read: {reason}", "无法读取数据源 {feed}：{reason}"),
    ("the feed breaks off here: {reason}", "数据源在此中断：{reason}"),
    (
        "too many broken quotes above: the feed is not read any further",
        "上文引号错误过多，不再读取后面的内容",
    ),
)

MESSAGES: dict[str, tuple[tuple[str, str], ...]] = {
    **PROJECT_MESSAGES,
    "WB001": (("the waivers {file} cannot be read: {reason}", "无法读取豁免文件 {file}：{reason}"),),
    "WB400": _UNREADABLE,
    "WB401": (("{field}: {value} is not valid", "{field}：{value} 无效"),),
    "WB402": (
        ("unknown value of {field} {value}", "{field} 不允许取值 {value}"),
        ("unknown path of {field} {value}", "{field} 没有路径 {value}"),
    ),
    "WB403": (("{field} is missing", "缺少 {field}"),),
    "WB404": (
        ("unknown field {field} of {record}", "{record} 没有字段 {field}"),
        ("the key {key} is not a text", "键 {key} 不是文本"),
        ("{count} more keys are no fields", "还有 {count} 个键不是字段"),
    ),
    "WB410": (
        ("column {column}: {value} is no value for {field}", "列 {column}：{value} 不能作为 {field} 的值"),
        (
            "attribute {column}: {value} is no value for {field}",
            "属性 {column}：{value} 不能作为 {field} 的值",
        ),
        ("key {column}: {value} is no value for {field}", "键 {column}：{value} 不能作为 {field} 的值"),
        ("attribute {name} occurs {count} times in one item", "属性 {name} 在一个条目中出现 {count} 次"),
    ),
    "WB411": (
        (
            "column {column} holds {what}, which is no {encoding} text",
            "列 {column} 含有{what}，不是 {encoding} 文本",
        ),
        (
            "key {name} holds a NUL or half a character, which is no text",
            "键 {name} 含有 NUL 或半个字符，不是文本",
        ),
        ("byte {byte} is no UTF-8 text", "字节 {byte} 不是 UTF-8 文本"),
    ),
    "WB412": (
        (
            "the row has {cells} cells, the header has {count}",
            "该行有 {cells} 个单元格，表头有 {count} 个",
        ),
    ),
    "WB413": (
        ("the quote that opens here is never closed", "此处的引号没有闭合"),
        ("a lone carriage return stands outside quotes", "引号之外有单独的回车符"),
        ("text follows a closing quote", "闭合引号之后还有文字"),
        (
            "the cell that opens here has text behind its closing quote in line {line}",
            "此处开始的单元格在第 {line} 行的闭合引号之后还有文字",
        ),
    ),
    "WB414": (
        ("the row is larger than {size} characters", "该行超过 {size} 个字符"),
        (
            "the cell that begins here is larger than {size} characters; is its closing quote missing?",
            "此处开始的单元格超过 {size} 个字符，是否缺少闭合引号？",
        ),
        ("the cell that begins here is larger than {size} characters", "此处开始的单元格超过 {size} 个字符"),
        ("the line is larger than {size} bytes", "该行超过 {size} 字节"),
        ("the item is larger than {size} characters", "该条目超过 {size} 个字符"),
        ("a tag is larger than {size} bytes", "一个标签超过 {size} 字节"),
        ("elements are nested more than {depth} deep", "元素嵌套超过 {depth} 层"),
    ),
    "WB415": (
        ("the line is no JSON object", "该行不是 JSON 对象"),
        ("no JSON: {reason}", "不是 JSON：{reason}"),
        ("no usable JSON: {reason}", "无法使用的 JSON：{reason}"),
    ),
    "WB416": (
        ("key {key} and another one both stand for {name}", "键 {key} 与另一个键都表示 {name}"),
        ("key {key} occurs twice", "键 {key} 出现两次"),
    ),
    "WB417": (
        ("the XML cannot be read from here on: {reason}", "从此处起无法读取 XML：{reason}"),
        ("the XML cannot be decoded: {reason}", "无法解码 XML：{reason}"),
    ),
    "WB418": (("the XML declares a document type or entities", "XML 声明了文档类型或实体"),),
    "WB419": (
        (
            "no title: rows that continue product {handle} must follow its first row",
            "没有标题：商品 {handle} 的后续行必须紧跟其首行",
        ),
    ),
    "WB420": (
        (
            "column {column} is not used: did you mean {name}?",
            "列 {column} 未被使用，是否应为 {name}？",
        ),
    ),
    "WB421": (
        ("unknown feed format {name}", "未知的数据格式 {name}"),
        ("the format of {file} cannot be told from its name", "从文件名 {file} 看不出格式"),
        ("the XML is no product feed: its root element is {name}", "该 XML 不是商品数据：根元素是 {name}"),
        ("the file has no XML element", "文件中没有 XML 元素"),
        ("the file is no Parquet: {reason}", "文件不是 Parquet：{reason}"),
        ("the file is one JSON array, which cannot be read row by row", "文件是一个 JSON 数组，无法逐行读取"),
        (
            "this is no Shopify product CSV: it has no column 'Title'",
            "这不是 Shopify 商品 CSV：没有“Title”列",
        ),
    ),
    "WB422": (
        ("the feed is empty", "数据源是空的"),
        ("the first line has no column names", "第一行没有列名"),
    ),
    "WB423": (("column {name} occurs {how}", "列 {name} {how}"),),
    "WB424": (
        ("none of the feed's columns is known: {names}", "数据源的列都不认识：{names}"),
        ("none of the items' attributes is known: {names}", "条目的属性都不认识：{names}"),
        ("none of the feed's keys is known: {names}", "数据源的键都不认识：{names}"),
        (
            "the feed has no column {column}, which {field} is read from",
            "数据源没有列 {column}，而 {field} 由它读取",
        ),
        ("no row has {names}, which {field} is read from", "没有一行含有 {names}，而 {field} 由它读取"),
    ),
    "WB425": (
        ("the header is no {encoding} text", "表头不是 {encoding} 文本"),
        ("the file is UTF-16", "文件是 UTF-16 编码"),
        ("the XML cannot be decoded: {reason}", "无法解码 XML：{reason}"),
    ),
    "WB602": (("the feed holds no records, so nothing was checked", "数据源没有记录，因此什么也没有检查"),),
    "WB603": (
        (
            "none of the feed's {count} rows is a valid record, so nothing was decided",
            "数据源的 {count} 行都不是有效记录，因此什么也没有判定",
        ),
    ),
    "WB604": (("unknown target {name}", "未知的目标 {name}"),),
    "WB605": (
        ("no market was given, so nothing would be checked", "没有指定市场，因此什么也不会检查"),
        ("unknown market {name}", "未知的市场 {name}"),
    ),
    "WB607": (
        (
            "the target {name} gives no verdict, so no record could ever fail",
            "目标 {name} 不给出结论，记录永远不会不通过",
        ),
        ("the target {name} gives the verdict {verdict}", "目标 {name} 给出的结论是 {verdict}"),
    ),
    "WB609": (("unknown market field {name}", "没有可作为市场的字段 {name}"),),
    "WB611": (("unknown rule {name} in a waiver", "豁免中的规则 {name} 不存在"),),
    "WB612": (("unknown market {name} in a waiver", "豁免中的市场 {name} 不存在"),),
    "WB613": (
        ("the waiver expired on {day}: {waiver}: {effect}", "豁免已于 {day} 到期：{waiver}：{effect}"),
    ),
    "WB614": (("the waiver expires on {day} ({when}): {waiver}", "豁免将于 {day} 到期（{when}）：{waiver}"),),
    "WB615": (("unused waiver: {waiver}: it covered no finding", "未使用的豁免：{waiver}：没有对应的发现"),),
    "WB620": (
        ("the baseline {name} does not exist", "基线 {name} 不存在"),
        ("the baseline {name} cannot be read: {reason}", "无法读取基线 {name}：{reason}"),
        ("the baseline {name} is not JSON: {reason}", "基线 {name} 不是 JSON：{reason}"),
        (
            "the baseline {name} belongs to target {other}, this run checks {target}",
            "基线 {name} 属于目标 {other}，本次检查的是 {target}",
        ),
        ("the baseline {name} is not a JSON object", "基线 {name} 不是 JSON 对象"),
        ("the baseline {name} has unknown keys: {keys}", "基线 {name} 有未知的键：{keys}"),
        ("the baseline {name} has version {version}", "基线 {name} 的版本是 {version}"),
        (
            "the baseline {name} lacks `target` (text) or `fingerprints` (object)",
            "基线 {name} 缺少 `target`（文本）或 `fingerprints`（对象）",
        ),
        ("the baseline {name} has a bad entry {entry}", "基线 {name} 有错误的条目 {entry}"),
    ),
    "WB622": (
        (
            "names and fingerprints of personal records hold for this run only",
            "个人数据记录的名称与指纹仅在本次运行内有效",
        ),
    ),
    "WB690": (
        ("others keep saving the same files", "其他人正在不断保存相同的文件"),
        ("the project cannot be written: {reason}", "无法写入项目：{reason}"),
    ),
    "WB701": (
        ("the value is shared through an alias", "该值通过别名共用"),
        ("this item cannot be replaced in place", "该条目不能就地替换"),
        ("a list is needed here", "此处需要列表"),
        ("the value is nested too deep", "该值嵌套过深"),
        ("this list stands inside another on the same line", "该列表与外层列表在同一行"),
        ("only items that have an id can be copied", "只有带 id 的条目可以复制"),
        ("{name} is there already", "{name} 已存在"),
        ("only items of lists can be moved", "只有列表中的条目可以移动"),
        ("a whole document is removed in the source", "整个文档只能在源文件中删除"),
        ("a whole document is replaced in the source", "整个文档只能在源文件中替换"),
        (
            "this cannot be changed without touching something else, such as an alias",
            "无法只改此处而不影响其他内容（例如别名）",
        ),
        ("a broken character cannot be written", "无法写入损坏的字符"),
        ("the table has no rows", "该表没有行"),
    ),
    "WB702": (
        ("there is no row {row}: the table has {count}", "没有第 {row} 行：该表共 {count} 行"),
        ("there is no column {name}", "没有列 {name}"),
        ("there is no {kind} {id} that can be read", "没有可读取的 {kind} {id}"),
        ("there is no {name} in {where}", "{where} 中没有 {name}"),
    ),
    "WB703": (
        ("{file} is no file of a project", "{file} 不是项目文件"),
        ("the name of the file is too long", "文件名过长"),
        ("{file} is a link to itself", "{file} 是指向自身的链接"),
        ("{file} lies outside the project", "{file} 位于项目之外"),
        ("{file} lies in a linked folder", "{file} 位于链接的文件夹中"),
        ("{file} is no ordinary file", "{file} 不是普通文件"),
        ("{file} cannot be read: {reason}", "无法读取 {file}：{reason}"),
        ("there is no file {file}", "没有文件 {file}"),
        ("there is a file {file} already", "文件 {file} 已存在"),
        ("there is no kind of document {kind}", "没有 {kind} 这种文档"),
        ("there is no row {row}: the table has {count}", "没有第 {row} 行：该表共 {count} 行"),
        (
            "the block has {width} columns, the table has {count} from {column} on",
            "粘贴内容有 {width} 列，而表从 {column} 起只有 {count} 列",
        ),
        ("the draft does not change {file}", "草稿没有修改 {file}"),
        ("{file} holds a broken character", "{file} 含有损坏的字符"),
        ("{file} has more than {size} bytes", "{file} 超过 {size} 字节"),
        ("{file} has changed since; this step no longer fits", "{file} 此后已被修改，该步骤不再适用"),
    ),
    "WB704": (
        ("a save broke off before it was done; nothing was changed", "一次保存中途中断，未做任何更改"),
        ("a save broke off; it has been completed", "一次保存中途中断，现已补完"),
        (
            "{file} changed after the save broke off and was left as it is",
            "{file} 在保存中断后又被修改，保持现状",
        ),
    ),
    "WB705": (
        (
            "the draft of {name} is damaged and was set aside as {file}",
            "{name} 的草稿已损坏，已另存为 {file}",
        ),
    ),
    "WB706": (("the draft is not kept on disk: {reason}", "草稿未能保存到磁盘：{reason}"),),
    "WB800": (("the solver is not installed", "未安装求解器"),),
    "WB801": (("not settled: {question} ({why})", "未能定论：{question}（{why}）"),),
    "WB802": (
        (
            "{rule} can never fire: in every market a parameter decides {condition}",
            "{rule} 永远不会触发：在每个市场，{condition} 都已由参数决定",
        ),
        ("{rule} can never fire: {parts}", "{rule} 永远不会触发：{parts}"),
    ),
    "WB803": (("{rule} fires for every record", "{rule} 对每条记录都会触发"),),
    "WB804": (
        (
            "{rule} changes no output: wherever it fires, {others} does too",
            "{rule} 不改变任何输出：凡其触发之处，{others} 也会触发",
        ),
    ),
    "WB805": (
        (
            "{rule} never counts: {others} stands before it and takes every record it matches",
            "{rule} 从不生效：{others} 排在其前，并命中其所有记录",
        ),
    ),
    "WB806": (
        (
            "{rule} and {other} contradict each other: both set {output} ({combine}) to {one} and {two}",
            "{rule} 与 {other} 相互矛盾：都设置 {output}（{combine}），取值为 {one} 和 {two}",
        ),
    ),
    "WB807": (
        (
            "{rule} and {other} match one record and set {output} to {one} and {two}; the first wins silently",
            "{rule} 与 {other} 命中同一记录，将 {output} 设为 {one} 和 {two}；仅前者生效且无提示",
        ),
        (
            "the ranges of {rule} and {other} overlap and set {output} differently",
            "{rule} 与 {other} 的区间重叠，且对 {output} 的设置不同",
        ),
    ),
    "WB808": (
        (
            "the table {table} has a gap: it gives {output} no value for some known {fields}",
            "表 {table} 有空缺：{fields} 取某些已知值时，{output} 没有取值",
        ),
        (
            "{rule} ends at {low} and {other} begins at {high}: {value} between them falls into neither",
            "{rule} 止于 {low}，{other} 始于 {high}：二者之间的 {value} 不属于任何一方",
        ),
        ("{line} gives no points for some known {value}", "{line} 对 {value} 的某些已知值不给分"),
    ),
    "WB809": (
        (
            "no value falls into bin {number} of {line}: {why}",
            "没有值落入 {line} 的第 {number} 个分档：{why}",
        ),
    ),
    "WB810": (("no score reaches the tier {tier} of {card}", "没有得分能达到 {card} 的等级 {tier}"),),
    "WB811": (
        ("nothing sets {output} of {target} to {value}", "没有规则把 {target} 的 {output} 设为 {value}"),
    ),
    "WB812": (
        (
            "{leaf} in {rule} is true for every value there can be",
            "{rule} 中的 {leaf} 对所有可能的值都成立",
        ),
        (
            "{leaf} in {rule} is false for every value there can be",
            "{rule} 中的 {leaf} 对所有可能的值都不成立",
        ),
    ),
    "WB813": (
        (
            "{region} sets {name} to what {owner} gives it anyway",
            "{region} 对 {name} 的设置与 {owner} 本来给出的相同",
        ),
        (
            "{region} sets the weights of {card} to what they are anyway",
            "{region} 对 {card} 权重的设置与原有权重相同",
        ),
        (
            "the override of {rule} in {region} concerns no market in which the rule is in force",
            "{region} 对 {rule} 的覆盖不涉及该规则生效的任何市场",
        ),
        (
            "the override of {rule} in {region} holds on no day on which the rule is in force",
            "{region} 对 {rule} 的覆盖在该规则生效的日期均不适用",
        ),
    ),
    "WB814": (("{rule} is never in force: {what}", "{rule} 从不生效：{what}"),),
    "WB815": (
        (
            "with the weights of {region}, those of {card} add up to {total}",
            "采用 {region} 的权重时，{card} 的权重之和为 {total}",
        ),
        ("the weights of {card} add up to {total}", "{card} 的权重之和为 {total}"),
    ),
    "WB820": (
        ("git is not installed, so {name} cannot be read", "未安装 git，无法读取 {name}"),
        ("the folder {name} does not exist", "文件夹 {name} 不存在"),
        (
            "{name} is no folder with a project, and {project} lies in no git repository",
            "{name} 不是项目文件夹，且 {project} 不在 git 仓库中",
        ),
        ("git takes too long to read {name}", "git 读取 {name} 用时过长"),
        ("git cannot read {name}: {reason}", "git 无法读取 {name}：{reason}"),
        ("{file} is a link in {name}", "{file} 在 {name} 中是链接"),
        ("the project in {name} is too large", "{name} 中的项目过大"),
    ),
    "WB821": (
        ("there is no folder with a project and no revision {name}", "没有名为 {name} 的项目文件夹或版本"),
        ("{name} holds no project where {folder} lies", "{name} 中 {folder} 的位置没有项目"),
    ),
    "WB822": (("the base {name} does not load: {count} error(s)", "基准 {name} 无法加载：{count} 个错误"),),
    "WB823": (("--max-changed {text} is no number of decisions", "--max-changed {text} 不是判定数"),),
    "WB824": (
        ("the base has no target {name}", "基准中没有目标 {name}"),
        ("the base has no market {name}", "基准中没有市场 {name}"),
        ("not compared, since the base does not have them: {names}", "基准中没有以下市场，未作比较：{names}"),
    ),
    "WB825": (
        (
            "{count} changes are too many to try each alone; those of one file are tried together",
            "共 {count} 项更改，过多而无法逐项测试；同一文件中的更改合并测试",
        ),
        (
            "{count} changes in {files} files are too many to try alone",
            "{files} 个文件中共 {count} 项更改，过多而无法单独测试",
        ),
    ),
    "WB826": (
        (
            "{count} decisions were made under one version only and are not compared",
            "有 {count} 个判定只在一个版本下作出，未作比较",
        ),
    ),
    "WB827": (
        (
            "there is nothing to compare: no feed, and no proof is asked for",
            "没有可比较的内容：未给出数据，也未要求证明",
        ),
    ),
    "WB828": (("--out {name} does not say which kind of file", "--out {name} 没有说明文件类型"),),
    "WB830": (
        ("unknown tier {name}", "未知等级 {name}"),
        ("unknown verdict {name}", "未知结论 {name}"),
        (
            "{target} gives no verdict that is the worst of its rules', so that none can be brought about",
            "{target} 的结论不是取各规则中最严者，因此无法推求改动",
        ),
    ),
    "WB831": (("the kept answers are not used: {why}", "未使用已保存的答案：{why}"),),
}
"""Code -> sentences in English and Chinese; of several that fit, the first counts."""

PHRASES: tuple[tuple[str, str], ...] = (
    # What a proof says, expects and points to.
    ("{parts} cannot hold together", "{parts} 不能同时成立"),
    ("{part} never holds", "{part} 从不成立"),
    ("no market lies in all the regions it names", "没有市场同时属于其列出的所有区域"),
    ("its days exclude each other", "其日期互相排斥"),
    ("bins before it take all it could", "前面的分档已取走所有可能的值"),
    ("markets and days that have something in common", "有交集的市场与日期"),
    ("a condition that some market's parameters allow", "某个市场的参数允许成立的条件"),
    ("conditions that a record can meet together", "一条记录可以同时满足的条件"),
    (
        "a condition that some record does not meet, or `when: true`",
        "某些记录不满足的条件，或写 `when: true`",
    ),
    ("a threshold within the range", "取值范围内的阈值"),
    ("the narrower row first, or no such row", "把更窄的行放在前面，或删去该行"),
    (
        "a narrower condition there, a stronger outcome here, or no such rule",
        "对方条件更窄、此处结果更强，或删去该规则",
    ),
    (
        "`hit: first` if the order is meant, else rows that exclude each other",
        "若有意按顺序，写 `hit: first`；否则让各行互斥",
    ),
    (
        "conditions that exclude each other, or another way to combine {name}",
        "互斥的条件，或换一种合并 {name} 的方式",
    ),
    ("a row for the rest, or a default for {name}", "为其余情况加一行，或给 {name} 设默认值"),
    ("ranges that meet, one of them with its bound", "首尾相接的区间，其一包含界点"),
    ("ranges without a common number", "没有公共数值的区间"),
    ("a rule that sets it, or no such value", "设置该值的规则，或删去该值"),
    ("a bin that some value can reach", "某些值能落入的分档"),
    ("a last bin for the rest, or `missing`", "为其余值加最后一个分档，或设 `missing`"),
    ("bounds within what the points can add up to", "分数之和能达到的界限"),
    ("another value, or no entry", "其他取值，或删去该项"),
    ("other weights, or no entry", "其他权重，或删去该项"),
    ("a rule of these markets", "这些市场的规则"),
    ("days of the rule", "规则生效的日期"),
    ("{rule} takes its records", "{rule} 取走其记录"),
    ("{rule} fires too", "{rule} 也会触发"),
    ("the last row", "最后一行"),
    ("the last bin", "最后一个分档"),
    ("the range before it", "前一个区间"),
    ("the other range", "另一个区间"),
    ("{rule} sets it, but can never fire", "{rule} 会设置它，但永远不会触发"),
    ("bin {number} stands before it", "第 {number} 个分档在其前"),
    ("{line} gives points here", "{line} 在此给分"),
    ("{line} weighs {weight}", "{line} 的权重为 {weight}"),
    ("{card} is weighted here", "{card} 的权重在此设置"),
    ("{owner} sets it here", "{owner} 在此设置"),
    ("{rule} is written here", "{rule} 写在此处"),
    ("{field} is declared here: from {low} to {high}", "{field} 在此声明：{low} 至 {high}"),
    ("{field} is declared here: from {low}", "{field} 在此声明：不小于 {low}"),
    ("{field} is declared here: to {high}", "{field} 在此声明：不大于 {high}"),
    ("{field} is declared here", "{field} 在此声明"),
    ("{field} is computed here", "{field} 在此计算"),
    ("{condition} stands here", "{condition} 在此处"),
    ("whether {rule} can fire", "{rule} 能否触发"),
    ("whether {rule} always fires", "{rule} 是否总会触发"),
    ("whether {leaf} in {rule} decides anything", "{rule} 中的 {leaf} 是否起作用"),
    ("whether {rule} is idle", "{rule} 是否多余"),
    ("whether {rule} contradicts another rule on {name}", "{rule} 在 {name} 上是否与其他规则矛盾"),
    ("whether the table {table} has a gap", "表 {table} 是否有空缺"),
    ("whether {rule} and {other} leave a gap", "{rule} 与 {other} 之间是否有空缺"),
    ("whether {rule} and {other} overlap", "{rule} 与 {other} 是否重叠"),
    ("whether a value falls into bin {number} of {line}", "是否有值落入 {line} 的第 {number} 个分档"),
    ("whether {line} has a gap", "{line} 是否有空缺"),
    ("whether a score reaches {tier}", "是否有得分达到 {tier}"),
    ("the solver's limit of steps was reached", "求解器步数已达上限"),
    ("the solver's record is none that the engine confirms", "引擎未能证实求解器给出的记录"),
    ("there are too many markets and periods to ask", "市场与时段过多"),
    ("it is damaged, or no file of answers", "文件已损坏，或不是答案文件"),
    ("it is larger than {size} MB", "文件超过 {size} MB"),
    ("a ruleset whose verdict combines as `worst`", "结论按 `worst` 合并的规则集"),
    ("an edit of the source", "在源文件中编辑"),
    ("at most {count} levels", "最多 {count} 层"),
    ("something that exists in the draft", "草稿中存在的内容"),
    ("a document of the draft", "草稿中的文档"),
    ("a row of the table", "该表的一行"),
    ("a CSV file or a list of rows", "CSV 文件或行列表"),
    ("another name", "另一个名称"),
    ("an ordinary file", "普通文件"),
    ("a file in an ordinary folder", "普通文件夹中的文件"),
    ("a file inside the project folder", "项目文件夹内的文件"),
    ("a block that fits, or an earlier column", "列数合适的内容，或靠前的列"),
    ("a smaller file", "较小的文件"),
    ("its whole form", "完整的字符"),
    ("another try", "再试一次"),
    ("a folder that can be written to", "可写入的文件夹"),
    ("saving before the program ends", "在程序结束前保存"),
    ("a look at what can be rescued", "查看可以挽救的内容"),
    ("one of: {names} ... ({count} in all)", "下列之一：{names} …（共 {count} 个）"),
    ("one of: {names}", "下列之一：{names}"),
    ("no {what} exists here", "这里没有可用的名称"),
    ("true or false, yes or no, 1 or 0", "true 或 false、yes 或 no、1 或 0"),
    ("true or false", "true 或 false"),
    ("a text", "文本"),
    ("a number", "数字"),
    ("a boolean", "布尔值"),
    ("a date", "日期"),
    ("a list of texts", "文本列表"),
    ("a list of text", "文本列表"),
    ("a finite number", "有限的数字"),
    ("a number from {low} to {high}", "{low} 到 {high} 之间的数字"),
    ("a number from {low}", "不小于 {low} 的数字"),
    ("a number to {high}", "不大于 {high} 的数字"),
    (
        "a number with a unit that converts to {unit}, such as {example}",
        "带有可换算为 {unit} 的单位的数字，如 {example}",
    ),
    ("a number with a currency, such as {example}", "带币种的数字，如 {example}"),
    ("a number such as {example}", "数字，如 {example}"),
    ("a number, not {kind}", "数字，而不是{kind}"),
    ("a date as {example}", "日期，如 {example}"),
    ("a date written as {form}, not {kind}", "写成 {form} 的日期，而不是{kind}"),
    ("a date written as {form}", "写成 {form} 的日期"),
    (
        "at most {count} texts, together of at most {size} characters",
        "最多 {count} 个文本，合计最多 {size} 个字符",
    ),
    ("at most {size} characters", "最多 {size} 个字符"),
    ("a text of at most {size} characters", "最多 {size} 个字符的文本"),
    ("a text without halves of surrogate pairs", "不含半个代理对的文本"),
    ("the name of a field", "字段名"),
    ("text", "文本"),
    ("a list", "列表"),
    ("an object", "对象"),
    ("a single value", "单个值"),
    ("{count} cells", "{count} 个单元格"),
    ("{encoding} text", "{encoding} 文本"),
    ("a {encoding} file", "{encoding} 文件"),
    ("a NUL character", " NUL 字符"),
    ("byte {byte}", "字节 {byte} "),
    ('a closing "', '闭合的 "'),
    ('quotes inside a cell written as ""', '单元格内的引号写作 ""'),
    ("lines that end in LF or CRLF", "以 LF 或 CRLF 结尾的行"),
    ("a header with column names", "带列名的表头"),
    ("a header", "表头"),
    ("twice, as {first} and {second}", "出现两次：{first} 和 {second}"),
    ("twice", "出现两次"),
    ("each column once", "每列只出现一次"),
    ("each key once", "每个键只出现一次"),
    ("one value", "一个值"),
    ("one JSON object", "一个 JSON 对象"),
    ("JSON Lines: one object per line, without [ and commas", "JSON Lines：每行一个对象，没有 [ 和逗号"),
    ("a title in the first row of each handle", "每个 handle 的首行有标题"),
    ("columns for fields of {record}: {names}", "{record} 各字段的列：{names}"),
    ("keys for fields of {record}", "{record} 各字段的键"),
    (
        "a name ending in {names} (.gz may follow), or a format: {formats}",
        "以 {names} 结尾的文件名（可再加 .gz），或给出格式：{formats}",
    ),
    ("is it the right feed and mapping?", "数据源和映射是否正确？"),
    ("a ruleset with an output `verdict`", "带有输出 `verdict` 的规则集"),
    ("{count} findings count again", "{count} 条发现重新计入"),
    ("no finding needs it any more", "已没有发现需要它"),
    ("today is its last day", "今天是最后一天"),
    ("{count} days left", "还有 {count} 天"),
    ("delete it if its cause is gone", "若原因已消除，请删除"),
    ("delete it", "请删除"),
    ("mend the findings, or let the owner set a new day", "请解决这些发现，或由责任人另定日期"),
    ("make it with --update-baseline FILE", "用 --update-baseline 文件名 生成"),
    ("one baseline file per target", "每个目标一个基线文件"),
    ("a secret in {variable}, the same in every run", "在 {variable} 中设置密钥，每次运行保持相同"),
    ("a file with waivers", "豁免文件"),
    ("nested too deeply", "嵌套过深"),
    ("a number with too many digits", "数字位数过多"),
    ("No such file or directory", "没有该文件或目录"),
    ("Is a directory", "是一个目录"),
    ("it is a directory", "是一个目录"),
    ("it is a folder", "是一个文件夹"),
    ("Permission denied", "权限不足"),
    ("{rule}, record {record}, market {market} ({owner})", "{rule}，记录 {record}，市场 {market}（{owner}）"),
    ("{rule}, record {record} ({owner})", "{rule}，记录 {record}（{owner}）"),
    ("{rule}, market {market} ({owner})", "{rule}，市场 {market}（{owner}）"),
    *PROJECT_PHRASES,
)
"""Expectations, and phrases that fill a hole."""


def translated(diagnostic: Diagnostic, language: str) -> Diagnostic:
    """The diagnostic with everything it says in a language; English where there are no others."""
    if language != "zh":
        return diagnostic
    message = _fitted(diagnostic.message, _sentences(diagnostic.code)) or diagnostic.message
    expected = None if diagnostic.expected is None else _phrase(diagnostic.expected)
    related = tuple((_phrase(text), span) for text, span in diagnostic.related)
    return replace(diagnostic, message=message, expected=expected, related=related)


_Sentence = tuple[re.Pattern[str], str]


@lru_cache(maxsize=256)
def _sentences(code: str) -> tuple[_Sentence, ...]:
    return _compiled(MESSAGES.get(code, ()))


@lru_cache(maxsize=1)
def _phrases() -> tuple[_Sentence, ...]:
    return _compiled(PHRASES)


def _compiled(entries: Iterable[tuple[str, str]]) -> tuple[_Sentence, ...]:
    found: list[_Sentence] = []
    for english, chinese in entries:
        pieces = re.split(r"\{(\w+)\}", english)
        pattern = "".join(re.escape(p) if i % 2 == 0 else f"(?P<{p}>.+?)" for i, p in enumerate(pieces))
        found.append((re.compile(pattern, re.DOTALL), chinese))
    return tuple(found)


@lru_cache(maxsize=1024)
def _phrase(text: str) -> str:
    return _fitted(text, _phrases()) or text


def _fitted(text: str, sentences: Iterable[_Sentence]) -> str | None:
    """The translation of the first sentence that fits, its holes filled."""
    for pattern, chinese in sentences:
        match = pattern.fullmatch(text)
        if match is not None:
            holes = {
                name: value if value == text else _hole(value) for name, value in match.groupdict().items()
            }
            return chinese.format(**holes)
    return None


def _hole(value: str) -> str:
    """A name or value as it is; a phrase in Chinese. Quoted values are never phrases."""
    return value if value[:1] in "'\"" else _phrase(value)


def problems_in_words(problems: Iterable[Diagnostic], lang: str) -> str:
    """A record's problems in one line, each with what would be right."""
    return "; ".join(_sentence(translated(problem, lang), lang) for problem in problems)


def _sentence(problem: Diagnostic, lang: str) -> str:
    known = (("expected_inline", problem.expected), ("suggestion_inline", problem.suggestion))
    hints = [phrase(DIAGNOSTIC, name, lang, text=text) for name, text in known if text]
    return problem.message + (f" ({'; '.join(hints)})" if hints else "")
