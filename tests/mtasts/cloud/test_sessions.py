"""The models of AWS's services are those that botocore reads by itself."""

from __future__ import annotations

import gzip
import inspect
import json
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import DataNotFoundError, ProfileNotFound, UnknownServiceError
from botocore.loaders import Loader

from mtasts.cloud import sessions
from mtasts.cloud.sessions import new_session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# The tests share one reader of models among all sessions (`mtasts.localcloud.service_models`).
models: Callable[[str | None], Loader] = inspect.unwrap(sessions.service_models)
SERVICES = ("acm", "cloudfront", "cloudwatch", "route53", "s3", "ses", "sns", "sts")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("kind", ["service-2", "endpoint-rule-set-1", "paginators-1"])
def test_a_model_is_the_one_that_botocore_reads(service: str, kind: str) -> None:
    theirs = Loader()
    assert models(None).load_service_model(service, kind) == theirs.load_service_model(
        service, kind
    )


@pytest.mark.parametrize("name", ["endpoints", "partitions", "sdk-default-configuration"])
def test_what_is_of_no_service_is_the_same_too(name: str) -> None:
    assert models(None).load_data(name) == Loader().load_data(name)


def test_what_there_is_not_is_told_as_botocore_does() -> None:
    with pytest.raises(UnknownServiceError):
        models(None).load_service_model("no-service", "service-2")
    with pytest.raises(DataNotFoundError):
        models(None).load_service_model("s3", "no-type-1")


def test_the_models_of_a_folder_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("mine", "a.json"), ("packed", "b.json.gz")):
        folder = tmp_path / name / "2026-01-01"
        folder.mkdir(parents=True)
        raw = json.dumps({"from": text}).encode()
        path = folder / f"service-2{text[1:]}"
        path.write_bytes(gzip.compress(raw) if text.endswith("gz") else raw)
    monkeypatch.setenv("HERE", str(tmp_path))
    monkeypatch.setenv("AWS_DATA_PATH", "$HERE")
    loader = new_session().get_component("data_loader")
    assert loader.load_service_model("mine", "service-2") == {"from": "a.json"}
    assert loader.load_service_model("packed", "service-2") == {"from": "b.json.gz"}
    assert loader.load_service_model("sts", "service-2")["metadata"]["serviceId"] == "STS"


def test_what_a_client_writes_into_a_model_is_in_no_other_session() -> None:
    first, second = models(None), models(None)
    first.load_data("endpoints")["partitions"].clear()
    assert second.load_data("endpoints") == Loader().load_data("endpoints")


def test_a_profile_that_there_is_not_is_refused() -> None:
    with pytest.raises(ProfileNotFound, match="nobody"):
        new_session("nobody")
