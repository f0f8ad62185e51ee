"""The words of the web app, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

LANGUAGES: Mapping[str, str] = {"en": "English", "zh": "中文"}
"""Languages of the app, each by its own name."""

KEY = "lang"
"""Where the chosen language is kept: the session, and the address of the page."""


def language() -> str:
    """The reader's language: as chosen, as in the address, or as the browser prefers."""
    for chosen in (st.session_state.get(KEY), st.query_params.get(KEY)):
        if chosen in LANGUAGES:
            return str(chosen)
    return preferred()


def preferred() -> str:
    """The language the browser asks for, English for any other."""
    locale = st.context.locale or ""
    return "zh" if locale.lower().startswith("zh") else "en"


def t(name: str, **values: object) -> str:
    """The words called `name` in the reader's language, filled in. Values are not escaped: see `shown.md`."""
    english, chinese = WORDS[name]
    text = chinese if language() == "zh" else english
    return text.format(**values) if values else text


WORDS: Mapping[str, tuple[str, str]] = {
    # shell
    "app": ("Weighbridge", "Weighbridge 规则台"),
    "home": ("Home", "首页"),
    "rules": ("Rules", "规则"),
    "scorecards": ("Scorecards", "评分卡"),
    "regions": ("Markets", "市场"),
    "try_it": ("Try it", "试算"),
    "batch": ("Batch", "批量"),
    "scenarios": ("Scenarios", "场景测试"),
    "changes": ("Changes", "改动"),
    "source": ("Source", "源文件"),
    "language": ("Language", "语言"),
    "person": ("{who} ({role})", "{who}（{role}）"),
    "role_viewer": ("viewer", "查看者"),
    "role_editor": ("editor", "编辑者"),
    "role_approver": ("approver", "审批者"),
    "sign_in": ("Sign in", "登录"),
    "sign_out": ("Sign out", "退出登录"),
    "refused_network": (
        "This app is reachable by others, but sign-in is not set up. Set up OIDC (see docs/how-to/web-app.md) or "
        "start it on this machine only with `weighbridge app`.",
        "本应用可被其他人访问，但尚未设置登录。请配置 OIDC（见 docs/how-to/web-app.md），"
        "或用 `weighbridge app` 仅在本机启动。",
    ),
    "refused_no_role": (
        "You are signed in, but have no role here. Ask the owner of this app for one.",
        "您已登录，但在此没有角色。请联系应用负责人。",
    ),
    "refused_sign_in": ("Please sign in to continue.", "请先登录。"),
    "fault": (
        "Something went wrong here. Nothing was saved. The details are in the server's log under {reference}.",
        "此处发生错误，没有保存任何内容。详情见服务器日志，编号 {reference}。",
    ),
    "project_broken": (
        "The project has {count} errors. It cannot decide anything until they are mended.",
        "项目有 {count} 个错误，修正后才能判定。",
    ),
    "open_source": ("Open the source", "打开源文件"),
    "more_problems": ("… and {count} more", "……另有 {count} 条"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "unknown": ("unknown", "未知"),
    # verdicts and statuses
    "no_verdict": ("no verdict", "无结论"),
    "verdict_pass": ("pass", "通过"),
    "verdict_warn": ("warn", "警告"),
    "verdict_review": ("review", "复核"),
    "verdict_block": ("block", "拦截"),
    "verdict_error": ("error", "错误"),
    "status_fired": ("fired", "已触发"),
    "status_undecided": ("undecided", "无法判定"),
    "status_silent": ("silent", "未触发"),
    "status_masked": ("masked", "被遮蔽"),
    "status_not_in_force": ("not in force", "不适用"),
    # the draft
    "view_only": ("You may look and try, but not change.", "您可以查看和试算，但不能修改。"),
    "changed_files": ("Unsaved changes in {count} file(s)", "{count} 个文件有未保存的改动"),
    "no_changes": ("No unsaved changes", "没有未保存的改动"),
    "undo": ("Undo", "撤销"),
    "redo": ("Redo", "重做"),
    "done": ("Changed: {step}", "已修改：{step}"),
    "undone": ("Undone: {step}", "已撤销：{step}"),
    "redone": ("Done again: {step}", "已重做：{step}"),
    "edit_refused": ("This change was not made:", "未作修改："),
    # home
    "packs": ("Packs", "规则包"),
    "pack": ("Pack", "规则包"),
    "kind": ("Kind", "类型"),
    "kind_ruleset": ("rules", "规则集"),
    "kind_scorecard": ("scorecard", "评分卡"),
    "about": ("About", "对象"),
    "markets": ("Markets", "市场"),
    "market": ("Market", "市场"),
    "scenario_count": ("Scenarios", "场景数"),
    "lint_findings": ("Findings of the check", "检查发现"),
    "errors_and_warnings": ("Errors / warnings", "错误 / 警告"),
    "coverage": ("Scenario coverage", "场景覆盖率"),
    "not_run": ("not run yet", "尚未运行"),
    "not_run_help": ("Run the scenarios on the page “Scenarios”.", "请在“场景测试”页运行。"),
    "lint_clean": ("No errors and no warnings.", "没有错误，也没有警告。"),
    "recent_changes": ("Changed lately", "最近改动"),
    "no_repository": (
        "The project lies in no git repository, so its past is not known.",
        "项目不在 git 仓库中，无法得知历史。",
    ),
    "busiest": ("Busiest rules of the last run", "上次批量运行中触发最多的规则"),
    "no_run": ("Nothing was run yet. Load a feed on the page “Batch”.", "尚未运行。请在“批量”页加载数据。"),
    "version_line": ("Rules version {version}", "规则版本 {version}"),
    "start_rules": ("Change a rule or threshold", "修改规则或阈值"),
    "start_try": ("Try a single product or customer", "试算一个商品或客户"),
    "start_batch": ("See what it does to a catalogue", "查看对整个目录的影响"),
    "number_rules": ("Rules and table rows", "规则与表格行"),
    "history_failed": ("git could not tell what changed.", "git 无法给出改动历史。"),
    "day": ("Day", "日期"),
    "author": ("By", "作者"),
    "what": ("What", "内容"),
    "files": ("Files", "文件数"),
    "findings": ("Findings", "发现"),
    # jobs
    "job_cancelled": ("Cancelled.", "已取消。"),
    "job_progress": ("{done} of {total}, {seconds} s", "{done} / {total}，{seconds} 秒"),
    "job_waiting": ("Preparing, {seconds} s", "准备中，{seconds} 秒"),
    "cancel": ("Cancel", "取消"),
    # try it
    "target": ("Decide with", "判定依据"),
    "as_of": ("On the day", "判定日期"),
    "fill_in": ("Fill in …", "填入……"),
    "from_scenario": ("From a scenario", "取自场景"),
    "from_feed": ("A row of the loaded feed", "已加载数据的一行"),
    "from_json": ("JSON", "JSON"),
    "paste_json": ("Paste a record as JSON", "粘贴 JSON 记录"),
    "json_bad": (
        "This is no JSON object: {reason} (line {line})",
        "这不是 JSON 对象：{reason}（第 {line} 行）",
    ),
    "json_no_object": ('a record is an object: {{"title": "..."}}', '记录应为对象：{{"title": "..."}}'),
    "use": ("Use it", "使用"),
    "empty_record": ("Empty", "清空"),
    "no_feed": ("No feed is loaded. Load one on the page “Batch”.", "尚未加载数据。请在“批量”页加载。"),
    "row_number": ("Row number", "行号"),
    "record": ("Record", "记录"),
    "more_fields": ("Show more fields", "显示更多字段"),
    "more_fields_hint": ("Search by name …", "按名称搜索……"),
    "decisions": ("Decisions", "判定结果"),
    "choose_market": ("Choose at least one market.", "请至少选择一个市场。"),
    "no_finding": ("No rule fired.", "没有规则触发。"),
    "tab_reasons": ("Reasons", "理由"),
    "tab_score": ("Score", "评分"),
    "tab_rules": ("All rules", "全部规则"),
    "tab_graph": ("Path", "路径"),
    "tab_turn": ("Where it turns", "转折点"),
    "tab_missing": ("Missing data", "缺失数据"),
    "score_of": ("{card}, {market}", "{card}，{market}"),
    "tier": ("tier {tier}", "档位 {tier}"),
    "known_data": ("{share} of the data is known", "已知数据占 {share}"),
    "undetermined": ("undetermined", "无法确定"),
    "no_scores": ("This decision needs no scorecard.", "该判定不使用评分卡。"),
    "start_points": ("start", "起点"),
    "score": ("score", "得分"),
    "points": ("points", "分"),
    "characteristic": ("Characteristic", "指标"),
    "why_rule": ("Why, or why not", "为何触发或未触发"),
    "rule": ("Rule", "规则"),
    "rule_id": ("Id", "编号"),
    "pick_rule": (
        "Choose a rule in the list to see why it fired or not.",
        "在列表中选择一条规则，查看其触发或未触发的原因。",
    ),
    "all_statuses": ("all", "全部"),
    "show_status": ("Show", "显示"),
    "found_in": ("found “{text}” in {field}", "在 {field} 中发现“{text}”"),
    "source_line": ("Source: {source}", "依据：{source}"),
    "review_line": (
        "Review by {queue} within {within}, {approvers} approver(s)",
        "由 {queue} 在 {within} 内复核，需 {approvers} 人同意",
    ),
    "graph_caption": (
        "What led to this decision in {market}: lit nodes are the rules that fired and what they read.",
        "{market} 判定的依据：高亮的是触发的规则及其读取的内容。",
    ),
    "graph_big": ("Only {count} of {total} nodes are shown.", "仅显示 {total} 个节点中的 {count} 个。"),
    "graph_none": ("No rule fired, so there is no path to show.", "没有规则触发，因此没有路径可显示。"),
    "turn_field": ("Number to move", "要移动的数值"),
    "turn_range": ("Range", "范围"),
    "turn_value": ("{field} = {value}", "{field} = {value}"),
    "turn_none": ("Nothing turns between {low} and {high}.", "{low} 与 {high} 之间没有变化。"),
    "turn_line": (
        "{market}: from {before} to {after} between {low} and {high}",
        "{market}：在 {low} 与 {high} 之间由 {before} 变为 {after}",
    ),
    "turn_rules": ("the rules that fire change: {rules}", "触发的规则发生变化：{rules}"),
    "turn_from": ("From", "从"),
    "turn_to": ("To", "到"),
    "turn_no_number": ("This record has no number to move.", "该记录没有可移动的数值。"),
    "missing_line": ("{fields} — {count} rules cannot be decided", "{fields}：{count} 条规则无法判定"),
    "missing_none": ("Every rule could be decided.", "所有规则均可判定。"),
    "ask_for": ("Add to the form", "加入表单"),
    "to_scenario": ("Keep as a scenario", "存为场景"),
    "verdict": ("Verdict", "结论"),
    "outputs": ("Outputs", "输出"),
    "fired_rules": ("{count} rules fired", "触发 {count} 条规则"),
    "list_hint": ("Type and press Enter", "输入后按回车"),
    "not_set": ("not known", "未知"),
}
