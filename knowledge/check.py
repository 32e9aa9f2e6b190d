"""What can be checked once statute texts are loaded: does every cited article exist?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from knowledge.catalogue import Catalogue
from knowledge.schema import Basis, RouteRef
from knowledge.sources.statute import article_number


def citation_faults(catalogue: Catalogue) -> list[str]:
    """One line for each cited article that the loaded text of its law does not have, and for each text that was checked
    against another edition than the one cited now. Laws without a text are not looked at."""
    articles = {text.name: {article.number for article in text.articles} for text in catalogue.law_texts}
    faults = [
        f"imported/{text.file}: 是按 {text.in_force} 的版本核对的，laws.yml 现在是 {catalogue.law[text.name].in_force}，"
        f"没有采用，请重新导入 / checked against another edition, not used: import it again"
        for text in catalogue.law_texts
        if text.in_force != catalogue.law[text.name].in_force
    ]
    for where, basis in cited(catalogue):
        if basis.law in articles and basis.article and article_number(basis.article) not in articles[basis.law]:
            faults.append(
                f"{where}: 《{basis.law}》{basis.article}，已导入的文本里没有 / not in the loaded text of {basis.law}"
            )
    return list(dict.fromkeys(faults))


def cited(catalogue: Catalogue) -> Iterator[tuple[str, Basis]]:
    """Every basis that statements, doors and channel cards give, with the place in the content files."""
    for guide, section in catalogue.sections():
        where = f"{guide.id}.yml: section {section.id}"
        yield from ((where, basis) for statement in section.statements for basis in statement.basis)
        yield from _of_doors(where, section.routes)
    for guide in catalogue.guides:
        yield from _of_doors(f"{guide.id}.yml", guide.routes)
    for note in catalogue.scope:
        yield from _of_doors(f"scope.yml: {note.id}", note.routes)
    for row in catalogue.statuses:
        yield from _of_doors(f"statuses.yml: {row.reason}", row.routes)
    for situation in catalogue.situations:
        for doors in situation.doors:
            yield from _of_doors(f"situations.yml: {situation.id}", doors.routes)
    yield from (("hours.yml", row.basis) for row in catalogue.hours_words.always)
    yield from (("legal_aid.yml", basis) for basis in catalogue.legal_aid.cited())
    for channel in catalogue.channels:
        if channel.basis is not None:
            yield f"channels.yml: {channel.id}", channel.basis


def _of_doors(where: str, doors: Iterable[RouteRef]) -> Iterator[tuple[str, Basis]]:
    yield from ((where, door.basis) for door in doors if door.basis is not None)
