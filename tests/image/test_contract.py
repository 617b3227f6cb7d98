"""The image before the executable SageMaker of contract/."""

from pathlib import Path

from tests import berth_cli


def test_the_contract_kit_certifies_the_image(image: str, root: Path, built_model: Path) -> None:
    options = ("--image", image, "--model", str(built_model), "--timeout", "240")
    done = berth_cli.run("contract", *options, folder=root)
    assert done.returncode == 0, done.stdout + done.stderr
