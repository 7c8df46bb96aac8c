"""``aws.ses.DomainIdentity`` and ``aws.ses.ReceiptRule``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from mtasts.localcloud.aws.inbound import REGIONS, SETUP_NOTIFICATION, may_write, rule_arn
from mtasts.localcloud.provider.properties import UNKNOWN, Properties
from mtasts.localcloud.provider.resource import Live, RefusedError, Resource, error_code
from mtasts.localcloud.provider.schema import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.localcloud.aws.session import Session

_GONE = frozenset({"RuleSetDoesNotExist", "RuleDoesNotExist"})


class DomainIdentity(Resource):
    """A domain for which the account may receive mail, once its TXT record is in DNS.

    The id is the domain's name.
    """

    token = "aws:ses/domainIdentity:DomainIdentity"  # a type token
    modelled: ClassVar = dict.fromkeys(("domain", "region"))
    replaces = frozenset(modelled)
    computed = ("arn", "verificationToken", "region")

    def create(self, session: Session, inputs: Properties) -> str:
        """Begin its verification; SES accepts a domain that exists, unchanged."""
        session.ses(inputs.get("region")).verify_domain_identity(Domain=inputs["domain"])
        return str(inputs["domain"])

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read the verification token, which SES never changes."""
        region = inputs.get("region", session.region)
        found = session.ses(region).get_identity_verification_attributes(Identities=[identity])
        row = found["VerificationAttributes"].get(identity)
        if row is None:
            return None
        outputs = {
            "arn": f"arn:aws:ses:{region}:{session.account}:identity/{identity}",
            "verificationToken": row["VerificationToken"],
            "region": region,
        }
        return Live({"domain": identity}, outputs)

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete the identity."""
        region = inputs.get("region", outputs.get("region"))
        session.ses(region).delete_identity(Identity=identity)


class ReceiptRule(Resource):
    """A receipt rule of a rule set; the id is its name."""

    token = "aws:ses/receiptRule:ReceiptRule"  # a type token
    modelled: ClassVar = {
        **dict.fromkeys(("after", "enabled", "name", "recipients", "region", "ruleSetName")),
        "s3Actions": {"bucketName": None, "objectKeyPrefix": None, "position": None},
        "scanEnabled": None,
        "tlsPolicy": None,
    }
    replaces = frozenset({"name", "region", "ruleSetName"})
    computed = ("arn", "region")
    reported = frozenset({"tlsPolicy", "scanEnabled", "enabled"})
    sets = frozenset({"recipients"})
    auto_name = "name"

    def judge(self, inputs: Properties) -> Iterator[Problem]:
        """Require one of SES's two TLS policies."""
        if inputs.get("tlsPolicy", UNKNOWN) not in ("Optional", "Require", UNKNOWN):
            yield Problem("tlsPolicy", "tlsPolicy must be Optional or Require")

    def create(self, session: Session, inputs: Properties) -> str:
        """Add it after the rule ``after``, or as the first one; a name in use is refused."""
        region = inputs.get("region", session.region)
        if region not in REGIONS:
            raise RefusedError("InvalidAction", f"SES receives no mail in {region}")
        ses, after = session.ses(inputs.get("region")), inputs.get("after")
        rules, name = inputs["ruleSetName"], inputs["name"]
        with session.one_at_a_time(f"receipt-rules/{rules}"):
            existing_rules = ses.describe_receipt_rule_set(RuleSetName=rules).get("Rules", [])
            if any(each["Name"] == name for each in existing_rules):
                raise RefusedError("AlreadyExists", f"Rule already exists: {name}")
            place = {"After": after} if after else {}
            self._announce(session, inputs)
            ses.create_receipt_rule(RuleSetName=rules, Rule=_rule(inputs), **place)
        return str(name)

    @staticmethod
    def _announce(session: Session, inputs: Properties) -> None:
        """Write a first object into each bucket, as SES does before it accepts a rule."""
        region = inputs.get("region", session.region)
        arn = rule_arn(session.account, region, inputs["ruleSetName"], inputs["name"])
        s3 = session.s3(region)
        for each in inputs.get("s3Actions", ()):
            key = f"{each.get('objectKeyPrefix', '')}{SETUP_NOTIFICATION}"
            if not may_write(s3, each["bucketName"], key, session.account, arn):
                raise RefusedError(
                    "InvalidS3Configuration", f"Could not write to bucket: {each['bucketName']}"
                )
            s3.put_object(Bucket=each["bucketName"], Key=key, Body=b"SES may write here.")

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read everything but the place of the rule in its set."""
        region, rules = inputs.get("region", session.region), inputs.get("ruleSetName", "")
        found = _found(
            lambda: session.ses(region).describe_receipt_rule(RuleSetName=rules, RuleName=identity)
        )
        if found is None:
            return None
        rule = found["Rule"]
        outputs = {
            "arn": f"arn:aws:ses:{region}:{session.account}:receipt-rule-set/{rules}"
            f":receipt-rule/{identity}",
            "region": region,
        }
        live = {
            "enabled": rule.get("Enabled", False),
            "name": identity,
            "recipients": rule.get("Recipients", []),
            "ruleSetName": rules,
            "s3Actions": list(_s3_actions(rule)),
            "scanEnabled": rule.get("ScanEnabled", False),
            "tlsPolicy": rule.get("TlsPolicy", "Optional"),
        }
        return Live(live, outputs)

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Write the rule again; SES moves a rule with another call, which is not modelled."""
        del identity
        if old.get("after") != inputs.get("after"):
            raise RefusedError(
                "NotModelled", "the local stand-in does not model moving a receipt rule"
            )
        session.ses(inputs.get("region")).update_receipt_rule(
            RuleSetName=inputs["ruleSetName"], Rule=_rule(inputs)
        )

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete the rule from its set."""
        ses = session.ses(inputs.get("region", outputs.get("region")))
        rules = inputs["ruleSetName"]
        _found(lambda: ses.delete_receipt_rule(RuleSetName=rules, RuleName=identity))


def _rule(inputs: Properties) -> Properties:
    return {
        "Name": inputs["name"],
        "Enabled": inputs.get("enabled", False),
        "Recipients": inputs.get("recipients", []),
        "ScanEnabled": inputs.get("scanEnabled", False),
        "TlsPolicy": inputs.get("tlsPolicy", "Optional"),
        "Actions": [
            {
                "S3Action": {
                    "BucketName": each["bucketName"],
                    "ObjectKeyPrefix": each.get("objectKeyPrefix", ""),
                }
            }
            for each in sorted(inputs.get("s3Actions", ()), key=lambda each: each["position"])
        ],
    }


def _s3_actions(rule: Properties) -> Iterator[Properties]:
    for position, each in enumerate(rule.get("Actions", ()), 1):
        if action := each.get("S3Action"):
            prefix = action.get("ObjectKeyPrefix") or None
            yield {
                "bucketName": action["BucketName"],
                "objectKeyPrefix": prefix,
                "position": position,
            }


def _found(call: Any) -> Any:  # no stubs
    from botocore.exceptions import ClientError  # loaded with the client

    try:
        return call()
    except ClientError as error:
        if error_code(error) not in _GONE:
            raise
        return None
