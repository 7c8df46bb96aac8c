"""The statements of the bucket policy that protect ledgers and notes of emergencies.

They deny everybody, administrators included: only the ledger says which policies senders hold.
"""

from __future__ import annotations

LEDGER_IS_KEPT = "LedgerIsKept"
"""The statement id that denies deletion; `mtasts ledger repair` removes it for its own calls."""


def ledger_statements(arn: str, *, keep: bool) -> list[dict[str, object]]:
    """The deny statements, as JSON objects, for ledgers and notes in the bucket ``arn``.

    Objects cannot be overwritten. With ``keep`` they cannot be deleted either: no delete marker, no
    deletion of a version, and no change of versioning or lifecycle rules.
    """
    objects = [f"{arn}/ledger/*", f"{arn}/emergency/*"]
    denied: list[tuple[str, list[str], str | list[str], dict[str, object]]] = [
        # A PUT without If-None-Match lacks the condition key, and so does a copy: both are denied.
        (
            "LedgerIsWrittenOnce",
            ["s3:PutObject"],
            objects,
            {"Condition": {"Null": {"s3:if-none-match": "true"}}},
        ),
    ]
    if keep:
        denied += [
            (LEDGER_IS_KEPT, ["s3:DeleteObject", "s3:DeleteObjectVersion"], objects, {}),
            ("HistoryIsKept", ["s3:PutBucketVersioning", "s3:PutLifecycleConfiguration"], arn, {}),
        ]
    return [
        {"Sid": sid, "Effect": "Deny", "Principal": "*", "Action": actions, "Resource": on, **more}
        for sid, actions, on, more in denied
    ]
