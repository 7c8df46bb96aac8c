"""The request rates of an account: calls above them get the error of the AWS service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from mtasts.localcloud.moto_host import moto_running, session, throttle
from mtasts.localcloud.throttling import Rate, Throttle

if TYPE_CHECKING:
    from collections.abc import Iterator

# moto's state is global: one process, one account.
pytestmark = pytest.mark.xdist_group("moto-in-process")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with moto_running() as url:
        yield url


def test_a_bucket_fills_up_again_and_never_beyond_its_burst() -> None:
    now = [0.0]
    bucket = Throttle(lambda: now[0])
    bucket.set({"acm": Rate(per_second=2, burst=3)})

    assert [bucket.takes("acm") for _ in range(4)] == [True, True, True, False]
    now[0] = 0.5
    assert [bucket.takes("acm") for _ in range(2)] == [True, False]
    now[0] = 60
    assert [bucket.takes("acm") for _ in range(4)] == [True, True, True, False]
    assert bucket.refused == {"acm": 3}


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("route53", "list_hosted_zones", "Throttling"),
        ("cloudfront", "list_distributions", "Throttling"),
        ("acm", "list_certificates", "ThrottlingException"),
    ],
)
def test_calls_above_the_rate_get_the_error_of_aws(
    url: str, service: Any, operation: str, code: str
) -> None:
    once = Config(retries={"total_max_attempts": 1})
    client = session().client(service, endpoint_url=url, config=once)
    throttle.set({service: Rate(per_second=0.1, burst=1)})
    call = getattr(client, operation)

    call()
    with pytest.raises(ClientError) as refused:
        call()
    assert refused.value.response["Error"] == {
        **refused.value.response["Error"],
        "Code": code,
        "Message": "Rate exceeded",
    }
    throttle.set({})
    call()
