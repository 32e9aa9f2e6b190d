"""What one may do on the desk, and which role may do what. Every page names one of these (tested on the route table)."""

from __future__ import annotations

# Two kinds of pages need no right: the login, and one's own things.
ANYONE = "anyone"
SIGNED_IN = "signed-in"

PERMISSIONS = {
    "conversations.read": "看会话",
    "conversations.answer": "接手和答复会话",
    "callbacks.read": "看回电请求（号码打码）",
    "callbacks.unmask": "看回电号码全号",
    "calls.read": "看来电记录",
    "calls.write": "记来电，用坐席面板",
    "export": "导出表格",
    "duty.edit": "排值班、改常用语",
    "knowledge.read": "看知识",
    "knowledge.edit": "写知识草稿",
    "knowledge.review": "审知识草稿",
    "knowledge.publish": "发布和回退知识",
    "knowledge.override": "有答复变差也发布（写明理由）",
    "statistics.read": "看统计",
    "accounts.manage": "管账号和角色",
    "audit.read": "看操作记录",
    "packages": "打包带走全部内容，装入包",
}

ADMINISTRATOR = "administrator"
_OPERATOR = {
    "conversations.read",
    "conversations.answer",
    "callbacks.read",
    "callbacks.unmask",
    "calls.read",
    "calls.write",
    "knowledge.read",
}
ROLES: dict[str, frozenset[str]] = {
    "viewer": frozenset({"knowledge.read", "statistics.read"}),
    "operator": frozenset(_OPERATOR),
    "editor": frozenset({"knowledge.read", "knowledge.edit", "statistics.read"}),
    "reviewer": frozenset({"knowledge.read", "knowledge.review", "knowledge.publish", "statistics.read"}),
    ADMINISTRATOR: frozenset(
        {"accounts.manage", "audit.read", "packages", "duty.edit", "export", "statistics.read", "knowledge.read"}
        | {"knowledge.publish", "knowledge.override", "callbacks.read", "calls.read"}
    ),
}
ROLE_NAMES = {
    "viewer": "查看",
    "operator": "坐席",
    "editor": "编辑",
    "reviewer": "审核",
    "administrator": "管理员",
}
