import re
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def dockerfile(root: Path) -> str:
    """The Dockerfile without comments, its continued lines joined."""
    text = (root / "container" / "Dockerfile").read_text()
    text = "".join(line for line in text.splitlines(True) if not line.startswith("#"))
    return re.sub(r"\\\n\s*", "", text)


def split_requirements(dockerfile: str, folder: Path, text: str) -> tuple[str, str]:
    """Run the Dockerfile's own command in a folder; return the lines of torch, and the others."""
    command = next(
        line.removeprefix("RUN ") for line in dockerfile.splitlines() if "torch.txt" in line
    )
    subprocess.run(
        ["/bin/sh", "-ec", command], cwd=folder, env={"MODEL_REQUIREMENTS": text}, check=True
    )
    return (folder / "torch.txt").read_text(), (folder / "model.txt").read_text()


def test_the_lines_of_torch_are_set_apart_without_their_build(
    dockerfile: str, tmp_path: Path
) -> None:
    text = "numpy==2.4.6\ntorch==2.13.0+cpu\ntorchvision>=0.2\ntorchmetrics==1.8\n"
    torch, others = split_requirements(dockerfile, tmp_path, text)
    assert torch.split() == ["torch==2.13.0", "torchvision>=0.2"]
    assert others.split() == ["numpy==2.4.6", "torchmetrics==1.8"]


def test_a_model_without_torch_leaves_that_list_empty(dockerfile: str, tmp_path: Path) -> None:
    torch, others = split_requirements(dockerfile, tmp_path, "numpy==2.4.6")
    assert (torch, others.split()) == ("", ["numpy==2.4.6"])


def test_it_says_what_sagemaker_asks_for(dockerfile: str) -> None:
    assert "com.amazonaws.sagemaker.capabilities.accept-bind-to-port=true" in dockerfile
    assert "com.amazonaws.sagemaker.capabilities.multi-models=true" in dockerfile
    assert 'ENTRYPOINT ["/opt/berth/entrypoint.sh"]' in dockerfile


def test_any_builder_can_build_it(dockerfile: str) -> None:
    """What only BuildKit knows, podman 4.3's builder refuses; these kinds of mount it knows."""
    assert not re.search(r"--link|--chmod|--parents|<<", dockerfile)
    assert set(re.findall(r"--mount=type=(\w+)", dockerfile)) == {"secret", "bind"}


def test_the_servers_packages_come_by_their_hashes_before_the_models_requirements_are_there(
    dockerfile: str,
) -> None:
    """An index or find-links among these says nothing of where the server's come from."""
    steps = dockerfile.splitlines()
    by_hash = [at for at, step in enumerate(steps) if "--require-hashes" in step]
    exactly = "--require-hashes --no-deps --only-binary :all: -r requirements/"
    assert [steps[at].partition("./install.sh ")[2] for at in by_hash] == [
        f"--target front {exactly}front.txt",
        f"{exactly}server.txt ${{ENGINE:+-r requirements/engine.txt}}",
    ]
    assert "COPY requirements.txt requirements/server.txt" in steps[: by_hash[1]]
    read = [at for at, step in enumerate(steps) if "model.txt" in step and "RUN torch=" not in step]
    assert min(read) > max(by_hash)
    # Together with the same needs, so that pip leaves the server's as they are where they fit.
    assert (
        "-r requirements/server.in ${ENGINE:+-r requirements/engine.in} "
        "-r requirements/model.txt" in steps[max(read)]
    )


def test_code_comes_last_so_that_the_big_layers_stay(dockerfile: str) -> None:
    assert dockerfile.rindex("./install.sh") < dockerfile.index("COPY berth_serving")


@pytest.mark.parametrize("arguments", [[], ["train"], ["serve", "now"]])
def test_any_other_argument_is_refused_with_what_is_taken(root: Path, arguments: list[str]) -> None:
    ended = subprocess.run(
        [root / "container" / "entrypoint.sh", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"entrypoint.sh: got '{' '.join(arguments)}', "
        "but takes one argument: serve (start the inference server)\n"
    )
