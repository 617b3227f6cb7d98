"""`--image`, with an engine that starts what it should contain as a process.

The real engines take an image and root: `make test-image` runs the kit on one.
"""

import sys
from pathlib import Path

import pytest

from contract.bench import Bench
from contract.container import StartOptions
from contract.image import ImageLauncher, NoEngineError
from contract.process import ProcessLauncher
from contract.runner import Verdict, chosen, run
from tests.contract.conftest import EXAMPLE, LIMITS, server

ENGINE = """#!{python}
import json, os, signal, subprocess, sys
from pathlib import Path

state = Path(os.environ["ENGINE_STATE"])
command, *rest = sys.argv[1:]
with (state / "calls").open("a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
if command == "image":
    if rest[1] != "good":
        sys.exit("Error: no such image")
    labels = json.loads((state / "labels").read_text())
    print(json.dumps([{{"Config": {{"Labels": labels}}}}]))
elif command == "run":
    given = dict(word.removeprefix("--env=").split("=", 1) for word in rest if "--env=" in word)
    with (state / "log").open("wb") as log:
        process = subprocess.Popen(
            {server!r}.split() + [rest[-1]],
            env={{**os.environ, **given}}, stdin=subprocess.DEVNULL,
            stdout=log, stderr=log, start_new_session=True,
        )
    (state / "pid").write_text(str(process.pid))
elif command == "inspect":
    pid = (state / "pid").read_text()
    running = Path(f"/proc/{{pid}}/stat").exists()
    running = running and ") Z " not in Path(f"/proc/{{pid}}/stat").read_text()
    template = rest[1]
    print(pid if "Pid" in template else f"{{str(running).lower()}} 0")
elif command == "kill":
    os.kill(int((state / "pid").read_text()), signal.SIGTERM)
elif command == "rm":
    try:
        os.killpg(int((state / "pid").read_text()), signal.SIGKILL)
    except ProcessLookupError:
        pass
elif command == "logs":
    print((state / "log").read_text())
elif command == "diff":
    print((state / "diff").read_text(), end="")
"""

PORT_LABEL = "com.amazonaws.sagemaker.capabilities.accept-bind-to-port"


@pytest.fixture
def state(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An engine named docker, first on the path, and where it keeps what it was asked."""
    state = tmp_path / "state"
    state.mkdir()
    (state / "diff").write_text("")
    (state / "labels").write_text("{}")
    programs = tmp_path / "bin"
    programs.mkdir()
    engine = programs / "docker"
    engine.write_text(ENGINE.format(python=sys.executable, server=server("good")))
    engine.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("ENGINE_STATE", str(state))
    # Its "containers" share this machine's network: nothing is to be entered.
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.chdir(root)
    return state


def certify(model: Path, *cases: str) -> dict[str, tuple[Verdict, str]]:
    bench = Bench(
        launcher=ImageLauncher("good", model, memory="2g"),
        example=EXAMPLE,
        model=model,
        limits=LIMITS,
    )
    return {result.case.id: (result.verdict, result.note) for result in run(bench, chosen(cases))}


@pytest.mark.slow
def test_an_image_is_run_as_sagemaker_runs_it(state: Path, tmp_path: Path) -> None:
    running = ImageLauncher("good", tmp_path, memory="2g").start(StartOptions())
    running.close()
    call = next(line for line in (state / "calls").read_text().splitlines() if '"run"' in line)
    port = running.client.port
    for word in (
        '"--memory", "2g"',
        f'"--volume={tmp_path}:/opt/ml/model:ro"',
        f'"--env=SAGEMAKER_BIND_TO_PORT={port}"',
        f'"--publish=127.0.0.1:{port}:{port}"',
    ):
        assert word in call
    assert call.endswith('"good", "serve"]')
    assert port != 8080


@pytest.mark.slow
def test_many_models_are_mounted_where_sagemaker_has_them(state: Path, tmp_path: Path) -> None:
    running = ImageLauncher("good", tmp_path, memory="2g").start(StartOptions(many_models=True))
    running.close()
    calls = (state / "calls").read_text()
    url = running.model_url("contract-1")
    assert url == "/opt/ml/models/contract-1/model"
    assert f'"--volume={tmp_path}:{url}:ro"' in calls
    assert ":/opt/ml/model:ro" not in calls


@pytest.mark.slow
def test_what_is_written_outside_of_tmp_is_found(state: Path, tmp_path: Path) -> None:
    (state / "diff").write_text("C /tmp\nA /tmp/cache\nC /root\nA /root/.cache\n")
    verdict, note = certify(tmp_path, "files.outside")["files.outside"]
    assert (verdict, note) == (Verdict.FAILED, "2 paths: /root, /root/.cache")


@pytest.mark.slow
def test_nothing_but_tmp_and_mount_points_is_fine(state: Path, tmp_path: Path) -> None:
    (state / "diff").write_text("C /tmp\nA /tmp/cache\nC /opt\nA /opt/ml\nC /etc\nC /etc/hosts\n")
    assert certify(tmp_path, "files.outside")["files.outside"][0] is Verdict.PASSED


@pytest.mark.slow
@pytest.mark.parametrize(
    ("labels", "verdict"),
    [(f'{{"{PORT_LABEL}": "true"}}', Verdict.PASSED), ('{"other": "1"}', Verdict.FAILED)],
)
def test_the_ports_label_says_what_is_so(
    state: Path, tmp_path: Path, labels: str, verdict: Verdict
) -> None:
    (state / "labels").write_text(labels)
    assert certify(tmp_path, "startup.port")["startup.port"][0] is verdict


@pytest.mark.slow
def test_a_label_that_promises_too_much_fails(state: Path, tmp_path: Path) -> None:
    (state / "labels").write_text(
        '{"com.amazonaws.sagemaker.capabilities.bidirectional-streaming": "true",'
        ' "com.amazonaws.sagemaker.capabilities.multi-models": "true"}'
    )
    engine = tmp_path / "bin" / "docker"
    engine.write_text(engine.read_text().replace("servers.good", "servers.least"))
    verdicts = certify(tmp_path, "websocket.pong", "multi-model.start")
    assert {verdict for verdict, _ in verdicts.values()} == {Verdict.FAILED}


def test_an_image_that_is_not_there_is_one_line(state: Path, tmp_path: Path) -> None:
    with pytest.raises(NoEngineError, match="no image 'other': Error: no such image"):
        ImageLauncher("other", tmp_path, memory="2g")


def test_without_an_engine_that_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoEngineError, match="docker or podman"):
        ImageLauncher("good", tmp_path, memory="2g")


def test_a_process_is_given_serve_once() -> None:
    assert ProcessLauncher("container/entrypoint.sh serve", None).command == [
        "container/entrypoint.sh"
    ]
    assert ProcessLauncher("sh -c 'exec x $PORT'", None).command == ["sh", "-c", "exec x $PORT"]
