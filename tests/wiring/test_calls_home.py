"""No library reports to its maker: onnxruntime keeps an id of the machine and what it is to send below the home folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

LOAD = "from knowledge.embed import load_embedder\nfrom knowledge.settings import SHIPPED_MODEL\nload_embedder(SHIPPED_MODEL)"


@pytest.mark.model
def test_loading_the_model_leaves_nothing_to_send(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORT_", "XDG_", "HF_"))}
    environment = {**kept, "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", LOAD], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert "elemetry" not in done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == []
