import sys
from pathlib import Path

import pytest

from bench.serving import processes
from bench.serving.catalogue import catalogue, given
from bench.serving.servers import Running, ServerError, Span

SERVER = """
import http.server, json, subprocess, sys
subprocess.Popen(["sleep", "600"], start_new_session=False)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        text = json.loads(body)["text"]
        found = [{"label": "PER", "start": 0, "end": len(text), "score": 0.5}]
        answer = json.dumps({"predictions": [found]} if text != "odd" else {}).encode()
        self.send_response(400 if text == "bad" else 200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def command(tmp_path: Path) -> str:
    program = tmp_path / "server.py"
    program.write_text(SERVER)
    return f"{sys.executable} {program} {{port}}"


def test_a_server_is_started_asked_and_ended_with_all_its_processes(
    command: str, tmp_path: Path
) -> None:
    with Running(given(command), tmp_path) as running:
        running.wait("Anna")
        assert running.predict("Anna") == [Span("PER", 0, 4, 0.5)]
        members = processes.tree(running.process.pid)
        assert len(members) == 2
    assert not any(map(processes.alive, members))


def test_a_refused_text_is_an_error_with_the_status(command: str, tmp_path: Path) -> None:
    with Running(given(command), tmp_path) as running:
        running.wait("Anna")
        with pytest.raises(ServerError, match="status 400"):
            running.predict("bad")


def test_an_answer_of_another_shape_is_an_error(command: str, tmp_path: Path) -> None:
    with Running(given(command), tmp_path) as running:
        running.wait("Anna")
        with pytest.raises(ServerError, match="another shape"):
            running.predict("odd")


def test_a_server_that_ends_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    with (
        Running(given("sh -c 'echo no such model; exit 3'"), tmp_path) as running,
        pytest.raises(ServerError, match="status 3: no such model"),
    ):
        running.wait("Anna")


def test_every_server_of_the_catalogue_has_a_name_of_its_own() -> None:
    names = [server.name for server in catalogue(2)]
    assert len(set(names)) == len(names)
