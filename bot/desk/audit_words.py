"""The rows of the audit log as staff read them; what stands in the database stays as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.desk.knowledge_site import KIND_NAMES
from bot.desk.permissions import ROLE_NAMES

ACTIONS = {
    "account.add": "建账号",
    "account.disable": "停用账号",
    "account.enable": "启用账号",
    "account.read": "看账号",
    "audit.export": "导出操作记录",
    "audit.read": "看操作记录",
    "backup.make": "备份",
    "backup.restore": "恢复备份",
    "call.export": "导出来电记录",
    "call.log": "记来电",
    "call.read": "看来电记录",
    "callback.done": "回过电话",
    "callback.unmask": "看回电全号",
    "canned.add": "加常用语",
    "canned.remove": "去掉常用语",
    "conversation.answer": "回复居民",
    "conversation.back": "交还机器人",
    "conversation.close": "办完会话",
    "conversation.dismiss": "会话不用接",
    "conversation.export": "导出会话",
    "conversation.read": "看会话",
    "conversation.search": "查会话",
    "conversation.take": "接手会话",
    "conversation.transfer": "转交会话",
    "duty.add": "排值班",
    "duty.remove": "去掉值班",
    "inbox.read": "看收件箱",
    "knowledge.approve": "通过草稿",
    "knowledge.build": "检查知识",
    "knowledge.draft": "写草稿",
    "knowledge.export": "下载问答表",
    "knowledge.publish": "发布知识",
    "knowledge.roll-back": "退回版本",
    "knowledge.send-back": "退回草稿",
    "knowledge.submit": "交给别人审核",
    "login": "登录",
    "login.fail": "登录没成",
    "login.lift": "让人现在就能登录",
    "logout": "退出",
    "note.add": "写备注",
    "package.export": "打包",
    "package.import": "装入包",
    "password.change": "改密码",
    "password.reset": "重置密码",
    "role.grant": "给角色",
    "role.revoke": "收回角色",
    "second-factor.allow": "不再要求动态验证码",
    "second-factor.off": "关动态验证码",
    "second-factor.on": "开通动态验证码",
    "outside.link": "绑定统一登录",
    "outside.unlink": "解除统一登录",
    "second-factor.recover": "用了备用码",
    "second-factor.require": "要求动态验证码",
    "second-factor.reset": "重置动态验证码",
    "statistics.export": "下载统计",
    "unanswered.read": "看没答上的问题",
}
_OBJECTS = KIND_NAMES | {
    "account": "账号",
    "accounts": "全部账号",
    "audit": "操作记录",
    "build": "第几批检查",
    "call": "来电",
    "callback": "回电",
    "callbacks": "全部回电",
    "calls": "来电记录",
    "canned": "常用语",
    "conversation": "会话",
    "conversations": "会话",
    "database": "数据库",
    "duty": "值班",
    "import": "导入的文件",
    "inbox": "收件箱",
    "package": "包",
    "period": "统计时段",
    "release": "知识版本",
    "unanswered": "没答上的问题",
}
_DETAILS = {
    "account": "账号",
    "action": "操作",
    "closed": "停用的",
    "conversations": "会话",
    "documents": "导入的文件",
    "ends": "到",
    "entries": "条目版本",
    "files": "文件",
    "from": "从",
    "kind": "格式",
    "object": "对象",
    "part": "范围",
    "questions": "格式",
    "reason": "理由",
    "role": "角色",
    "rows": "行数",
    "sha256": "指纹",
    "starts": "从",
    "text": "内容",
    "title": "名称",
    "turns": "句数",
}
_WHO = {"(command)": "（命令）", "(nobody)": "（没登录）"}


def who_said(account: str) -> str:
    """The account, or that it was a command on the server, or nobody."""
    return _WHO.get(account, account)


def action_said(action: str) -> str:
    """``knowledge.draft`` → 写草稿."""
    return ACTIONS.get(action, action)


def object_said(object: str) -> str:
    """``guide:wages v2`` → 指引 wages v2."""
    kind, _, rest = object.partition(":")
    return f"{_OBJECTS.get(kind, kind)} {rest}".strip()


def details_said(details: Mapping[str, Any]) -> str:
    """All details in one line; empty ones are left out."""
    return "，".join(
        f"{_DETAILS.get(name, name)}：{_value(name, value)}"
        for name, value in details.items()
        if value not in ("", None, [])
    )


def _value(name: str, value: Any) -> str:
    if name == "role":
        return ROLE_NAMES.get(str(value), str(value))
    if name == "action":
        return action_said(str(value))
    if isinstance(value, bool):
        return "是" if value else "不是"
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)
