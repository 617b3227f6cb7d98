"""Which text holds credentials, and that what refuses them never says what they are."""

from pathlib import Path

import pytest

from stacks import credentials
from stacks.build_arguments import build_arguments
from stacks.compatibility import ModelRecord


@pytest.mark.parametrize(
    "line",
    [
        "--extra-index-url https://user:password@index.example.com/simple",
        "--index-url=https://user:pass/word@index.example.com/simple",
        "-f http://t0ken@index.example.com/wheels",
        "-i https://${NAME}:${PASSWORD}@index.example.com/simple",
        "ours @ git+https://ghp_0123@github.com/ours/ours@v1",
        "ours @ git+ssh://git:password@example.com/ours.git",
        "# pip install --index-url HTTPS://:password@index.example.com/simple",
        "ours @ https://example.com/ours.whl?X-Amz-Signature=0f",
        "ours @ https://example.com/ours.whl?a=1&access_token=0f",
        'channels: ["https://conda.example.com/t/ab-01234567-89ab-cdef-0123-456789abcdef/x"]',
        "--index-url \\\n  https://user:\\\npassword@index.example.com/simple",
    ],
)
def test_an_address_with_a_password_or_a_token_is_seen(line: str) -> None:
    assert len(credentials.lines_with_credentials(f"a==1\n{line}\nb==2\n")) == 1


def test_it_is_told_by_its_line() -> None:
    text = "a==1 \\\n  --hash=sha256:0f\n# b\n-f http://token@host\nc==1\n-f http://x:y@host\n"
    assert credentials.lines_with_credentials(text) == [4, 6]


@pytest.mark.parametrize(
    "line",
    [
        "--extra-index-url https://index.example.com:8443/simple/team@2",
        "ours @ git+https://github.com/ours/ours@v1#egg=ours",
        "ours @ git+ssh://git@github.com/ours/ours@v1",
        "git@github.com:ours/ours.git",
        "critical_subscribers = ['on-call@example.com']",
        '["https://example.com","on-call@example.com"]',
        "see https://discuss.example.com/t/token-classification-with-bert/1234",
        "ours @ https://example.com/ours.whl?raw=true#sha256=0f",
        "s3_uri = 's3://training-results/jobs/7/model.tar.gz'",
    ],
)
def test_an_address_without_is_not(line: str) -> None:
    assert credentials.lines_with_credentials(line) == []


def test_a_models_records_are_all_looked_at_and_quoted_nowhere(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    files = (
        "requirements.txt",
        "conda.yaml",
        "python_env.yaml",
        "MLmodel",
        "code/requirements.txt",
    )
    for name in files:
        (tmp_path / name).write_text("x\nhttps://user:hunter2@host\n")
    found = credentials.refusals(tmp_path)
    assert [line.partition(" has ")[0] for line in found] == [
        f"{tmp_path / name}: line 2" for name in files
    ]
    assert not any("hunter2" in line or "\n" in line for line in found)


def test_comments_are_no_part_of_what_the_image_is_built_with() -> None:
    text = "# made by me\na==1  # hunter2\nb @ https://x/b.zip#egg=b\n"
    (built,) = {build_arguments(ModelRecord("3.11.7", text), "none")["MODEL_REQUIREMENTS"]}
    assert built == "\na==1\nb @ https://x/b.zip#egg=b\n"
