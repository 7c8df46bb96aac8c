"""What a bucket's policy denies to everybody, so that the ledger in it stays as it was written.

The ledger is the only memory of what senders hold, and the notes of emergencies are a part of it.
"""

from __future__ import annotations

LEDGER_IS_KEPT = "LedgerIsKept"
"""The statement that keeps everybody from deleting; a repair lifts it for its own calls."""


def ledger_statements(arn: str, *, keep: bool) -> list[dict[str, object]]:
    """What nobody may do to ledgers and notes in the bucket ``arn``.

    Nothing is written over, whoever writes. With ``keep``, nothing is deleted either, be it by a
    delete marker, version by version or by rules for the whole bucket, which would do so later.
    """
    objects = [f"{arn}/ledger/*", f"{arn}/emergency/*"]
    denied: list[tuple[str, list[str], str | list[str], dict[str, object]]] = [
        # The condition key is absent from a request without If-None-Match, and from a copy.
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
