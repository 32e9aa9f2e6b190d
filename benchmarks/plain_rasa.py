"""The peer of ``benchmarks.turns``: a plain Rasa project with our intents and examples and nothing else of ours.

Pipeline and policies are what ``rasa train`` of 3.6 fills in by itself, written out; only the tokenizer is the one that
Rasa has for Chinese. It answers with fixed texts, keeps conversations in memory and searches nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from knowledge.settings import ROOT

EXAMPLES = ("nlu.yml", "nlu_ask.yml")
CONFIG = """\
recipe: default.v1
assistant_id: plain
language: zh
pipeline:
  - name: JiebaTokenizer
  - name: RegexFeaturizer
  - name: LexicalSyntacticFeaturizer
  - name: CountVectorsFeaturizer
  - name: CountVectorsFeaturizer
    analyzer: char_wb
    min_ngram: 1
    max_ngram: 4
  - name: DIETClassifier
    epochs: 100
    constrain_similarities: true
  - name: EntitySynonymMapper
  - name: ResponseSelector
    epochs: 100
    constrain_similarities: true
  - name: FallbackClassifier
    threshold: 0.3
    ambiguity_threshold: 0.1
policies:
  - name: MemoizationPolicy
  - name: RulePolicy
  - name: UnexpecTEDIntentPolicy
    max_history: 5
    epochs: 100
  - name: TEDPolicy
    max_history: 5
    epochs: 100
    constrain_similarities: true
"""
# As in `rasa init`: some paths are stories, so that the story policies have something to learn and to predict.
STORIES = (("greet", "ask", "thanks", "goodbye"), ("ask", "ask", "talk_to_person"), ("greet", "help", "ask", "thanks"))


def prepare(results: Path) -> tuple[Path, Path]:
    """Environment and trained project below ``results``, each made when missing: the interpreter and the project."""
    python = _environment(results)
    files = _files()
    digest = hashlib.sha256("\0".join(files.values()).encode()).hexdigest()[:12]
    project = results / f"plain-rasa-{digest}"
    if not list(project.glob("models/*.tar.gz")):
        shutil.rmtree(project, ignore_errors=True)
        (project / "data").mkdir(parents=True)
        for name, text in files.items():
            (project / name).write_text(text, encoding="utf-8")
        print("training plain Rasa (DIET and TED), about two minutes", file=sys.stderr, flush=True)
        with (project / "train.log").open("w") as log:
            command = [str(python), "-m", "rasa", "train"]
            subprocess.run(command, cwd=project, env=environment(), stdout=log, stderr=log, check=True)
    return python, project


def start(python: Path, project: Path, port: int) -> subprocess.Popen[bytes]:
    """`rasa run` with its REST channel on loopback; its log goes beside the project."""
    command = [str(python), "-m", "rasa", "run", "-i", "127.0.0.1", "-p", str(port)]
    with (project / "run.log").open("w") as log:
        return subprocess.Popen(command, cwd=project, env=environment(), stdout=log, stderr=log)


def environment() -> dict[str, str]:
    """Everything as Rasa has it, but no telemetry."""
    return {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "PYTHONWARNINGS": "ignore", "TF_CPP_MIN_LOG_LEVEL": "3"}


def _environment(results: Path) -> Path:
    """BENCH_RASA_PYTHON, or a full installation (2.5 GB) that is made once."""
    given = os.environ.get("BENCH_RASA_PYTHON")
    if given:
        return Path(given)
    python = results / "rasa-full" / "bin" / "python"
    if not (results / "rasa-full" / "installed").is_file():
        print("installing rasa[jieba]==3.6.21 with TensorFlow, some minutes", file=sys.stderr, flush=True)
        # The dialogue engine's own environment knows a Python 3.10 that works; `python3.10` may be a dead pyenv shim.
        ours = ROOT / ".venv-rasa" / "bin" / "python"
        subprocess.run([str(ours), "-m", "venv", str(results / "rasa-full")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", "rasa[jieba]==3.6.21"], check=True)
        (results / "rasa-full" / "installed").touch()
    return python.absolute()


def _files() -> dict[str, str]:
    content = ROOT / "bot" / "dialogue"
    domain = yaml.safe_load((content / "domain" / "domain.yml").read_text(encoding="utf-8"))
    intents = [next(iter(intent)) if isinstance(intent, dict) else intent for intent in domain["intents"]]
    answers = {f"utter_{name}": [{"text": f"这里是关于 {name} 的回答。"}] for name in [*intents, "nlu_fallback"]}
    rules = [{"rule": name, "steps": _steps(name)} for name in [*intents, "nlu_fallback"]]
    stories = [{"story": "-".join(path), "steps": [step for name in path for step in _steps(name)]} for path in STORIES]
    files = {
        "domain.yml": {"version": "3.1", "intents": intents, "responses": answers},
        "data/rules.yml": {"version": "3.1", "rules": rules},
        "data/stories.yml": {"version": "3.1", "stories": stories},
        "credentials.yml": {"rest": None},
    }
    written = {name: yaml.safe_dump(data, allow_unicode=True, sort_keys=False) for name, data in files.items()}
    examples = {f"data/{name}": (content / "data" / name).read_text(encoding="utf-8") for name in EXAMPLES}
    return {"config.yml": CONFIG, **written, **examples}


def _steps(intent: str) -> list[dict[str, str]]:
    return [{"intent": intent}, {"action": f"utter_{intent}"}]
