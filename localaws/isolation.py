"""The emulator's environment: neither the user's shell nor AWS configuration has a say in it."""

import os
from pathlib import Path

from localaws import iam

_MINISTACK = {
    # MiniStack removes the containers that it finds: none of an engine that happens to run here.
    "DOCKER_HOST": "unix:///nonexistent",
    # A listener on port 8883, of every interface.
    "IOT_MTLS_ENABLED": "0",
    "LOCALSTACK_PERSISTENCE": "0",
    "LOG_LEVEL": "INFO",
    "MINISTACK_HOST": "localhost",
    "PERSIST_STATE": "0",
    "S3_PERSIST": "0",
    "SERVICES": "",
    "SFTP_ENABLED": "0",
    "USE_SSL": "0",
}

_CLIENTS = {
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": "*",
    "no_proxy": "*",
}


def isolate(home: Path, port: int) -> None:
    """Change this process's environment to an emulator's, before MiniStack is imported.

    Raises LocalAwsError where LOCALAWS_IAM says what it cannot say.
    """
    judged = {"AUTH": str(iam.is_enforced()).lower()}
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(
        _MINISTACK | _CLIENTS | judged, GATEWAY_PORT=str(port), LOCALAWS_HOME=str(home)
    )
