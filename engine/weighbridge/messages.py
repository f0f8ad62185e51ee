"""The fixed words of everything Weighbridge prints for people, in English and Chinese.

One section per surface; `phrase` looks a text up and fills it in.
"""

from __future__ import annotations

from collections.abc import Mapping

LANGUAGES: tuple[str, ...] = ("en", "zh")
"""The languages every text of this catalogue exists in; the first stands in for any other."""

Catalogue = Mapping[str, Mapping[str, str]]


def phrase(section: Catalogue, name: str, lang: str, **values: object) -> str:
    """The text `name` of a section in `lang` (English if the catalogue lacks the language), filled in."""
    texts = section[name]
    return texts.get(lang, texts["en"]).format(**values)


REPORT: Catalogue = {
    # What the gate itself finds.
    "invalid_record": {
        "en": "the row is not a valid record: {problems}",
        "zh": "该行不是有效记录：{problems}",
    },
    "unreadable_row": {"en": "the row cannot be read: {problems}", "zh": "无法读取该行：{problems}"},
    "duplicate_record": {
        "en": "the key {key} was already used at line {line}",
        "zh": "键 {key} 已在第 {line} 行使用",
    },
    "undecided": {
        "en": "cannot be decided, evidence is missing: {fields}",
        "zh": "缺少证据，无法判定：{fields}",
    },
    "undecided_unnamed": {
        "en": "cannot be decided, evidence is missing",
        "zh": "缺少证据，无法判定",
    },
    "verdict_alone": {
        "en": "the verdict is {verdict}, though no single rule asks for it",
        "zh": "结论为{verdict}，但没有单条规则要求如此",
    },
    "title_invalid_record": {"en": "Invalid record", "zh": "无效记录"},
    "title_unreadable_row": {"en": "Unreadable row", "zh": "无法读取的行"},
    "title_duplicate_record": {"en": "Duplicate record key", "zh": "记录键重复"},
    "title_verdict": {"en": "Verdict of {target}", "zh": "{target} 的结论"},
    # Names of verdicts and severities.
    "pass": {"en": "pass", "zh": "通过"},
    "warn": {"en": "warn", "zh": "警告"},
    "review": {"en": "review", "zh": "复核"},
    "block": {"en": "block", "zh": "拦截"},
    "error": {"en": "error", "zh": "错误"},
    "no_verdict": {"en": "none", "zh": "无结论"},
    # Lines of a report.
    "line": {"en": "line {line}", "zh": "第 {line} 行"},
    "missing_evidence": {
        "en": "missing evidence: {fields} ({count} rules)",
        "zh": "缺少证据：{fields}（{count} 条规则）",
    },
    "missing_evidence_one": {
        "en": "missing evidence: {fields} (1 rule)",
        "zh": "缺少证据：{fields}（1 条规则）",
    },
    "unnamed_fields": {"en": "not named", "zh": "未列明"},
    "match": {"en": "found", "zh": "命中"},
    "match_in": {"en": '"{text}" in {field}', "zh": "{field} 中的“{text}”"},
    "source": {"en": "source", "zh": "依据"},
    "rule_at": {"en": "rule at", "zh": "规则位置"},
    "waived": {
        "en": "waived until {expires} by {owner}: {reason}",
        "zh": "已由 {owner} 豁免至 {expires}：{reason}",
    },
    "in_baseline": {"en": "known: in the baseline", "zh": "已知：在基线中"},
    # Summary.
    "target": {"en": "target", "zh": "目标"},
    "as_of": {"en": "as of", "zh": "判定日期"},
    "version": {"en": "version", "zh": "版本"},
    "feed": {"en": "feed", "zh": "数据源"},
    "market": {"en": "market", "zh": "市场"},
    "records": {"en": "records", "zh": "记录数"},
    "findings": {"en": "findings", "zh": "发现"},
    "no_findings": {"en": "none", "zh": "无"},
    "rows": {
        "en": "rows read: {read}; invalid: {invalid}; unreadable: {unreadable}; repeated keys: {repeated}; "
        "for other markets: {elsewhere}",
        "zh": "读取行数：{read}；无效记录：{invalid}；无法读取：{unreadable}；键重复：{repeated}；"
        "属于其他市场：{elsewhere}",
    },
    "undecided_count": {
        "en": "{count} rules left undecided without effect",
        "zh": "{count} 条规则未能判定（不影响结论）",
    },
    "waived_count": {"en": "{count} waived", "zh": "已豁免 {count} 条"},
    "baseline_count": {"en": "{count} known from the baseline", "zh": "基线已知 {count} 条"},
    "fixed": {
        "en": "fixed: {count} of the baseline's findings are gone, run with --update-baseline",
        "zh": "已修复：基线中有 {count} 条发现已消失，请加 --update-baseline 运行",
    },
    "clean": {
        "en": "PASSED: no findings at or above {fail_on} (exit code 0)",
        "zh": "通过：没有达到“{fail_on}”及以上的发现（退出码 0）",
    },
    "failed": {
        "en": "FAILED: findings at or above {fail_on}: {count} (exit code 1)",
        "zh": "未通过：达到“{fail_on}”及以上的发现：{count} 条（退出码 1）",
    },
    "unusable": {
        "en": "NOT CHECKED: the gate could not do its job (exit code 2)",
        "zh": "未检查：门禁无法完成检查（退出码 2）",
    },
    "notes": {"en": "Notes", "zh": "说明"},
    "left_out": {
        "en": "{count} more findings are not shown here; the text, json and sarif reports list them all",
        "zh": "还有 {count} 条发现未在此显示；text、json、sarif 报告会全部列出",
    },
    # JUnit.
    "feed_is_usable": {"en": "the feed can be checked", "zh": "数据源可以检查"},
    "finding_count": {"en": "findings: {count}", "zh": "发现：{count} 条"},
    "suppressed_count": {"en": "waived or known: {count}", "zh": "已豁免或已知：{count} 条"},
}
"""Words of `weighbridge check` and its report formats."""


DIAGNOSTIC: Catalogue = {
    "error": {"en": "error", "zh": "错误"},
    "warning": {"en": "warning", "zh": "警告"},
    "note": {"en": "note", "zh": "提示"},
    "expected": {"en": "expected: {text}", "zh": "应为：{text}"},
    "expected_inline": {"en": "expected {text}", "zh": "应为{text}"},
    "suggestion": {"en": "did you mean: {text}", "zh": "是否应为：{text}"},
    "suggestion_inline": {"en": "did you mean {text}?", "zh": "是否应为 {text}？"},
    "witness": {
        "en": "example: {target}, {market}, {day}: {record}",
        "zh": "例证：{target}，{market}，{day}：{record}",
    },
}
"""What stands around a diagnostic's own words."""


EXPLANATION: Catalogue = {
    "pass": {"en": "pass", "zh": "通过"},
    "warn": {"en": "warn", "zh": "警告"},
    "review": {"en": "review", "zh": "复核"},
    "block": {"en": "block", "zh": "拦截"},
    "error": {"en": "error", "zh": "错误"},
    "verified_official": {"en": "official text read", "zh": "已核对官方文本"},
    "verified_secondary": {"en": "secondary source", "zh": "二手来源"},
    "needs_check": {"en": "unconfirmed", "zh": "未核实"},
    "headline": {
        "en": "{record}: {verdict} ({target}, market {market}, as of {day})",
        "zh": "{record}：{verdict}（{target}，市场 {market}，日期 {day}）",
    },
    "score": {
        "en": "Score {card}: {value}, tier {tier} (known data: {coverage})",
        "zh": "评分 {card}：{value}，档位 {tier}（已知数据占 {coverage}）",
    },
    "score_undetermined": {
        "en": "Score {card}: undetermined, too little data is known ({coverage})",
        "zh": "评分 {card}：无法确定，已知数据不足（{coverage}）",
    },
    "findings": {"en": "Findings ({count}):", "zh": "发现 {count} 项："},
    "no_findings": {"en": "No rule fired.", "zh": "没有规则触发。"},
    "undecided_rules": {
        "en": "Rules that could not be decided ({count}):",
        "zh": "无法判定的规则 {count} 条：",
    },
    "misses": {"en": "missing {fields}", "zh": "缺少 {fields}"},
    "match": {
        "en": "found “{text}” in {field}, character {start} (term: {term})",
        "zh": "在 {field} 第 {start} 个字符处发现“{text}”（词条：{term}）",
    },
    "because": {"en": "because {values}", "zh": "依据：{values}"},
    "source": {"en": "source: {source}", "zh": "来源：{source}"},
    "review_by": {
        "en": "review by {queue} within {within}, {approvers} approver(s)",
        "zh": "由 {queue} 在 {within} 内复核，需 {approvers} 人同意",
    },
    "version": {"en": "Rules version {version}", "zh": "规则版本 {version}"},
    "undecided": {
        "en": "Cannot be decided ({rule}): missing {fields}. Add the data or have a person check.",
        "zh": "无法判定（{rule}）：缺少 {fields}。请补充数据或人工核实。",
    },
    "undecided_unnamed": {
        "en": "Cannot be decided ({rule}): a value cannot be computed. Have a person check.",
        "zh": "无法判定（{rule}）：某个数值无法计算。请人工核实。",
    },
    "conflict_unique": {
        "en": "Only one rule may set {output}, but several did: {rules}",
        "zh": "{output} 只能由一条规则设定，但有多条规则设定：{rules}",
    },
    "conflict_any": {
        "en": "Rules disagree about {output}: {rules}",
        "zh": "多条规则对 {output} 的取值不一致：{rules}",
    },
    "rule_fired": {"en": "fired, because", "zh": "已触发，因为"},
    "rule_silent": {"en": "did not fire; what is in the way:", "zh": "未触发，原因："},
    "rule_undecided": {
        "en": "could not be decided; what is unknown or in the way:",
        "zh": "无法判定，未知或不满足的条件：",
    },
    "rule_masked": {
        "en": "matched, but an earlier row of its table was first",
        "zh": "条件满足，但表中更早的一行已先命中",
    },
    "rule_not_in_force": {"en": "is not in force here", "zh": "在此不适用"},
    "not_enabled": {"en": "the rule is switched off", "zh": "该规则已停用"},
    "not_in_market": {
        "en": "market {market} is not among: {markets}",
        "zh": "市场 {market} 不在范围内：{markets}",
    },
    "not_effective": {"en": "{day} is outside its dates: {periods}", "zh": "{day} 不在有效期内：{periods}"},
    "never_here": {
        "en": "it is switched off for {market}, or its condition can never hold there",
        "zh": "该规则在 {market} 已停用，或其条件在该市场不可能成立",
    },
    "clause_missing": {"en": "missing: {fields}", "zh": "缺少：{fields}"},
    "clause_unknown": {"en": "cannot be computed", "zh": "无法计算"},
    "clause_no_mention": {"en": "no term of the list occurs in {text}", "zh": "{text} 中没有出现词表中的词"},
    "clause_mention": {"en": "found {matches}", "zh": "发现 {matches}"},
    "clause_gap": {"en": "{seen}; off by {gap}", "zh": "{seen}；相差 {gap}"},
    "clause_constant": {"en": "fixed for this market", "zh": "在该市场为固定值"},
}


COMMANDS: Catalogue = {
    "report_written": {"en": "{format} report written to {path}", "zh": "{format} 报告已写入 {path}"},
    "baseline_written": {
        "en": "baseline {path} holds {count} finding(s)",
        "zh": "基线 {path} 共有 {count} 条发现",
    },
}
"""What commands with `--lang` say beside their result."""
