"""The S3 API of R2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mtasts.cloud.cloudflare.account import CloudflareAccount

_REGION = "auto"  # R2 accepts no other region


def r2_client(account: CloudflareAccount) -> Any:  # noqa: ANN401 - botocore's client
    """A botocore client of the account's R2, with the keys that belong to its token.

    Raises:
        CloudflareError: Cloudflare refused the token.
        UndeterminedError: Cloudflare did not answer.
    """
    from botocore.config import Config  # costs 0.1 s

    from mtasts.cloud.sessions import new_session  # as above

    access, secret = account.r2_keys()
    session = new_session()
    session.set_credentials(access, secret)
    return session.create_client(
        "s3",
        region_name=_REGION,
        endpoint_url=account.settings.r2_endpoint,
        config=Config(
            connect_timeout=5,
            read_timeout=20,
            retries={"mode": "standard", "total_max_attempts": 5},
            s3={"addressing_style": "path"},
            # R2 knows fewer checksums than S3 (its page on S3 compatibility, 2026).
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
