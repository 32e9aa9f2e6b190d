"""The few requests of Qdrant's HTTP interface that we make, answered by its own local mode: what the client sends and
reads is real, the server's graph is not."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from qdrant_client import QdrantClient, models

Body = dict[str, Any]


def _create(local: QdrantClient, name: str, body: Body) -> Any:
    return local.create_collection(name, vectors_config=models.VectorParams(**body["vectors"]))


def _upsert(local: QdrantClient, name: str, body: Body) -> Any:
    points = models.Batch(**body["batch"]) if "batch" in body else [models.PointStruct(**row) for row in body["points"]]
    return local.upsert(name, points).model_dump(mode="json")


def _query(local: QdrantClient, name: str, body: Body) -> Any:
    found = local.query_points(name, query=body["query"]["nearest"], limit=body["limit"], with_payload=False)
    return found.model_dump(mode="json")


def _retrieve(local: QdrantClient, name: str, body: Body) -> Any:
    found = local.retrieve(name, ids=body["ids"], with_payload=False, with_vectors=body["with_vector"])
    return [point.model_dump(mode="json") for point in found]


ROUTES: dict[tuple[str, str], Callable[[QdrantClient, str, Body], Any]] = {
    ("GET", "/exists"): lambda local, name, body: {"exists": local.collection_exists(name)},
    ("PUT", ""): _create,
    ("DELETE", ""): lambda local, name, body: local.delete_collection(name),
    ("PUT", "/points"): _upsert,
    ("POST", "/points"): _retrieve,
    ("POST", "/points/count"): lambda local, name, body: local.count(name).model_dump(mode="json"),
    ("POST", "/points/query"): _query,
}


@contextmanager
def running() -> Iterator[str]:
    """A server on a free port of loopback; its address."""
    local, one = QdrantClient(":memory:"), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
            match = re.fullmatch(r"/collections/([^/?]+)([^?]*)(?:\?.*)?", self.path)
            with one:
                told = ROUTES[self.command, match[2]](local, match[1], body) if match else {}
            sent = json.dumps({"result": told, "status": "ok", "time": 0.0}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_PUT = do_POST = do_DELETE = answer

        def log_message(self, *_: Any) -> None:
            """Nothing is logged."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
