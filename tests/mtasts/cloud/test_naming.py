"""A stack's bucket has one name that S3 takes, and no other stack has it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtasts.cloud.naming import alarm_name, bucket_name

ACCOUNT, REGION = "123456789012", "ap-southeast-2"
S3 = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]")


def test_a_plain_stack_name_is_kept() -> None:
    name = bucket_name(ACCOUNT, REGION, "example-agency")
    assert name == "mtasts-123456789012-ap-southeast-2-example-agency"


@pytest.mark.parametrize("stack", ["Example", "a.b", "a_b", "x" * 60, "-", "a--b"])
def test_other_names_are_shortened_and_told_apart_by_a_hash(stack: str) -> None:
    name = bucket_name(ACCOUNT, REGION, stack)
    assert S3.fullmatch(name)
    assert name != bucket_name(ACCOUNT, REGION, stack.lower() + "0")


@given(st.from_regex(r"[A-Za-z0-9_.\-]{1,100}", fullmatch=True))
def test_every_stack_name_gives_a_name_that_s3_takes(stack: str) -> None:
    assert S3.fullmatch(bucket_name(ACCOUNT, REGION, stack))


LONG = "a" * 63


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("example.gov", f"{'b' * 63}/example.gov/expiry"),
        ("d" * 184, f"{'b' * 63}/{'d' * 184}/expiry"),
        ("d" * 185, f"{'b' * 63}/{'d' * 175}-ecd87a60/expiry"),
    ],
)
def test_an_alarm_is_named_for_stack_domain_and_subject(domain: str, name: str) -> None:
    assert alarm_name("b" * 63, domain, "expiry") == name
    assert len(name) <= 255


def test_alarms_of_other_stacks_domains_and_subjects_have_other_names() -> None:
    long = f"{LONG}.{LONG}.{LONG}.{'c' * 40}.example"
    names = {
        alarm_name(bucket, domain, subject)
        for bucket in ("mtasts-a", "mtasts-a-b")
        for domain in ("b-c.gov", "c.gov", f"x.{long}", f"y.{long}", f"{long}.x", f"{long}.y")
        for subject in ("expiry", "errors")
    }
    assert len(names) == 24
