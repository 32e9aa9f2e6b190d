"""``python -m knowledge build | import | draft | check | ask | search | evaluate``: the knowledge without the bot."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from threadpoolctl import threadpool_limits

from knowledge import live
from knowledge.catalogue import CONTENT, ContentError, load_catalogue
from knowledge.check import citation_faults
from knowledge.crisis import CrisisContentError
from knowledge.draft_command import add_draft
from knowledge.embed import SentenceTransformerEmbedder, load_embedder
from knowledge.encoder import ModelUnavailable
from knowledge.entries import overlaid
from knowledge.import_command import add_imports
from knowledge.learning import GATE_FILE
from knowledge.records import Answer
from knowledge.release import ReleaseError, build_release, built, current, entries_of, publish
from knowledge.search import EVIDENCE
from knowledge.settings import KnowledgeSettings
from knowledge.sources.files import ImportRefused

GOLDEN = [GATE_FILE, Path("tests/golden")]


def build(settings: KnowledgeSettings, args: argparse.Namespace) -> None:
    """Build the content into a release and publish it; quick when nothing changed."""
    processors = len(os.sched_getaffinity(0))  # nobody is served by this process: all of them may help
    embedder = SentenceTransformerEmbedder(settings.model_source, workers=processors)
    imported = settings.imported_dir
    # What administrators published stays, also when the shipped content is newer.
    entries = entries_of(settings.releases_dir, current(settings.releases_dir))
    release = built(settings.releases_dir, embedder.digest, CONTENT, imported, entries)
    if release is None or args.force:
        print("  loading the embedding model", flush=True)
        embedder.warm_up()
        with _every_processor(processors):
            release = build_release(
                settings.releases_dir,
                embedder,
                CONTENT,
                say=lambda line: print(f"  {line}", flush=True),
                imported=imported,
                entries=entries,
            )
    if current(settings.releases_dir) != release:
        publish(settings.releases_dir, release)
    print(f"  knowledge release {release} is published", flush=True)
    for fault in citation_faults(overlaid(load_catalogue(CONTENT, imported), entries, CONTENT)):
        print(f"  注意 / warning: {fault}", flush=True)


def _every_processor(processors: int) -> threadpool_limits:
    """Linear algebra on all of them, whatever OMP_NUM_THREADS says: that is meant for processes that serve."""
    import scipy.linalg  # noqa: F401 -- limits hold for libraries that are loaded already

    return threadpool_limits(processors, user_api="blas")


def check(settings: KnowledgeSettings, args: argparse.Namespace) -> int:
    """List cited articles that the imported statute texts do not have; exit code 1 when there are any."""
    catalogue = load_catalogue(CONTENT, settings.imported_dir)
    faults = citation_faults(catalogue)
    print(
        "\n".join(faults)
        if faults
        else f"已导入 {len(catalogue.law_texts)} 部法，引用的条文都在 / all cited articles exist"
    )
    return 1 if faults else 0


def ask(settings: KnowledgeSettings, args: argparse.Namespace) -> None:
    """Answer one question, as text or as JSON."""
    answer = live.load(settings, load_embedder(settings.model_source)).answer(args.question)
    print(json.dumps(answer.to_dict(), ensure_ascii=False, indent=2) if args.json else plain(answer))


def search(settings: KnowledgeSettings, args: argparse.Namespace) -> None:
    """Show what was found and the arithmetic, rejected hits included."""
    knowledge = live.load(settings, load_embedder(settings.model_source))
    found = knowledge.search(args.question)
    gate = knowledge.release.searcher.gate
    print(f"normal form: {found.normal}")
    print(f"gate: answer from {gate.answer:.2f}, ask back from {gate.clarify:.2f}, decline from {gate.decline:.2f}")
    for item in found.targets[: args.limit]:
        print(
            f"{item.probability:6.3f}  {item.target.key}  ({item.question})\n        "
            + ", ".join(f"{name} {value:.3f}" for name, value in zip(EVIDENCE, item.features, strict=True))
        )
    for hit in found.passages[: args.limit]:
        print(
            f"passage {hit.passage.id}  dense {hit.match.dense:.3f}  bm25 {hit.match.lexical:.1f}  {hit.passage.text}"
        )


def evaluate(settings: KnowledgeSettings, args: argparse.Namespace) -> None:
    """Measure the published release on golden questions."""
    from knowledge.evaluate.run import run

    knowledge = live.load(settings, load_embedder(settings.model_source))
    print(run(knowledge, args.golden, args.out))


def plain(answer: Answer) -> str:
    """An answer for a terminal."""
    lines = [answer.text, ""]
    lines += [f"去处：{' '.join(filter(None, (door.name, door.number)))}——{door.why}" for door in answer.routes]
    for item in answer.citations:
        mark = "原文" if item.verbatim else "大意"
        lines.append(f"根据：{' '.join(filter(None, (item.document, item.section, item.date)))}（{mark}）{item.quote}")
        if item.note:
            lines.append(f"      注：{item.note}")
    lines += [f"还可以问：{'；'.join(answer.follow_ups)}"] if answer.follow_ups else []
    lines.append(f"[{answer.status.value}/{answer.reason} · {answer.release}]")
    return "\n".join(lines)


def main() -> int:
    """Run one command; faults are told in one line each, with exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m knowledge", description="The knowledge of 殷法问.")
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser("build", help="build the content into a release and publish it")
    command.add_argument("--force", action="store_true", help="build even when nothing changed")
    command.set_defaults(run=build)
    add_imports(commands)
    add_draft(commands)
    command = commands.add_parser("check", help="do the imported statutes have every article that is cited?")
    command.set_defaults(run=check)
    command = commands.add_parser("ask", help="answer a question")
    command.add_argument("question")
    command.add_argument("--json", action="store_true", help="print the whole answer as JSON")
    command.set_defaults(run=ask)
    command = commands.add_parser("search", help="show what a question finds, and why")
    command.add_argument("question")
    command.add_argument("--limit", type=int, default=8)
    command.set_defaults(run=search)
    command = commands.add_parser("evaluate", help="measure the published release on golden questions")
    command.add_argument(
        "golden",
        nargs="*",
        type=Path,
        default=GOLDEN,
        help="files or folders with golden questions (the gate's and tests/golden)",
    )
    command.add_argument("--out", default="results/evaluate", help="folder for the results")
    command.set_defaults(run=evaluate)
    args = parser.parse_args()
    try:
        return args.run(KnowledgeSettings(), args) or 0
    except (ContentError, CrisisContentError, ImportRefused, ReleaseError, ModelUnavailable, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
