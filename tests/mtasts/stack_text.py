"""A stack file for the tests of commands; only its domains differ."""

from __future__ import annotations

_HEAD = """config:
  aws:region: us-east-1
  mtasts:agency: A
  mtasts:profile: rfc
  mtasts:hosting: aws
  mtasts:dns: route53
  mtasts:tlsReports: [mailto:a@example.gov]
  mtasts:domains:
"""


def stack_text(*domains: str) -> str:
    """The file with those entries, each a YAML mapping on one line."""
    return _HEAD + "".join(f"    - {domain}\n" for domain in domains)
