"""Who may do what with the knowledge: rules that hold on the server, whatever a page shows."""

from __future__ import annotations

from dataclasses import dataclass


class Forbidden(PermissionError):
    """This person may not do that; the message says why, in Chinese."""


@dataclass(frozen=True, slots=True)
class Person:
    """An account as the knowledge administration sees it.

    ``parts`` limit an editor: kinds (``guide``) or single entries (``guide:wages``); empty means everything.
    """

    name: str
    roles: frozenset[str]
    parts: frozenset[str] = frozenset()

    def has(self, *roles: str) -> bool:
        return not self.roles.isdisjoint(roles)


def may_edit(person: Person, kind: str, key: str) -> None:
    """Editors within their parts, and administrators. Raises Forbidden."""
    if person.has("administrator"):
        return
    if not person.has("editor"):
        raise Forbidden("只有编辑和管理员能改知识")
    if person.parts and person.parts.isdisjoint({kind, f"{kind}:{key}"}):
        raise Forbidden("这一部分不归您编辑")


def may_review(person: Person, writers: frozenset[str]) -> None:
    """Reviewers and administrators, never one of the writers. Raises Forbidden."""
    if not person.has("reviewer", "administrator"):
        raise Forbidden("只有审核员和管理员能审核")
    if person.name in writers:
        raise Forbidden("自己写的要由另一个人审核")


def may_build(person: Person) -> None:
    """Whoever changes knowledge may see what a change would do. Raises Forbidden."""
    if not person.has("editor", "reviewer", "administrator"):
        raise Forbidden("只有编辑、审核员和管理员能检查知识")


def may_publish(person: Person) -> None:
    """Reviewers and administrators publish and roll back. Raises Forbidden."""
    if not person.has("reviewer", "administrator"):
        raise Forbidden("只有审核员和管理员能发布和退回")


def may_override(person: Person) -> None:
    """Only administrators publish what the check found worse. Raises Forbidden."""
    if not person.has("administrator"):
        raise Forbidden("检查发现有答复变差，只有管理员写明理由才能发布")
