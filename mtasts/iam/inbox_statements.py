"""The AWS statements of an inbox's stack, one row each, as `mtasts.iam.statements` has an agency's.

``tests/engine/test_iam.py`` compares them with the calls of a recorded run. Nothing here lets
anybody read a report: that is for whoever runs ``mtasts reports pull``.
"""

from __future__ import annotations

from mtasts.iam.statements import (
    OWN,
    READ,
    STATEMENTS,
    WRITE,
    ZONES,
    Condition,
    Need,
    Statement,
)

# What both kinds of stack call in the same way.
_SHARED = frozenset(
    {
        "BucketListed",
        "BucketRead",
        "BucketMade",
        "BucketSet",
        "ZonesListed",
        "ZonesRead",
        "ChangesAwaited",
    }
)
_ROLE = ("arn:aws:iam::{account}:role/{slug}",)
_FUNCTION = ("arn:aws:lambda:{region}:{account}:function:{slug}",)
_LOG = ("arn:aws:logs:{region}:{account}:log-group:/aws/lambda/{slug}*",)
# SES knows no resources for receipt rules (service authorization reference, 2026).
_HERE = (Condition("StringEquals", "aws:RequestedRegion", ("{region}",)),)
_RECORDS = (
    Condition(
        "ForAllValues:StringEquals",
        "route53:ChangeResourceRecordSetsNormalizedRecordNames",
        ("{domain}", "_amazonses.{domain}"),
    ),
    Condition(
        "ForAllValues:StringEquals",
        "route53:ChangeResourceRecordSetsRecordTypes",
        ("MX", "TXT"),
    ),
)

INBOX_STATEMENTS: tuple[Statement, ...] = (
    *(each for each in STATEMENTS if each.sid in _SHARED),
    Statement(
        "ReportsExpire",
        "Sets how long the bucket keeps reports.",
        WRITE,
        ("s3:PutLifecycleConfiguration",),
        ("arn:aws:s3:::{bucket}",),
        OWN,
        Need.INBOX,
    ),
    Statement(
        "RulesRead",
        "Finds the active receipt rule set and its rules, and compares the inbox's own rule and "
        "its identity with what is declared.",
        READ,
        (
            "ses:DescribeActiveReceiptRuleSet",
            "ses:DescribeReceiptRule",
            "ses:GetIdentityVerificationAttributes",
            "ses:ListReceiptRuleSets",
        ),
        ("*",),
        _HERE,
        Need.INBOX,
    ),
    Statement(
        "RuleWritten",
        "Adds the inbox's rule to the active set, changes and removes it, and asks SES to verify "
        "the domain. No rule set is made, activated or deleted.",
        WRITE,
        (
            "ses:CreateReceiptRule",
            "ses:DeleteReceiptRule",
            "ses:UpdateReceiptRule",
            "ses:VerifyDomainIdentity",
        ),
        ("*",),
        _HERE,
        Need.INBOX,
    ),
    Statement(
        "InboxRecordsWritten",
        "Writes the MX record of the inbox's name and the TXT record of its verification: no other "
        "name and no other type.",
        WRITE,
        ("route53:ChangeResourceRecordSets",),
        (ZONES,),
        _RECORDS,
        Need.ZONES,
    ),
    Statement(
        "EndpointRead",
        "Compares the function, its URL and its policy with what is declared.",
        READ,
        (
            "lambda:GetFunction",
            "lambda:GetFunctionCodeSigningConfig",
            "lambda:GetFunctionUrlConfig",
            "lambda:GetPolicy",
            "lambda:ListVersionsByFunction",
        ),
        _FUNCTION,
        need=Need.INBOX,
    ),
    Statement(
        "EndpointWritten",
        "Makes, changes and removes the function of the HTTPS endpoint, and lets anybody call it "
        "by its URL.",
        WRITE,
        (
            "lambda:AddPermission",
            "lambda:CreateFunction",
            "lambda:CreateFunctionUrlConfig",
            "lambda:DeleteFunction",
            "lambda:DeleteFunctionUrlConfig",
            "lambda:PutFunctionConcurrency",
            "lambda:RemovePermission",
            "lambda:UpdateFunctionCode",
            "lambda:UpdateFunctionConfiguration",
            "lambda:UpdateFunctionUrlConfig",
        ),
        _FUNCTION,
        need=Need.INBOX,
    ),
    Statement(
        "EndpointRoleRead",
        "Compares the role of the function with what is declared.",
        READ,
        (
            "iam:GetRole",
            "iam:GetRolePolicy",
            "iam:ListAttachedRolePolicies",
            "iam:ListInstanceProfilesForRole",
            "iam:ListRolePolicies",
        ),
        _ROLE,
        need=Need.INBOX,
    ),
    Statement(
        "EndpointRoleWritten",
        "Makes and removes the role of the function, which may write reports and its own log.",
        WRITE,
        (
            "iam:CreateRole",
            "iam:DeleteRole",
            "iam:DeleteRolePolicy",
            "iam:PutRolePolicy",
            "iam:TagRole",
            "iam:UntagRole",
            "iam:UpdateAssumeRolePolicy",
            "iam:UpdateRole",
        ),
        _ROLE,
        need=Need.INBOX,
    ),
    Statement(
        "EndpointRolePassed",
        "Gives the function its role; no other service takes it.",
        WRITE,
        ("iam:PassRole",),
        _ROLE,
        (Condition("StringEquals", "iam:PassedToService", ("lambda.amazonaws.com",)),),
        Need.INBOX,
    ),
    Statement(
        "LogsFound",
        "Finds the log group of the function.",
        READ,
        ("logs:DescribeLogGroups",),
        ("arn:aws:logs:{region}:{account}:log-group:*",),
        need=Need.INBOX,
    ),
    Statement(
        "LogRead",
        "Compares the tags of the log group with what is declared.",
        READ,
        ("logs:ListTagsForResource",),
        _LOG,
        need=Need.INBOX,
    ),
    Statement(
        "LogWritten",
        "Makes and removes the log group of the function, and sets how long it keeps events.",
        WRITE,
        ("logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:PutRetentionPolicy"),
        _LOG,
        need=Need.INBOX,
    ),
)

_REAL = "the real provider calls it; the stand-in does not"
_CHANGED = "a setting that the program never changes, or only with a new release"
INBOX_UNSEEN: dict[str, str] = {
    "EndpointRead lambda:GetFunctionCodeSigningConfig": _REAL,
    "EndpointRead lambda:ListVersionsByFunction": _REAL,
    "EndpointRoleRead iam:ListAttachedRolePolicies": _REAL,
    "EndpointRoleRead iam:ListInstanceProfilesForRole": _REAL,
    "EndpointRoleRead iam:ListRolePolicies": _REAL,
    "EndpointRolePassed iam:PassRole": "IAM asks for it within lambda:CreateFunction",
    "EndpointRoleWritten iam:TagRole": _CHANGED,
    "EndpointRoleWritten iam:UntagRole": _CHANGED,
    "EndpointRoleWritten iam:UpdateAssumeRolePolicy": _CHANGED,
    "EndpointRoleWritten iam:UpdateRole": _CHANGED,
    "EndpointWritten lambda:UpdateFunctionCode": _CHANGED,
    "EndpointWritten lambda:UpdateFunctionUrlConfig": _CHANGED,
    "LogRead logs:ListTagsForResource": _REAL,
    "RulesRead ses:ListReceiptRuleSets": "asked only where no rule set is active",
    "RuleWritten ses:UpdateReceiptRule": _CHANGED,
}
"""As `mtasts.iam.statements.UNSEEN`, of the rows that an inbox alone has."""
