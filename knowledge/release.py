"""A release is an immutable, checked build of all published knowledge: a folder, made aside and renamed when complete.

``releases/current`` names the published one; switching it is one atomic rename.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from knowledge.apart import Apart
from knowledge.catalogue import CONTENT, Catalogue, ContentError, load_catalogue, read_rows
from knowledge.crisis import CRISIS_FILE, CrisisContent, load_content
from knowledge.danger import CASES_FILE, DangerModel, load_cases
from knowledge.documents.quotes import Quoter, passages_of, sentences_of
from knowledge.documents.search import DocumentSearch, load_document_search, write_document_index
from knowledge.embed import Embedder
from knowledge.entries import FILE as ENTRIES_FILE
from knowledge.entries import Entry, overlaid, read_entries, write_entries
from knowledge.evaluate.golden import Golden
from knowledge.evidence import Gate
from knowledge.index import HybridIndex
from knowledge.learning import GATE_FILE, PARTS, Progress, fingerprint, learn
from knowledge.passages import Target, digest, document_passages, targets
from knowledge.records import Passage
from knowledge.rewording import Reworded
from knowledge.search import Searcher
from knowledge.sections import SectionModel
from knowledge.vectors import Remembering

FORMAT = 1
# From which probability on a target answers, and from which it is offered as a choice: chosen on the fitted half of the
# golden questions (docs/decisions/0005). A scope note says that we do not answer: less is needed for that.
BANDS = {"answer": 0.55, "clarify": 0.25, "decline": 0.35}
_PASSAGES = TypeAdapter(list[Passage])


class ReleaseError(RuntimeError):
    """A release folder is missing, incomplete or was made for another model."""


@dataclass(frozen=True, slots=True)
class Release:
    """A loaded release: what is published and how to search it. ``passages`` are all that can be cited, ``documents``
    searches those that were uploaded (None when none were)."""

    id: str
    catalogue: Catalogue
    passages: tuple[Passage, ...]
    crisis: CrisisContent
    danger: DangerModel
    searcher: Searcher
    documents: DocumentSearch | None = None


def build_release(
    folder: Path,
    embedder: Embedder,
    content: Path = CONTENT,
    say: Progress = lambda line: None,
    imported: Path | None = None,
    entries: Sequence[Entry] = (),
) -> str:
    """Build the content into ``folder``/<id> and return the id; an equal build of today is replaced.

    Documents in the folder ``imported`` become part of it, ``entries`` are put over all. Raises ContentError when the content is faulty: nothing is then
    changed.
    """
    say("reading and checking the content")
    catalogue = overlaid(load_catalogue(content, imported), entries, content)
    passages = document_passages(catalogue, content)
    check_quotes(catalogue, passages)
    lessons = _lessons(content)
    name = f"{date.today().isoformat()}-{_mark(catalogue, lessons, passages, embedder.digest)}"
    half = folder / f".{name}.{os.getpid()}"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    (half / "catalogue.json").write_text(catalogue.model_dump_json(), encoding="utf-8")
    (half / "passages.json").write_text(_plain(passages), encoding="utf-8")
    for file, text in lessons.items():
        (half / file).write_text(text, encoding="utf-8")
    write_entries(half / ENTRIES_FILE, entries)
    goals = targets(catalogue)
    learnt = fingerprint(goals, passages, lessons, embedder.digest)
    earlier = _with_the_same(folder, learnt)
    reworded = None if earlier else _with_the_same_questions(folder, goals, lessons, embedder.digest)
    if reworded is not None:
        say("only texts changed, the rest is taken from the release before")
        gate = _manifest(reworded.home)["gate"]
        reworded.reindex(half, goals, passages, embedder)
    elif earlier is None:
        remembering = Remembering(embedder, folder)
        gate = asdict(learn(half, goals, passages, remembering, say))
        remembering.keep()
    else:
        say("nothing new to learn, taking it from the release before")
        gate = _manifest(earlier)["gate"]
        for part in PARTS:
            shutil.copytree(earlier / part, half / part)
    alike = _with_the_same_model(folder, embedder.digest)
    write_document_index(half, catalogue.document_texts, embedder, alike)
    manifest = {
        "format": FORMAT,
        "id": name,
        "model": embedder.name,
        "model_digest": embedder.digest,
        "learnt": learnt,
        "gate": {**gate, **BANDS},
        "files": {path: _checksum(half / path) for path in _files(half)},
    }
    (half / "manifest.json").write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
    _keep(half, folder / name)
    say(f"release {name}: {len(goals)} answers, {len(passages)} passages")
    return name


def built(
    folder: Path,
    model_digest: str,
    content: Path = CONTENT,
    imported: Path | None = None,
    entries: Sequence[Entry] = (),
) -> str | None:
    """Id of the complete release of exactly this content, these imported documents and entries and this model, None when
    it must be built. Loads no model."""
    catalogue = overlaid(load_catalogue(content, imported), entries, content)
    passages = document_passages(catalogue, content)
    mark = _mark(catalogue, _lessons(content), passages, model_digest)
    known = sorted(path for path in folder.glob(f"????-??-??-{mark}") if _complete(path)) if folder.is_dir() else []
    return known[-1].name if known else None


def publish(folder: Path, release: str) -> None:
    """Make ``release`` the current one: one atomic rename."""
    if not _complete(folder / release):
        raise ReleaseError(f"release {release} is not complete in {folder}")
    aside = folder / f".current.{os.getpid()}"
    aside.write_text(release, encoding="utf-8")
    os.replace(aside, folder / "current")


def current(folder: Path) -> str | None:
    """Id of the published release, None when nothing was published yet."""
    pointer = folder / "current"
    return pointer.read_text(encoding="utf-8").strip() if pointer.is_file() else None


def entries_of(folder: Path, release: str | None) -> list[Entry]:
    """The entries that ``release`` was built with; none when it is None or older than entries are."""
    return [] if release is None else read_entries(folder / release / ENTRIES_FILE)


def published_catalogue(folder: Path, release: str) -> Catalogue:
    """What ``release`` says, without what is needed to search it: no model is loaded. ReleaseError when it is damaged."""
    try:
        return Catalogue.model_validate_json((folder / release / "catalogue.json").read_bytes())
    except (OSError, ValueError) as error:
        raise ReleaseError(f"release {release} is missing or damaged in {folder}") from error


def sound(folder: Path, release: str) -> bool:
    """Is every file of ``release`` there as it was written?"""
    return _complete(folder / release)


def load_release(folder: Path, release: str, embedder: Embedder) -> Release:
    """Load a complete release. ReleaseError when it is damaged or was built with another embedding model."""
    home = folder / release
    if not _complete(home):
        raise ReleaseError(f"release {release} is missing or damaged in {folder}")
    manifest = _manifest(home)
    if manifest["model_digest"] != embedder.digest:
        raise ReleaseError(f"release {release} was built with {manifest['model']}, not with {embedder.name}")
    try:
        catalogue = Catalogue.model_validate_json((home / "catalogue.json").read_bytes())
        passages = tuple(_PASSAGES.validate_json((home / "passages.json").read_bytes()))
        crisis = load_content(home / CRISIS_FILE.name)
        danger = DangerModel.load(home / "danger", [row.kind for row in crisis.kinds])
        documents = load_document_search(home, catalogue.document_texts)
        weights = manifest["gate"]
        searcher = Searcher(
            targets(catalogue),
            passages,
            HybridIndex.load(home / "questions"),
            HybridIndex.load(home / "texts"),
            SectionModel.load(home / "sections"),
            Gate(tuple(weights["weights"]), weights["bias"], **{band: weights[band] for band in BANDS}),
            Apart.load(home / "apart"),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        advice = "was built by another version: run `python -m knowledge build`"
        raise ReleaseError(f"release {release} {advice}") from error
    every = (*passages, *passages_of(catalogue.document_texts))
    return Release(release, catalogue, every, crisis, danger, searcher, documents)


def check_quotes(catalogue: Catalogue, passages: list[Passage]) -> None:
    """Every statement must be citable; ContentError names all that are not."""
    citer = Quoter(catalogue, passages)
    faults = []
    for guide, section in catalogue.sections():
        for statement in section.statements:
            try:
                citer.statement(statement)
            except LookupError as error:
                faults.append(f"{guide.id}.yml: section {section.id}: {error}")
    if faults:
        raise ContentError("\n".join(faults))


def _lessons(content: Path) -> dict[str, str]:
    """The files to learn from, by name, as they stand, once they are known to be sound. ContentError otherwise,
    CrisisContentError when it is the first."""
    kinds = {row.kind for row in load_content(content / CRISIS_FILE.name).kinds}
    for name, item in load_cases(content / CASES_FILE.name).items():
        if strange := set(item.present) - kinds:
            raise ContentError(f"{CASES_FILE.name}: {name}: no such kind of danger: {sorted(strange)}")
    read_rows(content / GATE_FILE.name, Golden)
    files = (CRISIS_FILE.name, CASES_FILE.name, GATE_FILE.name)
    return {file: (content / file).read_text(encoding="utf-8") for file in files}


def _mark(catalogue: Catalogue, lessons: Mapping[str, str], passages: list[Passage], model_digest: str) -> str:
    """Fingerprint of everything that a release is made of: content, and what is learnt from it."""
    learnt = fingerprint(targets(catalogue), passages, lessons, model_digest)
    told = [sentence.words for sentence in sentences_of(catalogue.document_texts)]
    return digest(str(FORMAT), str(BANDS), catalogue.model_dump_json(), _plain(passages), learnt, *told)


def _with_the_same(folder: Path, learnt: str) -> Path | None:
    """A complete release that learnt from exactly the same, None when there is none."""
    homes = sorted(folder.glob("????-??-??-*"), reverse=True)
    return next((home for home in homes if _complete(home) and _manifest(home).get("learnt") == learnt), None)


def _with_the_same_questions(
    folder: Path, goals: Sequence[Target], lessons: Mapping[str, str], model: str
) -> Reworded | None:
    """The newest complete release that was asked the same and learnt by the same code, None when there is none."""
    for home in sorted(folder.glob("????-??-??-*"), reverse=True):
        if _complete(home):
            try:
                old = Reworded(home, Catalogue.model_validate_json((home / "catalogue.json").read_bytes()))
            except ValueError:  # made by another version of this code
                continue
            if old.fits(goals, lessons, model, _manifest(home).get("learnt", "")):
                return old
    return None


def _with_the_same_model(folder: Path, model: str) -> list[Path]:
    """Complete releases that were made with ``model``, newest first."""
    homes = sorted(folder.glob("????-??-??-*"), reverse=True)
    return [home for home in homes if _complete(home) and _manifest(home).get("model_digest") == model]


def _manifest(home: Path) -> dict[str, Any]:
    return dict(json.loads((home / "manifest.json").read_text(encoding="utf-8")))


def _plain(passages: list[Passage]) -> str:
    return _PASSAGES.dump_json(passages).decode()


def _files(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


def _checksum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _complete(home: Path) -> bool:
    """Every file that the manifest lists is there as it was written; power may have failed half-way."""
    try:
        manifest = _manifest(home)
        return manifest["format"] == FORMAT and all(
            _checksum(home / path) == expected for path, expected in manifest["files"].items()
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _keep(half: Path, home: Path) -> None:
    """Bring a complete folder to its place: contents reach the disk first, a damaged namesake makes room."""
    for path in half.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
    shutil.rmtree(home, ignore_errors=True)
    os.rename(half, home)
