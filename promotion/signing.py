"""A release's signature: by an asymmetric key in KMS of the stage that recorded it.

Its document names everything else by SHA-256: the assembly, the golden set, archives and images.
So who may write the bucket and may not sign changes nothing that the next stage would take.
https://docs.aws.amazon.com/kms/latest/developerguide/symmetric-asymmetric.html
"""

import hashlib
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Mapping, Sequence

from aws.errors import CallError, in_one_line
from aws.stage import Stage
from promotion import PromotionError

SIGNATURE, KEY = "berth-signature", "berth-signing-key"
"""User metadata of a release's document in S3, which is written together with it."""

_ALGORITHM = "ECDSA_SHA_256"


def signed(stage: Stage, document: bytes) -> dict[str, str]:
    """The metadata that signs a document; none where the stage does not sign.

    Raises PromotionError where KMS does not sign for these credentials.
    """
    if not stage.settings.releases.signers:
        return {}
    try:
        with in_one_line():
            made = stage.client("kms").sign(
                KeyId=stage.names.signing_key,
                Message=hashlib.sha256(document).digest(),
                MessageType="DIGEST",
                SigningAlgorithm=_ALGORITHM,
            )
    except CallError as error:
        raise PromotionError(
            f"{stage.name}: the release cannot be signed: {error.reason}; [{stage.name}.releases]"
            " signers of stages.toml names the roles that may, once it is deployed"
        ) from None
    return {SIGNATURE: b64encode(made["Signature"]).decode(), KEY: made["KeyId"]}


def check(
    stage: Stage, where: str, document: bytes, said: Mapping[str, str], trusted: Sequence[str]
) -> None:
    """Make sure that the stage signed a document, where it signs.

    Args:
        where: the document's URI, for what is said.
        said: its metadata.
        trusted: the keys that are taken; none: the one that the stage's alias names.

    Raises PromotionError where no such key did.
    """
    if not stage.settings.releases.signers and not trusted:
        return
    key, signature = said.get(KEY, ""), said.get(SIGNATURE)
    if signature is None:
        raise PromotionError(
            f"{where}: not signed, and {stage.name} signs its releases; record it again:"
            f" berth record {stage.name}"
        )
    if trusted and key not in trusted:
        raise PromotionError(f"{where}: signed by {key!r}, which trusted_keys does not name")
    try:
        with in_one_line():
            stage.client("kms").verify(
                KeyId=key if trusted else stage.names.signing_key,
                Message=hashlib.sha256(document).digest(),
                MessageType="DIGEST",
                Signature=b64decode(signature),
                SigningAlgorithm=_ALGORITHM,
            )
    except NotBase64:
        raise PromotionError(f"{where}: its signature cannot be read") from None
    except CallError as error:
        if error.code != "KMSInvalidSignatureException":
            raise
        raise PromotionError(
            f"{where}: not as {stage.name} signed it: somebody else has written it"
        ) from None
