"""Who may do what with the knowledge: rules that hold on the server, whatever a page shows."""

from __future__ import annotations

from typing import Protocol


class Forbidden(PermissionError):
    """This person may not do that; the message says why, in Chinese."""


class Person(Protocol):
    """Somebody at the desk, as far as the knowledge is concerned.

    ``parts`` limit an editor: kinds (``guide``) or single entries (``guide:wages``); None means everything.
    """

    @property
    def name(self) -> str: ...

    @property
    def parts(self) -> frozenset[str] | None: ...

    def may(self, permission: str) -> bool: ...


def may_edit(person: Person, kind: str, key: str) -> None:
    """Editors within their parts. Raises Forbidden."""
    if not person.may("knowledge.edit"):
        raise Forbidden("只有编辑能改知识")
    if person.parts is not None and person.parts.isdisjoint({kind, f"{kind}:{key}"}):
        raise Forbidden("这一部分不归您编辑")


def may_review(person: Person, writers: frozenset[str]) -> None:
    """Reviewers, never one of the writers. Raises Forbidden."""
    if not person.may("knowledge.review"):
        raise Forbidden("只有审核员能审核")
    if person.name in writers:
        raise Forbidden("自己写的要由另一个人审核")


def may_build(person: Person) -> None:
    """Whoever changes knowledge may see what a change would do. Raises Forbidden."""
    if not any(person.may(f"knowledge.{right}") for right in ("edit", "review", "publish")):
        raise Forbidden("只有编辑、审核员和管理员能检查知识")


def may_publish(person: Person) -> None:
    """Reviewers and administrators publish and roll back. Raises Forbidden."""
    if not person.may("knowledge.publish"):
        raise Forbidden("只有审核员和管理员能发布和退回")


def may_override(person: Person) -> None:
    """Only administrators publish what the check found worse. Raises Forbidden."""
    if not person.may("knowledge.override"):
        raise Forbidden("检查发现有答复变差，只有管理员写明理由才能发布")
