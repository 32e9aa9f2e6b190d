"""The model that ships: its files are what check.json says, and it does what residents need of it."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from sentence_transformers import SentenceTransformer

from knowledge.embed import OUR_MODULE
from knowledge.encoder import ModelUnavailable, OnnxEncoder
from knowledge.settings import SHIPPED_MODEL
from knowledge.st_module import OnnxEmbedding

CHECK: dict[str, Any] = json.loads((SHIPPED_MODEL / "check.json").read_text(encoding="utf-8"))
PROVENANCE = (SHIPPED_MODEL / "PROVENANCE.md").read_text(encoding="utf-8")
# Each question with one that asks the same in other words; every other pair is unrelated.
SAME_MEANING = [
    ("法律援助热线电话是多少?", "我想打电话问法律援助,号码是啥"),
    ("老板拖着工资不给,我该找谁", "被拖欠工资了怎么办"),
    ("离婚了孩子归谁", "两口子离婚,小孩的抚养权怎么判"),
    ("邻居占了我家宅基地", "隔壁盖房子占了我们家的地"),
    ("打官司没钱请律师咋办", "经济困难请不起律师怎么办"),
    ("对罚款不服去哪儿复议", "不服行政处罚,怎么申请行政复议"),
]


@pytest.fixture(scope="module")
def encoder() -> OnnxEncoder:
    return OnnxEncoder(SHIPPED_MODEL)


class TestFiles:
    @pytest.mark.parametrize("name", CHECK["outputs"])
    def test_are_the_ones_that_were_checked(self, name: str) -> None:
        content = (SHIPPED_MODEL / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == CHECK["outputs"][name]

    def test_passed_their_checks(self) -> None:
        checks = CHECK["checks"]
        assert all(check["ok"] for check in checks.values())
        assert checks["tokenisation equal"]["equal"] == checks["tokenisation equal"]["of"] >= 200
        assert checks["cosine to fp32"]["mean"] >= 0.995
        assert checks["cosine to fp32"]["texts"] == 200

    def test_provenance_tells_the_same_numbers(self) -> None:
        wheels = [digest for name, digest in CHECK["inputs"].items() if name.endswith(".whl")]
        cosine, equal = CHECK["checks"]["cosine to fp32"], CHECK["checks"]["tokenisation equal"]
        rows = CHECK["vocabulary"]
        told = [
            *wheels,
            f"{rows['after']:,} of {rows['before']:,} rows",
            f"mean {cosine['mean']} (required: mean ≥ {cosine['required_mean']}), lowest {cosine['min']}",
            f"{equal['equal']} of {equal['of']} texts",
        ]
        assert len(wheels) == 2
        assert [text for text in told if text not in PROVENANCE] == []

    def test_modules_json_names_our_class(self) -> None:
        modules = json.loads((SHIPPED_MODEL / "modules.json").read_text(encoding="utf-8"))
        assert [module["type"] for module in modules] == [OUR_MODULE]
        assert f"{OnnxEmbedding.__module__}.{OnnxEmbedding.__qualname__}" == OUR_MODULE


@pytest.mark.model
class TestEncoder:
    def test_unit_vectors(self, encoder: OnnxEncoder) -> None:
        vectors = encoder.encode([question for pair in SAME_MEANING for question in pair])
        assert vectors.shape == (12, encoder.dimension) == (12, 384)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)

    def test_no_texts(self, encoder: OnnxEncoder) -> None:
        assert encoder.encode([]).shape == (0, 384)

    def test_two_encoders_give_the_same_numbers(self, encoder: OnnxEncoder) -> None:
        texts = [question for question, _ in SAME_MEANING]
        np.testing.assert_array_equal(OnnxEncoder(SHIPPED_MODEL).encode(texts), encoder.encode(texts))

    def test_a_text_does_not_depend_on_its_neighbours(self, encoder: OnnxEncoder) -> None:
        texts = [question for pair in SAME_MEANING for question in pair] + ["长" * 700, ""]
        alone = np.concatenate([encoder.encode([text]) for text in texts])
        np.testing.assert_array_equal(encoder.encode(texts), alone)

    def test_a_question_is_nearest_to_the_one_that_means_the_same(self, encoder: OnnxEncoder) -> None:
        asked = encoder.encode([asked for asked, _ in SAME_MEANING])
        stored = encoder.encode([stored for _, stored in SAME_MEANING])
        assert (asked @ stored.T).argmax(axis=1).tolist() == list(range(len(SAME_MEANING)))

    def test_small_talk_is_farther_than_any_match(self, encoder: OnnxEncoder) -> None:
        asked = encoder.encode([asked for asked, _ in SAME_MEANING])
        stored = encoder.encode([stored for _, stored in SAME_MEANING])
        elsewhere = encoder.encode(["今天天气真好", "红烧肉怎么做才好吃", "昨晚的球赛谁赢了"])
        assert (asked @ stored.T).diagonal().min() > (elsewhere @ stored.T).max()

    def test_long_text_is_cut_at_512(self, encoder: OnnxEncoder) -> None:
        ids = encoder.token_ids("证明" * 2000)
        assert len(ids) == 512
        assert ids[-1] == encoder.tokenizer.token_to_id("</s>")

    def test_threads_rest_when_nobody_asks(self) -> None:
        encoder = OnnxEncoder(SHIPPED_MODEL, threads=2)
        rounds, pause, busy = 40, 0.02, 0.0
        for _ in range(rounds):
            encoder.encode(["你好"])
            start = time.process_time()
            time.sleep(pause)  # spinning threads burn the first milliseconds after each call
            busy += time.process_time() - start
        assert busy < 0.1 * rounds * pause

    def test_runs_without_torch_and_without_our_other_modules(self) -> None:
        code = (
            "import sys, pathlib, knowledge.encoder as e;"
            f"e.OnnxEncoder(pathlib.Path({str(SHIPPED_MODEL)!r})).encode(['你好']);"
            "print(sorted(m for m in sys.modules if m in ('torch', 'transformers') or m.startswith('knowledge.')))"
        )
        run = subprocess.run([sys.executable, "-c", code], capture_output=True)
        assert run.stdout.decode().strip() == "['knowledge.encoder']", run.stderr.decode()


class TestUnavailable:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        for name in ("tokenizer.json", "model.onnx"):
            shutil.copyfile(SHIPPED_MODEL / name, tmp_path / name)
        return tmp_path

    @pytest.mark.parametrize("name", ["tokenizer.json", "model.onnx"])
    def test_missing_file(self, folder: Path, name: str) -> None:
        (folder / name).unlink()
        with pytest.raises(ModelUnavailable, match=f"{name} is missing") as caught:
            OnnxEncoder(folder)
        assert caught.value.folder == folder

    @pytest.mark.parametrize("name", ["tokenizer.json", "model.onnx"])
    @pytest.mark.parametrize("keep", [0, 1000])
    def test_corrupt_file(self, folder: Path, name: str, keep: int) -> None:
        (folder / name).write_bytes((folder / name).read_bytes()[:keep])
        with pytest.raises(ModelUnavailable, match=f"{name} cannot be read"):
            OnnxEncoder(folder)

    def test_network_that_is_no_embedding_model(self, folder: Path) -> None:
        value = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
        result = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
        graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "g", [value], [result])
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
        onnx.save(model, folder / "model.onnx")
        with pytest.raises(ModelUnavailable, match="no sentence embedding model"):
            OnnxEncoder(folder)


@pytest.mark.model
def test_sentence_transformers_can_save_and_load_it(tmp_path: Path) -> None:
    model = SentenceTransformer(str(SHIPPED_MODEL), device="cpu", trust_remote_code=True, local_files_only=True)
    assert model.get_embedding_dimension() == 384
    assert model.max_seq_length == 512

    model.save(str(tmp_path / "saved"))
    again = SentenceTransformer(str(tmp_path / "saved"), device="cpu", trust_remote_code=True, local_files_only=True)

    texts = ["村里的法律顾问怎么联系", "你好"]
    np.testing.assert_array_equal(again.encode_query(texts), model.encode_query(texts))
    np.testing.assert_array_equal(model.encode_document(texts), model.encode(texts, prompt_name="passage"))
