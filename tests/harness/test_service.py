"""Embedding services, asked through the real client of a local server that fails in every way."""

import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest

from harness import load_encoder
from harness.errors import BenchError, EncoderFault, UsageError
from harness.evaluation import Evaluation, Evaluator, RunOptions, measure
from harness.outcome import Metric, Outcome
from harness.progress import Progress
from harness.registry import find_encoder
from harness.service import estimated_tokens
from harness.tasks.base import Prepared

pytest.importorskip("openai")
KEY = "sk-very-secret-0123456789"


class Server:
    """An OpenAI-compatible server whose vectors are a function of the text; `faults` answer the next requests."""

    def __init__(self, vector, port=0):
        self.faults, self.texts, self.keys = [], Counter(), set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                texts = json.loads(self.rfile.read(int(self.headers["content-length"])))["input"]
                outer.keys.add(self.headers["authorization"])
                fault = outer.faults.pop(0) if outer.faults else None
                status = fault if isinstance(fault, int) else 200
                data = [{"index": i, "embedding": row.tolist()} for i, row in enumerate(vector(texts))]
                if callable(fault):
                    data = fault(data)
                elif status == 200:
                    outer.texts.update(texts)
                usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
                error = {"error": {"message": f"no, {self.headers['authorization']}"}}
                answer = json.dumps({"data": data, "model": "m", "usage": usage} if status == 200 else error).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(answer)))
                self.send_header("retry-after-ms", "1")
                self.end_headers()
                self.wfile.write(answer[: len(answer) // 2] if fault == "truncated" else answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def hashed(texts):
    return np.stack([np.random.default_rng(list(text.encode())).random(8, np.float32) for text in texts])


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    server = Server(hashed)
    yield server
    server.stop()


TEXTS = [f"text {i}" for i in range(100)]


@pytest.mark.parametrize("fault", [429, 500, "truncated", lambda data: data[::-1]])
def test_what_passes_is_tried_again_and_the_index_gives_the_order(server, fault):
    server.faults = [fault]
    vectors = load_encoder("api:m", base_url=server.url).encode([*TEXTS, ""])
    np.testing.assert_allclose(vectors, hashed([*TEXTS, " "]), atol=1e-7)
    assert server.keys == {f"Bearer {KEY}"}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (lambda data: data[:-1], "31 vectors for 32 texts"),
        (lambda data: [*data[:-1], data[0]], "vectors for 32 texts"),
        (lambda data: [{**data[0], "embedding": data[0]["embedding"][:3]}, *data[1:]], "several lengths"),
        (lambda data: None, "no vectors"),
        (400, "no vectors"),
        (401, "does not accept the key"),
    ],
)
def test_a_wrong_answer_is_a_fault_that_tells_no_key(server, fault, words):
    server.faults = [fault]
    with pytest.raises(EncoderFault, match=words) as raised:
        load_encoder("api:m", base_url=server.url).encode(TEXTS[:32])
    assert KEY not in str(raised.getrepr(style="long"))
    assert raised.value.__cause__ is None


def test_what_a_service_needs(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    monkeypatch.setenv("AFFECTBENCH_OFFLINE", "0")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    with pytest.raises(UsageError, match="OPENAI_API_KEY"):
        load_encoder("api:m").encode(["a"])
    with pytest.raises(UsageError, match="a key goes into OPENAI_API_KEY"):
        load_encoder("api:m", base_url="http://user:word@host/v1")
    monkeypatch.setenv("AFFECTBENCH_OFFLINE", "1")
    with pytest.raises(BenchError, match="forbids"):
        load_encoder("api:m", base_url="http://host/v1").encode(["a"])


def test_a_run_resumes_without_paying_twice_and_records_tokens_but_no_key(server, tmp_path):
    texts = [f"text {i}" for i in range(400)]
    outcome = Outcome(metrics={"accuracy": Metric(0.5)})
    prepared = Prepared(texts=texts, fingerprint="toy", score=lambda vectors, seed: outcome)
    task = SimpleNamespace(name="toy", corpus="one", protocol="p/1", split="test", corpora=(), max_length=None)
    task.prepare = lambda library: prepared
    one = Evaluation("api:m", "toy/one/p/1", 0)
    options = RunOptions(results_dir=tmp_path, cache_dir=tmp_path / "cache", base_url=server.url, price=20.0)
    evaluator = Evaluator(options, {"api:m": find_encoder("api:m")}, {one.task: task}, [one])
    assert evaluator.estimated_tokens(one, set()) == sum(map(estimated_tokens, texts))
    server.faults = [*[None] * 9, 400]
    assert [record.status for record in measure(evaluator, Progress())] == ["failed"]
    assert evaluator.estimated_tokens(one, set()) == sum(map(estimated_tokens, texts[:144]))
    before = sum(server.texts.values())
    (record,) = measure(evaluator, Progress())
    assert record.status == "ok"
    assert before >= 256 and sum(server.texts.values()) - before == record.timings["tokens"] == 144
    assert record.timings["cost"] == pytest.approx(144 * 20 / 1e6)
    assert record.model.weights.startswith("unknown") and record.contamination["state"] == "unknown"
    assert KEY.encode() not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


@pytest.mark.slow
def test_minilm_behind_a_server_that_is_killed_and_restarted(monkeypatch):
    minilm = load_encoder("minilm@mean")
    server = Server(minilm.encode)
    encoder = load_encoder("api:minilm", base_url=server.url)
    np.testing.assert_allclose(encoder.encode(TEXTS), minilm.encode(TEXTS), atol=1e-5)
    server.stop()
    restarted = []
    threading.Thread(target=lambda: (time.sleep(3), restarted.append(Server(minilm.encode, server.port)))).start()
    np.testing.assert_allclose(encoder.encode(TEXTS), minilm.encode(TEXTS), atol=1e-5)
    restarted[0].stop()


def test_services_under_several_paths_of_one_host_are_several():
    made = [
        load_encoder("api:m", base_url=f"https://host/{path}").fingerprint for path in ("v1", "a/v1", "b/v1", "v1/")
    ]
    assert len(set(made)) == 3
    assert made[0] == made[3]
