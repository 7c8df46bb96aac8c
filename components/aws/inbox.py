"""An inbox on AWS: SES and a Lambda function with a URL put reports into one bucket."""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, TypedDict

import pulumi
from pulumi_aws import cloudwatch, iam, lambda_, s3, ses

from mtasts.components.aws import inbox_endpoint
from mtasts.components.aws.private_bucket import only_over_tls, private_bucket

if TYPE_CHECKING:
    from mtasts.components.mail_records import MailRecords

MAIL_PREFIX = "mail/"
_MODULE = "inbox_endpoint"
_RUNTIME = "python3.13"
_TIMEOUT_SECONDS = 20
_MEMORY_MB = 512
_LOG_DAYS = 30
_REPLACED_DAYS = 30
_PREFERENCE = 10


class AwsInboxArgs(TypedDict):
    """The names and settings of an inbox's resources.

    ``slug`` is the name of receipt rule, role and function. ``after`` is the rule of the set
    ``rule_set`` that a new rule follows, None for an empty set. ``keep_days`` is how long the
    bucket keeps reports, ``at_once`` how many requests the function answers at the same time.
    ``zone`` is the zone for the records, None if somebody else publishes them.
    """

    address: str
    domain: str
    bucket: str
    slug: str
    account_id: str
    region: str
    rule_set: str
    after: str | None
    keep_days: int
    at_once: int
    zone: MailRecords | None
    mail_host: str


class AwsInbox(pulumi.ComponentResource):
    """The bucket, the function that stores requests in it, and the rule that stores mail in it."""

    endpoint: pulumi.Output[str]
    bucket: pulumi.Output[str]
    records: pulumi.Output[list[str]]

    def __init__(
        self, name: str, args: AwsInboxArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        """Place bucket, endpoint, and what receives mail."""
        super().__init__("mtasts:index:AwsInbox", name, {}, opts)
        self._name, self._args = name, args
        written = self._place_bucket()
        self._place_endpoint(written)
        self._place_mail(written)
        self.register_outputs({"bucket": self.bucket, "endpoint": self.endpoint})

    def _below(self, *after: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(after))

    def _place_bucket(self) -> pulumi.Resource:
        """Place the bucket; returns its policy, which SES needs before the receipt rule exists.

        A destroy does not empty the bucket: S3 refuses to delete a bucket that holds reports.
        """
        name, args = self._name, self._args
        made = private_bucket(name, args["bucket"], force_destroy=False, opts=self._below())
        self.bucket = made.bucket.bucket
        s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=self.bucket,
            rules=lifecycle_rules(args["keep_days"]),
            opts=self._below(made.versioning),
        )
        return s3.BucketPolicy(
            f"{name}-access",
            bucket=self.bucket,
            policy=json.dumps(bucket_policy(args)),
            opts=self._below(made.block, made.versioning),
        )

    def _place_endpoint(self, written: pulumi.Resource) -> None:
        """The function and its URL, which anybody may call."""
        name, args = self._name, self._args
        log = cloudwatch.LogGroup(
            f"{name}-log",
            name=f"/aws/lambda/{args['slug']}",
            retention_in_days=_LOG_DAYS,
            opts=self._below(),
        )
        role = iam.Role(
            f"{name}-role",
            name=args["slug"],
            description="The HTTPS endpoint of one mtasts inbox",
            assume_role_policy=json.dumps(ASSUMED_BY_LAMBDA),
            opts=self._below(),
        )
        policy = iam.RolePolicy(
            f"{name}-role-policy",
            name="endpoint",
            role=role.name,
            policy=json.dumps(role_policy(args)),
            opts=self._below(),
        )
        function = lambda_.Function(
            f"{name}-function",
            name=args["slug"],
            description="Stores TLS reports that are sent by HTTPS (RFC 8460 section 5.4)",
            role=role.arn,
            runtime=_RUNTIME,
            architectures=["arm64"],
            handler=f"{_MODULE}.handler",
            code=pulumi.AssetArchive({f"{_MODULE}.py": pulumi.StringAsset(endpoint_source())}),
            timeout=_TIMEOUT_SECONDS,
            memory_size=_MEMORY_MB,
            reserved_concurrent_executions=args["at_once"],
            environment={"variables": {"BUCKET": args["bucket"], "ACCOUNT": args["account_id"]}},
            opts=self._below(policy, log, written),
        )
        url = lambda_.FunctionUrl(
            f"{name}-url",
            function_name=function.name,
            authorization_type="NONE",
            opts=self._below(),
        )
        # Since October 2025 a new function URL needs both (Lambda developer guide, "Control access
        # to Lambda function URLs").
        lambda_.Permission(
            f"{name}-url-public",
            action="lambda:InvokeFunctionUrl",
            function=function.name,
            principal="*",
            function_url_auth_type="NONE",
            statement_id="endpoint-url",
            opts=self._below(),
        )
        lambda_.Permission(
            f"{name}-invoked-by-url",
            action="lambda:InvokeFunction",
            function=function.name,
            principal="*",
            invoked_via_function_url=True,
            statement_id="endpoint-invoke",
            opts=self._below(),
        )
        self.endpoint = url.function_url

    def _place_mail(self, written: pulumi.Resource) -> None:
        """Place the SES identity, the receipt rule, last of the active set, and the DNS records."""
        name, args = self._name, self._args
        identity = ses.DomainIdentity(
            f"{name}-identity",
            domain=args["domain"],
            # The account may have had this identity before, to send mail; a destroy leaves it.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
        rule = ses.ReceiptRule(
            f"{name}-rule",
            name=args["slug"],
            rule_set_name=args["rule_set"],
            after=args["after"],
            enabled=True,
            recipients=[args["address"]],
            # A sender must report even if TLS to the mailbox fails (RFC 8460 section 5.3).
            tls_policy="Optional",
            scan_enabled=False,
            s3_actions=[
                {
                    "position": 1,
                    "bucket_name": args["bucket"],
                    "object_key_prefix": MAIL_PREFIX,
                }
            ],
            # Other programs may add rules and so change the order; that is no drift of this rule.
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[written, identity], ignore_changes=["after"]
            ),
        )
        owner, domain, host = f"_amazonses.{args['domain']}", args["domain"], args["mail_host"]
        self.records = identity.verification_token.apply(
            lambda token: [
                f'{owner}. IN TXT "{token}"',
                f"{domain}. IN MX {_PREFERENCE} {host}.",
            ]
        )
        if (zone := args["zone"]) is not None:
            zone.text(f"{name}-verified", owner, identity.verification_token, self._below())
            # The MX record waits for the rule, so that SES refuses no mail.
            zone.mail(f"{name}-mx", domain, host, _PREFERENCE, self._below(rule))


ASSUMED_BY_LAMBDA = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def endpoint_source() -> str:
    """The source of the function, as a text in Python."""
    return inspect.getsource(inbox_endpoint)


def lifecycle_rules(keep_days: int) -> list[s3.BucketLifecycleConfigurationRuleArgs]:
    """Reports are deleted after ``keep_days``, replaced and deleted versions 30 days later."""
    rule, expiration = (
        s3.BucketLifecycleConfigurationRuleArgs,
        s3.BucketLifecycleConfigurationRuleExpirationArgs,
    )
    everything = s3.BucketLifecycleConfigurationRuleFilterArgs(prefix="")
    return [
        rule(
            id="reports",
            status="Enabled",
            filter=everything,
            expiration=expiration(days=keep_days),
            noncurrent_version_expiration=(
                s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                    noncurrent_days=_REPLACED_DAYS
                )
            ),
        ),
        rule(
            id="markers",
            status="Enabled",
            filter=everything,
            expiration=expiration(expired_object_delete_marker=True),
        ),
    ]


def bucket_policy(args: AwsInboxArgs) -> dict[str, object]:
    """The bucket policy: TLS is required, and SES may write mail for this inbox's rule alone."""
    arn = f"arn:aws:s3:::{args['bucket']}"
    source = (
        f"arn:aws:ses:{args['region']}:{args['account_id']}:receipt-rule-set/{args['rule_set']}"
        f":receipt-rule/{args['slug']}"
    )
    return {
        "Version": "2012-10-17",
        "Statement": [
            only_over_tls(arn),
            {
                "Sid": "SesWritesMail",
                "Effect": "Allow",
                "Principal": {"Service": "ses.amazonaws.com"},
                "Action": "s3:PutObject",
                "Resource": f"{arn}/{MAIL_PREFIX}*",
                "Condition": {
                    "StringEquals": {
                        "aws:SourceAccount": args["account_id"],
                        "aws:SourceArn": source,
                    }
                },
            },
        ],
    }


def role_policy(args: AwsInboxArgs) -> dict[str, object]:
    """The policy of the function's role: it may write reports and its own log, and read nothing."""
    where = f"{args['region']}:{args['account_id']}:log-group:/aws/lambda/{args['slug']}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "s3:PutObject",
                "Resource": f"arn:aws:s3:::{args['bucket']}/{inbox_endpoint.PREFIX}*",
            },
            {
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": f"arn:aws:logs:{where}:*",
            },
        ],
    }
