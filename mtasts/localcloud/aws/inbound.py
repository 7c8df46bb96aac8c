"""SES email receiving: the receipt rules of the active rule set decide what happens to a message.

moto stores identities and rules. This module applies them to mail, for the local SMTP server. See
"Email receiving concepts" in the SES developer guide.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from mtasts.findings import printable
from mtasts.localcloud.cloud import ACCOUNT
from mtasts.localcloud.provider.resource import error_code
from mtasts.rollout.resource_policy import Request, evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

# The largest message that an S3 action accepts (SES developer guide, "Email receiving quotas").
MESSAGE_MAX_BYTES = 40 * 1024 * 1024
SETUP_NOTIFICATION = "AMAZON_SES_SETUP_NOTIFICATION"
# The regions in which SES receives mail (AWS General Reference, "Amazon SES endpoints and quotas",
# as of 2024).
REGIONS = frozenset(
    {
        "ap-northeast-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-west-1",
        "eu-west-2",
        "us-east-1",
        "us-east-2",
        "us-west-2",
    }
)


def rule_arn(account: str, region: str, rule_set: str, rule: str) -> str:
    """The ARN of a receipt rule."""
    return f"arn:aws:ses:{region}:{account}:receipt-rule-set/{rule_set}:receipt-rule/{rule}"


def may_write(s3: Any, bucket: str, key: str, account: str, arn: str) -> bool:  # each client's type
    """Whether the bucket's policy lets SES write the object ``key`` for the rule with ``arn``."""
    from botocore.exceptions import ClientError  # loaded with the client

    context = {
        "aws:sourceaccount": account,
        "aws:sourcearn": arn,
        "aws:securetransport": "true",
    }
    request = Request("ses.amazonaws.com", "s3:PutObject", f"arn:aws:s3:::{bucket}/{key}", context)
    try:
        policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    except ClientError as error:
        if error_code(error) not in {"NoSuchBucketPolicy", "NoSuchBucket"}:
            raise
        return False
    return evaluate(policy.encode(), request).allowed


@dataclass(frozen=True, slots=True)
class Inbound:
    """The receiver behind SES's MX host in one region; its methods block.

    ``text_of(name)`` is the text of the TXT record at a name, or empty.
    """

    ses: Any  # boto3 has no stubs for it here
    s3: Any  # as above
    region: str
    text_of: Callable[[str], str]
    message_max_bytes: int = MESSAGE_MAX_BYTES

    def refusal(self, recipient: str) -> str:
        """The SMTP reply that refuses a recipient; empty if a rule accepts it.

        SES accepts only recipients in domains that are verified identities.
        """
        _, rules = self._active()
        taken = any(_takes(each, (recipient,)) for each in rules)
        if taken and self._is_verified(recipient.rpartition("@")[2].lower()):
            return ""
        return "550 5.1.1 Requested action not taken: mailbox unavailable"

    def take(self, sender: str, recipients: Sequence[str], content: bytes) -> str:
        """Apply the rules to a message, in their order, and return the SMTP reply."""
        name, rules = self._active()
        id_ = secrets.token_hex(20)
        head = (
            f"Return-Path: <{printable(sender)}>\r\n"
            f"Received: from local (127.0.0.1) by inbound-smtp.{self.region}.amazonaws.com with "
            f"SMTP id {id_}; {formatdate()}\r\n"
        )
        for rule in rules:
            if not _takes(rule, recipients):
                continue
            arn = rule_arn(ACCOUNT, self.region, name, rule["Name"])
            for action in _s3_actions(rule):
                key = f"{action.get('ObjectKeyPrefix', '')}{id_}"
                if not may_write(self.s3, action["BucketName"], key, ACCOUNT, arn):
                    return "451 4.3.0 the bucket does not let SES write"
                body = head.encode("ascii", "replace") + content
                self.s3.put_object(Bucket=action["BucketName"], Key=key, Body=body)
            if any("StopAction" in each for each in rule.get("Actions", ())):
                break
        return f"250 OK {id_}"

    def _active(self) -> tuple[str, list[dict[str, Any]]]:
        found = self.ses.describe_active_receipt_rule_set()
        return found.get("Metadata", {}).get("Name", ""), found.get("Rules", [])

    def _is_verified(self, domain: str) -> bool:
        """Whether the domain, or one above it, is an identity whose TXT record is in DNS."""
        names = [domain]
        while "." in names[-1]:
            names.append(names[-1].partition(".")[2])
        found = self.ses.get_identity_verification_attributes(Identities=names)
        return any(
            self.text_of(f"_amazonses.{name}") == row["VerificationToken"]
            for name, row in found["VerificationAttributes"].items()
        )


def _takes(rule: dict[str, Any], recipients: Sequence[str]) -> bool:
    wanted = [each.lower() for each in rule.get("Recipients", ())]
    if not rule.get("Enabled"):
        return False
    return not wanted or any(_is_wanted(each.lower(), wanted) for each in recipients)


def _is_wanted(recipient: str, wanted: Sequence[str]) -> bool:
    domain = recipient.rpartition("@")[2]
    return any(
        each in (recipient, domain) or (each.startswith(".") and domain.endswith(each))
        for each in wanted
    )


def _s3_actions(rule: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for each in rule.get("Actions", ()):
        if "S3Action" in each:
            yield each["S3Action"]
