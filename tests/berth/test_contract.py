"""`berth contract`: what it takes, prints, and exits with."""

import json
from pathlib import Path

import pytest

from tests import STAGES_FILE
from tests.berth_cli import status_of
from tests.contract.conftest import EXAMPLE, server

pytestmark = pytest.mark.slow


@pytest.fixture
def body(tmp_path: Path) -> str:
    file = tmp_path / "body.json"
    file.write_bytes(EXAMPLE.body)
    return str(file)


@pytest.fixture(autouse=True)
def _in_the_checkout(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)


@pytest.mark.slow
def test_a_good_server_is_0_with_a_table_and_a_last_line(
    body: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        status_of("contract", "--process", server("good"), "--body", body, "--case", "ping.ok") == 0
    )
    lines = capsys.readouterr().out.splitlines()
    assert any("ping.ok" in line and "passed" in line for line in lines)
    assert lines[-1].startswith("certified: 1 passed, 0 failed, 0 skipped")


@pytest.mark.slow
def test_a_server_that_fails_what_is_required_is_1_and_is_told_what_and_why(
    body: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command = server("bad invocations.payload")
    assert status_of("contract", "--process", command, "--body", body, "--case", "*.payload") == 1
    out = capsys.readouterr().out
    assert "seen: it answered 413" in out
    assert "source: Endpoint quotas https://docs.aws.amazon.com/" in out
    assert out.splitlines()[-1].startswith("not certified: 0 passed, 1 failed")


@pytest.mark.slow
@pytest.mark.parametrize(("strict", "status"), [([], 0), (["--strict"], 1)])
def test_good_practice_binds_only_who_asks_for_it(
    body: str, strict: list[str], status: int
) -> None:
    command = server("bad ping.empty")
    arguments = ["--process", command, "--body", body, "--case", "ping.empty", *strict]
    assert status_of("contract", *arguments) == status


@pytest.mark.slow
def test_without_a_container_it_is_ours_with_the_model_of_stages_toml(
    built_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stages = tmp_path / "stages.toml"
    text = STAGES_FILE.read_text().replace('"build/model"', json.dumps(str(built_model)))
    stages.write_text(text)
    assert status_of("--stages", str(stages), "contract", "--case", "ping.ok") == 0
    assert "certified: 1 passed" in capsys.readouterr().out


def test_a_model_is_of_a_container_that_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of("contract", "--model", str(tmp_path)) == 2
    assert "--image or --process names it" in capsys.readouterr().err


@pytest.mark.slow
def test_json_has_every_case_with_its_source(body: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        status_of(
            "contract", "--process", server("good"), "--body", body, "--case", "ping.*", "--json"
        )
        == 0
    )
    document = json.loads(capsys.readouterr().out)
    assert document["certified"] is True
    assert [case["id"] for case in document["cases"]] == [
        "ping.ok",
        "ping.empty",
        "ping.in-time",
        "ping.steady",
    ]
    first = document["cases"][0]
    assert (first["verdict"], first["need"]) == ("passed", "required")
    assert first["source"]["url"].startswith("https://docs.aws.amazon.com/sagemaker/")


@pytest.mark.slow
def test_a_url_is_certified_without_what_takes_a_start(
    root: Path, body: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from contract.container import StartOptions, until
    from contract.process import ProcessLauncher

    running = ProcessLauncher(server("good"), root).start(StartOptions())
    try:
        url = f"http://127.0.0.1:{running.client.port}"
        assert any(_listens(running.client.port) for _ in until(30))
        cases = ["--case", "startup.*", "--case", "drain.clock", "--case", "http.chunked"]
        assert status_of("contract", url, "--body", body, *cases, "--json") == 0
    finally:
        running.close()
    cases_seen = json.loads(capsys.readouterr().out)["cases"]
    verdicts = {case["id"]: case["verdict"] for case in cases_seen}
    assert verdicts == {
        "startup.ready": "passed",
        "startup.port": "skipped",
        "startup.truth": "skipped",
        "startup.argument": "skipped",
        "http.chunked": "passed",
        "drain.clock": "skipped",
    }


def _listens(port: int) -> bool:
    from contract.client import Client, NoResponse

    try:
        return Client("127.0.0.1", port).request("GET", "/ping", timeout=2).status == 200
    except NoResponse:
        return False


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--process", "true", "--case", "no.such"], "--case no.such: no case has such an id"),
        (["--process", "true", "--model", "no/such"], "--model no/such: no such folder"),
        (["--process", "true", "--body", "no/such"], "--body no/such: No such file or directory"),
        (["--process", "true"], "no request to send: give --body FILE"),
        (["https://h", "--body", "README.md"], "https://h: takes the form http://HOST:PORT"),
        (["http://127.0.0.1:1", "--body", "README.md"], "no connection to port 1"),
        (["--process", "no-such", "--body", "README.md"], "there is no command no-such"),
    ],
)
def test_a_wrong_command_line_is_2_and_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of("contract", *arguments) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert said in line
