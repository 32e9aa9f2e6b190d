"""``python -m knowledge draft``: build entries into a release that is not published, and check it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from knowledge.answer import Knowledge
from knowledge.catalogue import CONTENT, load_catalogue
from knowledge.conflicts import fitting, set_aside
from knowledge.embed import SentenceTransformerEmbedder
from knowledge.entries import read_entries
from knowledge.evaluate.compare import QUESTIONS, compare
from knowledge.release import build_release, built, current, load_release
from knowledge.settings import KnowledgeSettings


def add_draft(commands: Any) -> None:
    """Add the command ``draft`` to the sub-commands of the parser."""
    command = commands.add_parser("draft", help="build entries into a release without publishing it, and check it")
    command.add_argument("entries", type=Path, help="JSON file with the entries")
    command.add_argument("report", type=Path, help="JSON file to write: the release and what it answers otherwise")
    command.add_argument("--questions", type=Path, default=QUESTIONS, help="folder with golden questions")
    command.set_defaults(run=draft)


def draft(settings: KnowledgeSettings, args: argparse.Namespace) -> None:
    """Build and check; every line that is printed is progress. Faulty entries end it with the faults, nothing published."""

    def say(line: str) -> None:
        print(line, flush=True)

    folder, imported = settings.releases_dir, settings.imported_dir
    # What waits to be mended must not stop others' changes; whoever mends it hands in another text of it.
    waiting, given = [row.entry for row in set_aside(folder)], read_entries(args.entries)
    still = [entry for entry in given if entry in waiting]
    entries = given
    if still:
        strict = [entry for entry in given if entry not in still]
        entries, _ = fitting(load_catalogue(CONTENT, imported), still, CONTENT, strict)
    embedder = SentenceTransformerEmbedder(settings.model_source)
    embedder.warm_up()  # also for a release that is there already: golden questions are asked of it
    release = built(folder, embedder.digest, CONTENT, imported, entries)
    if release is None:
        release = build_release(folder, embedder, CONTENT, say, imported, entries)
    report: dict[str, Any] = {"release": release, "against": current(folder), "comparison": None}
    if report["against"] is not None:
        say("asking golden questions")
        old, new = (Knowledge(load_release(folder, name, embedder), embedder) for name in (report["against"], release))
        report["comparison"] = compare(old, new, args.questions, say).to_dict()
    args.report.write_text(json.dumps(report, ensure_ascii=False, indent=1), encoding="utf-8")
    say(f"release {release} is built and checked")
