"""The image before the executable SageMaker of contract/."""

import subprocess
import sys
from pathlib import Path


def test_the_contract_kit_certifies_the_image(image: str, root: Path, built_model: Path) -> None:
    kit = [
        sys.executable,
        "-m",
        "contract",
        "--image",
        image,
        "--model",
        str(built_model),
        "--timeout=240",
    ]
    done = subprocess.run(kit, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
