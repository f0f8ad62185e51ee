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


TURN: Catalogue = {
    "pass": {"en": "pass", "zh": "通过"},
    "warn": {"en": "warn", "zh": "警告"},
    "review": {"en": "review", "zh": "复核"},
    "block": {"en": "block", "zh": "拦截"},
    "headline": {
        "en": "{record}: {before} -> {wanted} (market {market}, as of {day})",
        "zh": "{record}：{before} → {wanted}（市场 {market}，日期 {day}）",
    },
    "changes": {"en": "fewest changes found ({count}):", "zh": "找到的最少改动（{count} 项）："},
    "or_else": {"en": "or ({count}):", "zh": "或者（{count} 项）："},
    "already": {"en": "the verdict is {wanted} as it is", "zh": "结论已是{wanted}"},
    "never": {
        "en": "no change of the changeable fields brings {wanted} (proved); in the way:",
        "zh": "改动可改字段无法得到“{wanted}”（已证明）；阻碍：",
    },
    "none": {
        "en": "none of the changes tried brings {wanted}; that there is none is not proved; in the way:",
        "zh": "尝试过的改动都得不到“{wanted}”，但未证明不存在；阻碍：",
    },
    "open_steps": {
        "en": "not settled: the solver's limit of steps was reached; in the way:",
        "zh": "未能定论：求解器步数已达上限；阻碍：",
    },
    "open_confirmed": {
        "en": "not settled: the engine confirmed none of the solver's proposals; in the way:",
        "zh": "未能定论：求解器的提议均未被引擎证实；阻碍：",
    },
    "open_computed": {
        "en": "not settled: a rule computes its verdict, which the search does not follow",
        "zh": "未能定论：有规则以计算给出结论，搜索无法处理",
    },
    # Changes of one field.
    "lower": {"en": "{what}: lower from {before} to {after}", "zh": "{what}：由 {before} 降至 {after}"},
    "raise": {"en": "{what}: raise from {before} to {after}", "zh": "{what}：由 {before} 升至 {after}"},
    "set": {"en": "{what}: {after} instead of {before}", "zh": "{what}：改为 {after}（原为 {before}）"},
    "set_free": {
        "en": "{what}: something else than {before}",
        "zh": "{what}：改为 {before} 以外的内容",
    },
    "state": {"en": "{what}: state {after} (now missing)", "zh": "{what}：填写 {after}（目前缺失）"},
    "state_free": {"en": "{what}: state it (now missing)", "zh": "{what}：补充填写（目前缺失）"},
    "remove": {"en": "{what}: take out {removed}", "zh": "{what}：删去{removed}"},
    "replace_free": {
        "en": "{what}: something else instead of {removed}",
        "zh": "{what}：以其他内容替换{removed}",
    },
    "exchange": {
        "en": "{what}: {added} instead of {removed}",
        "zh": "{what}：以{added}替换{removed}",
    },
    "add": {"en": "{what}: add {added}", "zh": "{what}：添加{added}"},
    # A whole feed.
    "feed": {
        "en": "{turned} of {failing} decisions that are not {wanted} can be turned ({looked} looked at)",
        "zh": "{failing} 项非“{wanted}”的判定中有 {turned} 项可以改变（已查看 {looked} 项）",
    },
    "feed_step": {
        "en": "{number}. clears {cleared}, in all {total} of {failing}:",
        "zh": "{number}. 解决 {cleared} 项，累计 {total}/{failing} 项：",
    },
    "feed_left": {
        "en": "not looked at: {count} decisions beyond --most {most}",
        "zh": "未查看：超出 --most {most} 的 {count} 项判定",
    },
    "feed_clean": {"en": "every decision is {wanted}", "zh": "所有判定均为“{wanted}”"},
    "feed_invalid": {"en": "rows that are no records: {count}", "zh": "不是有效记录的行：{count}"},
    "feed_never": {
        "en": "no change of changeable fields helps (proved): {count}",
        "zh": "改动可改字段无济于事（已证明）：{count}",
    },
    "feed_open": {"en": "no change found, or not settled: {count}", "zh": "未找到改动或未能定论：{count}"},
    "lower_any": {"en": "{what}: lower it", "zh": "{what}：降低"},
    "raise_any": {"en": "{what}: raise it", "zh": "{what}：提高"},
}
"""Words of `weighbridge explain`: what would turn a decision around."""


FIELD: Catalogue = {
    "headline": {"en": "{field}, {type}, on {day}", "zh": "{field}，{type}，{day}"},
    "nothing": {"en": "nothing depends on it", "zh": "没有任何内容依赖该字段"},
    "boundaries": {"en": "values that matter:", "zh": "起作用的取值："},
    "dependents": {"en": "what depends on it:", "zh": "依赖该字段的内容："},
    "through": {"en": " (through {way})", "zh": "（经由 {way}）"},
    "no_market": {"en": "in no market now", "zh": "目前无市场适用"},
    "derived": {"en": "derived value", "zh": "派生值"},
    "rule": {"en": "rule", "zh": "规则"},
    "row": {"en": "table row", "zh": "表格行"},
    "characteristic": {"en": "characteristic", "zh": "评分项"},
    "scorecard": {"en": "scorecard", "zh": "评分卡"},
    "output": {"en": "output", "zh": "输出"},
    "count_derived": {"en": "derived values: {count}", "zh": "派生值 {count} 个"},
    "count_rule": {"en": "rules: {count}", "zh": "规则 {count} 条"},
    "count_row": {"en": "table rows: {count}", "zh": "表格行 {count} 行"},
    "count_characteristic": {"en": "characteristics: {count}", "zh": "评分项 {count} 个"},
    "count_scorecard": {"en": "scorecards: {count}", "zh": "评分卡 {count} 张"},
    "count_output": {"en": "outputs: {count}", "zh": "输出 {count} 个"},
    "kind_number": {"en": "{value}", "zh": "{value}"},
    "kind_date": {"en": "{value}", "zh": "{value}"},
    "kind_text": {"en": "“{value}”", "zh": "“{value}”"},
    "kind_below": {"en": "{value} and everything below it", "zh": "{value} 及其下级"},
    "kind_pattern": {"en": "{value}", "zh": "{value}"},
    "kind_terms": {"en": "terms: {value}", "zh": "词条：{value}"},
    "kind_flag": {"en": "true or false", "zh": "是或否"},
    "kind_missing": {"en": "known or missing", "zh": "已填或缺失"},
    "kind_condition": {"en": "together with others: {value}", "zh": "与其他内容一起：{value}"},
}
"""Words of `weighbridge graph --field`."""


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
    "lint_counts": {
        "en": "{errors} error(s), {warnings} warning(s)",
        "zh": "{errors} 个错误，{warnings} 个警告",
    },
    "report_written": {"en": "{format} report written to {path}", "zh": "{format} 报告已写入 {path}"},
    "baseline_written": {
        "en": "baseline {path} holds {count} finding(s)",
        "zh": "基线 {path} 共有 {count} 条发现",
    },
    "batch_done": {
        "en": "{records:,} records decided, {invalid:,} of them invalid; {findings:,} findings; written to {folder}",
        "zh": "已判定 {records:,} 条记录，其中无效 {invalid:,} 条；发现 {findings:,} 条；已写入 {folder}",
    },
}
"""What commands with `--lang` say beside their result."""


IMPACT: Catalogue = {
    "title": {"en": "Impact on {target}", "zh": "对 {target} 的影响"},
    "heading": {
        "en": "{target} as of {day}: {base} ({base_version}) against this project ({version})",
        "zh": "{target}，日期 {day}：{base}（{base_version}）与本项目（{version}）比较",
    },
    "same_version": {
        "en": "Nothing that decisions depend on differs between the two versions.",
        "zh": "两个版本在影响判定的内容上没有差别。",
    },
    "summary": {
        "en": "{changed:,} of {decisions:,} decisions differ ({share:.2%}), "
        "of {records:,} of {all_records:,} records; {verdicts:,} have another verdict",
        "zh": "{decisions:,} 个判定中有 {changed:,} 个不同（{share:.2%}），"
        "涉及 {all_records:,} 条记录中的 {records:,} 条；其中 {verdicts:,} 个结论不同",
    },
    "verdicts": {"en": "Verdicts, before → after", "zh": "结论数量（之前 → 之后）"},
    "verdict": {"en": "Other verdicts", "zh": "结论变化"},
    "tier": {"en": "Other tiers", "zh": "档位变化"},
    "output": {"en": "Other outputs", "zh": "输出变化"},
    "rule": {"en": "Rules", "zh": "规则"},
    "conflict": {"en": "Conflicts between rules", "zh": "规则冲突"},
    "valid": {"en": "Validity", "zh": "有效性"},
    "score": {"en": "Other scores", "zh": "得分变化"},
    "market": {"en": "market", "zh": "市场"},
    "from_to": {"en": "{before} → {after}", "zh": "{before} → {after}"},
    "count": {"en": "decisions", "zh": "判定数"},
    "what": {"en": "what", "zh": "内容"},
    "examples": {"en": "for example {keys}", "zh": "例如 {keys}"},
    "fires": {"en": "fires now", "zh": "现在触发"},
    "silent": {"en": "does not fire any more", "zh": "不再触发"},
    "undecided": {"en": "cannot be decided any more", "zh": "现在无法判定"},
    "decided": {"en": "can be decided now", "zh": "现在可以判定"},
    "scores": {
        "en": "{card}, {market}: {count:,} scores differ, by {most:.4g} at most, {mean:+.4g} on average",
        "zh": "{card}，{market}：{count:,} 个得分不同，最多相差 {most:.4g}，平均 {mean:+.4g}",
    },
    "invalid": {
        "en": "invalid records: {before:,} before, {after:,} after; "
        "{newly_invalid:,} only now, {newly_valid:,} not any more",
        "zh": "无效记录：之前 {before:,} 条，之后 {after:,} 条；"
        "新增 {newly_invalid:,} 条，不再无效 {newly_valid:,} 条",
    },
    "causes": {"en": "Which change does it", "zh": "由哪项更改引起"},
    "added": {"en": "new", "zh": "新增"},
    "removed": {"en": "removed", "zh": "删除"},
    "reordered": {"en": "order", "zh": "顺序"},
    "values_more": {"en": "and {count} more", "zh": "另有 {count} 处"},
    "several": {"en": "{count} changes in {file}", "zh": "{file} 中的 {count} 项更改"},
    "alone": {
        "en": "alone it changes {alone:,} decisions; it explains differences of {explains:,}",
        "zh": "单独应用：改变 {alone:,} 个判定；可解释其中 {explains:,} 个判定的差异",
    },
    "undone": {
        "en": "{count:,} of those it changes do not differ in the end",
        "zh": "其中 {count:,} 个最终没有差异",
    },
    "only_change": {
        "en": "the only change: all {count:,} decisions",
        "zh": "唯一的更改：全部 {count:,} 个判定",
    },
    "no_effect": {
        "en": "alone: no effect, decisions do not depend on it",
        "zh": "单独应用：没有影响，判定不依赖它",
    },
    "does_not_load": {
        "en": "not tried: alone the project does not load ({problem})",
        "zh": "未测试：单独应用时项目无法加载（{problem}）",
    },
    "with_needs": {"en": "together with {names}, which it needs", "zh": "连同其所需的 {names}"},
    "together": {
        "en": "{count:,} decisions have a difference that no change makes alone",
        "zh": "{count:,} 个判定的差异无法由任何单项更改单独产生",
    },
    "not_asked": {"en": "causes were not looked for", "zh": "未查找原因"},
    "more": {"en": "... and {count:,} more", "zh": "……另有 {count:,} 项"},
    "others": {
        "en": "{count:,} more differences are of too many kinds to list",
        "zh": "另有 {count:,} 处差异，种类过多，未逐一列出",
    },
    "proof": {"en": "For every record, by proof", "zh": "对所有记录的证明"},
    "identical": {
        "en": "identical on every record that is valid under both versions",
        "zh": "对两个版本下均有效的任何记录，判定都相同",
    },
    "differs": {"en": "a record that differs: {record}", "zh": "判定不同的记录：{record}"},
    "open": {"en": "not decided: {why}", "zh": "未能证明：{why}"},
    "within": {
        "en": "at most {limit} changed decisions: kept (exit code 0)",
        "zh": "变化的判定不超过 {limit}：符合（退出码 0）",
    },
    "exceeded": {
        "en": "FAILED: more than {limit} changed decisions (exit code 1)",
        "zh": "未通过：变化的判定超过 {limit}（退出码 1）",
    },
    "written": {"en": "{count:,} differences written to {path}", "zh": "{count:,} 处差异已写入 {path}"},
}
"""Words of `weighbridge impact`."""


PAGES: Catalogue = {
    "project": {"en": "Project", "zh": "项目"},
    "other_language": {"en": "中文", "zh": "English"},
    "made_by": {
        "en": "Made from the documents of the project by `weighbridge docs`; change those, not these pages.",
        "zh": "由 `weighbridge docs` 根据项目文档生成；请修改文档，不要修改本页。",
    },
    "systems": {"en": "Systems", "zh": "系统"},
    "system": {"en": "System", "zh": "系统"},
    "pages": {"en": "Page", "zh": "页面"},
    "files": {"en": "Files", "zh": "文件"},
    "figures": {"en": "Figures", "zh": "数值要求"},
    "nothing_yet": {"en": "no document yet", "zh": "尚无文档"},
    "all_pages": {"en": "All pages", "zh": "全部页面"},
    "rulesets": {"en": "Rulesets", "zh": "规则集"},
    "scorecards": {"en": "Scorecards", "zh": "评分卡"},
    "record_types": {"en": "Record types", "zh": "记录类型"},
    "term_lists": {"en": "Term lists", "zh": "词表"},
    "markets": {"en": "Markets", "zh": "市场"},
    "group": {"en": "Group", "zh": "市场组"},
    "list_separator": {"en": "; ", "zh": "；"},
    "term_separator": {"en": ", ", "zh": "、"},
    "colon": {"en": ": ", "zh": "："},
    "and": {"en": " and ", "zh": " 且 "},
    "fact": {"en": "{what}: {value}", "zh": "{what}：{value}"},
    "in_brackets": {"en": " ({text})", "zh": "（{text}）"},
    "yes": {"en": "yes", "zh": "是"},
    "always": {"en": "always", "zh": "始终"},
    "implements": {"en": "What it carries out", "zh": "对应系统"},
    "judgements": {"en": "Judgements", "zh": "判断与取舍"},
    "file": {"en": "File", "zh": "文件"},
    "record_type": {"en": "Decides about", "zh": "判定对象"},
    "decided_by": {"en": "Decided by", "zh": "由以下文档判定"},
    "key": {"en": "Named by the field", "zh": "标识字段"},
    "reads": {"en": "What it reads", "zh": "读取内容"},
    "with_unit": {"en": "{title} [{unit}]", "zh": "{title}［{unit}］"},
    "empty_list": {"en": "none", "zh": "无"},
    "from_to": {"en": "from {first} to {last}", "zh": "{first} 至 {last}"},
    "from_day": {"en": "from {day}", "zh": "自 {day} 起"},
    "to_day": {"en": "until {day}", "zh": "至 {day} 止"},
    "how_it_scores": {"en": "How it scores", "zh": "评分方式"},
    "score_method": {"en": "Score", "zh": "得分"},
    "weighted_mean": {"en": "mean of the points, weighted", "zh": "分数的加权平均"},
    "sum": {"en": "sum of the points times their weights", "zh": "分数乘权重之和"},
    "minimum_coverage": {"en": "Least share of weight that must be known", "zh": "须已知的最低权重占比"},
    "reasons_ranked": {"en": "Reasons are ranked by", "zh": "理由排序依据"},
    "reasons_below": {"en": "points below the baseline", "zh": "低于基线的分数"},
    "reasons_above": {"en": "points above the baseline", "zh": "高于基线的分数"},
    "tiers": {"en": "Tiers", "zh": "档位"},
    "tier": {"en": "Tier", "zh": "档位"},
    "score_from": {"en": "Score from", "zh": "得分下限"},
    "score_to": {"en": "to", "zh": "得分上限"},
    "from_start": {"en": "lowest", "zh": "最低"},
    "no_upper_bound": {"en": "highest", "zh": "最高"},
    "below": {"en": "below {bound}", "zh": "低于 {bound}"},
    "characteristics": {"en": "Characteristics", "zh": "评分项"},
    "characteristic": {"en": "Characteristic", "zh": "评分项"},
    "weight": {"en": "Weight", "zh": "权重"},
    "weights": {"en": "Weights", "zh": "权重"},
    "applies_where": {"en": "Applies where", "zh": "适用条件"},
    "looks_at": {"en": "Looks at", "zh": "考察的值："},
    "value": {"en": "Value", "zh": "取值"},
    "points": {"en": "Points", "zh": "分数"},
    "says": {"en": "Says", "zh": "说明"},
    "points_by": {"en": "Points from {low} to {high}, by", "zh": "分数（{low} 至 {high}）按下式计算"},
    "missing_points": {
        "en": "Where the value is not known: {points} points.",
        "zh": "取值未知时：{points} 分。",
    },
    "up_to": {"en": "up to {bound}", "zh": "不超过 {bound}"},
    "from_below": {"en": "from {low}, below {high}", "zh": "{low} 起，低于 {high}"},
    "from_on": {"en": "from {low}", "zh": "{low} 起"},
    "anything_else": {"en": "anything else", "zh": "其余"},
    "elsewhere": {"en": "elsewhere", "zh": "其他市场"},
    "weights_by_market": {"en": "Weights by market", "zh": "各市场权重"},
    "columns_are": {"en": "Columns: {regions}", "zh": "各列：{regions}"},
    "overrides": {"en": "Changes by market", "zh": "各市场的调整"},
    "how_it_decides": {"en": "How it decides", "zh": "判定方式"},
    "includes": {"en": "Includes", "zh": "包含"},
    "when_unknown": {"en": "Where data is missing", "zh": "数据缺失时"},
    "unknown_skip": {"en": "listed as undecided, nothing follows", "zh": "列为无法判定，不产生后果"},
    "unknown_review": {
        "en": "goes to review, and names the missing fields",
        "zh": "转人工复核，并列出缺少的字段",
    },
    "unknown_fire": {"en": "counts as if it held", "zh": "视为成立"},
    "in_force": {"en": "In force", "zh": "有效期"},
    "outputs": {"en": "Outputs", "zh": "输出"},
    "output": {"en": "Output", "zh": "输出"},
    "type": {"en": "Type", "zh": "类型"},
    "several_rules": {"en": "Where several rules set it", "zh": "多条规则同时设定时"},
    "default": {"en": "Otherwise", "zh": "默认值"},
    "allowed": {"en": "Values", "zh": "可取值"},
    "combine_first": {"en": "the first", "zh": "取第一条"},
    "combine_unique": {"en": "an error: one rule only", "zh": "报错：只允许一条"},
    "combine_any": {"en": "they must agree", "zh": "须一致"},
    "combine_worst": {"en": "the worst", "zh": "取最严重"},
    "combine_best": {"en": "the best", "zh": "取最轻"},
    "combine_collect": {"en": "all, as a list", "zh": "全部列出"},
    "combine_set": {"en": "all, each once", "zh": "全部列出，不重复"},
    "combine_sum": {"en": "their sum", "zh": "求和"},
    "combine_min": {"en": "the smallest", "zh": "取最小"},
    "combine_max": {"en": "the largest", "zh": "取最大"},
    "combine_count": {"en": "how many", "zh": "计数"},
    "text": {"en": "text", "zh": "文本"},
    "number": {"en": "number", "zh": "数字"},
    "boolean": {"en": "yes or no", "zh": "是或否"},
    "date": {"en": "date", "zh": "日期"},
    "text_list": {"en": "list of texts", "zh": "文本列表"},
    "derived": {"en": "Computed values", "zh": "计算值"},
    "rules": {"en": "Rules", "zh": "规则"},
    "all_markets": {"en": "All markets", "zh": "所有市场"},
    "then": {"en": "Result", "zh": "结果"},
    "where": {"en": "Where", "zh": "条件"},
    "switched_off": {"en": "Switched off", "zh": "已停用"},
    "review": {"en": "Review", "zh": "复核"},
    "source": {"en": "Source", "zh": "来源"},
    "checked": {"en": "checked {day}", "zh": "核对日期 {day}"},
    "approvers": {"en": ", {count} people must agree", "zh": "，需 {count} 人同意"},
    "within": {"en": " within {within}", "zh": "（{within} 内）"},
    "row": {"en": "Row", "zh": "行"},
    "row_count": {"en": "Rows", "zh": "行数"},
    "several_rows": {"en": "Where several rows fit", "zh": "多行符合时"},
    "hit_all": {"en": "all of them count", "zh": "全部计入"},
    "hit_first": {"en": "the first one counts", "zh": "只计第一行"},
    "on_all_rows": {"en": "Condition of all rows", "zh": "各行的共同条件"},
    "cell_mentions": {"en": "{of} mentions: {words}", "zh": "{of} 含有：{words}"},
    "cell_under": {"en": "{of} under: {paths}", "zh": "{of} 属于：{paths}"},
    "cell_requires": {"en": "missing: {fields}", "zh": "缺少：{fields}"},
    "verdict_review": {"en": "review", "zh": "复核"},
    "verdict_block": {"en": "block", "zh": "拦截"},
    "verdict_warn": {"en": "warn", "zh": "警告"},
    "verdict_pass": {"en": "pass", "zh": "通过"},
    "verified_official": {"en": "official text read", "zh": "已核对官方文本"},
    "verified_secondary": {"en": "secondary source", "zh": "二手来源"},
    "needs_check": {"en": "unconfirmed", "zh": "未核实"},
    "fields": {"en": "Fields", "zh": "字段"},
    "field": {"en": "Field", "zh": "字段"},
    "title": {"en": "Title", "zh": "名称"},
    "values": {"en": "Values", "zh": "取值"},
    "required": {"en": "Required", "zh": "必填"},
    "unit_is": {"en": "in {unit}", "zh": "单位 {unit}"},
    "in_unit": {"en": "({unit})", "zh": "（{unit}）"},
    "paths_below": {"en": "a path of the tree below", "zh": "下方类目树中的路径"},
    "paths_of": {"en": "Paths of {field}", "zh": "{field} 的路径"},
    "feeds": {"en": "Feeds it is read from", "zh": "数据源映射"},
    "terms_of": {"en": "Term lists: {file}", "zh": "词表：{file}"},
    "terms": {"en": "Terms", "zh": "词条"},
    "except": {"en": "Not where they stand in", "zh": "不计入的组合"},
    "language": {"en": "Language", "zh": "语言"},
    "exact_case": {"en": "capitals count", "zh": "区分大小写"},
    "exact_accents": {"en": "accents count", "zh": "区分变音符号"},
    "no_plural": {"en": "plurals do not match", "zh": "不匹配复数"},
    "no_negation": {"en": "negated terms count too", "zh": "否定形式也计入"},
    "used_in_regions": {"en": "Set as a parameter in: {regions}", "zh": "以下市场的参数使用：{regions}"},
    "extends": {"en": "Extends", "zh": "继承自"},
    "inherits": {"en": "Inherits from", "zh": "依次继承"},
    "regions_below": {"en": "Extended by", "zh": "被继承于"},
    "parameter": {"en": "Parameter", "zh": "参数"},
    "parameters": {"en": "Parameters", "zh": "参数"},
    "declared_only": {"en": "Declared here, set elsewhere", "zh": "在此声明，由下级设定"},
}
"""Words of the pages that `weighbridge docs` writes."""


EDITS: Catalogue = {
    "set": {"en": "change {what}", "zh": "修改 {what}"},
    "remove": {"en": "remove {what}", "zh": "删除 {what}"},
    "insert": {"en": "add {what}", "zh": "新增 {what}"},
    "copy": {"en": "copy {what}", "zh": "复制 {what}"},
    "move": {"en": "move {what}", "zh": "移动 {what}"},
    "enable": {"en": "switch on {what}", "zh": "启用 {what}"},
    "disable": {"en": "switch off {what}", "zh": "停用 {what}"},
    "override": {"en": "override {what} in {region}", "zh": "在 {region} 覆盖 {what}"},
    "case": {"en": "add scenario {what}", "zh": "新增场景 {what}"},
    "cell": {"en": "change {what}, row {row}", "zh": "修改 {what} 第 {row} 行"},
    "cells": {"en": "change {count} cells of {what}", "zh": "修改 {what} 的 {count} 个单元格"},
    "add_rows": {"en": "add {count} row(s) to {what}", "zh": "在 {what} 新增 {count} 行"},
    "delete_rows": {"en": "delete {count} row(s) of {what}", "zh": "删除 {what} 的 {count} 行"},
    "move_row": {"en": "move row {row} of {what} to {to}", "zh": "将 {what} 第 {row} 行移到第 {to} 行"},
    "paste": {"en": "paste into {what}", "zh": "粘贴到 {what}"},
    "add_file": {"en": "add file {what}", "zh": "新增文件 {what}"},
    "source": {"en": "edit source of {what}", "zh": "编辑源文件 {what}"},
    "discard": {"en": "give up changes of {what}", "zh": "放弃对 {what} 的修改"},
    "starter": {"en": "begin with the example", "zh": "从示例开始"},
    "settle": {"en": "settle conflict in {what}", "zh": "解决 {what} 的冲突"},
}
"""The steps of a draft's history."""


COMPLETION: Catalogue = {
    "market": {"en": "The market that is decided for.", "zh": "当前判定的市场。"},
    "as_of": {"en": "The day that is decided for.", "zh": "当前判定的日期。"},
    "region.code": {"en": "The market's code.", "zh": "市场代码。"},
    "score": {"en": "score", "zh": "得分"},
    "tier": {"en": "tier", "zh": "档位"},
    "coverage": {"en": "share of weight whose data is known", "zh": "已知数据的权重占比"},
    "one_of": {"en": "one of: {values}", "zh": "可取值：{values}"},
    "terms": {"en": "{count} terms: {values}", "zh": "{count} 个词：{values}"},
}
"""What completion and hover say about names; a thing's own title comes from the project."""
