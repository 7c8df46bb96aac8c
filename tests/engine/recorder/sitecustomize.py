"""Loaded by every Python process of a recorded run: writes down each call that botocore makes.

Most of them are forks of a warm process, which has loaded it.

A line of JSON a call: which command made it, the service as it signs, the operation, and what
names its resource.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import json
import os
import sys
from pathlib import Path
from typing import Any

# The local cloud's own provider. A fork has the command line of the warm process, so only the
# name of its program tells.
STAND_IN = Path(__file__).parents[3] / "mtasts" / "localcloud" / "aws"
FILE, COMMAND = "RECORD_CALLS_IN", "RECORD_CALLS_OF"
NAMES = frozenset(
    {
        "Bucket",
        "CertificateArn",
        "ChangeBatch",
        "Delete",
        "DistributionId",
        "DomainName",
        "FunctionName",
        "HostedZoneId",
        "Id",
        "Key",
        "Resource",
        "ResourceARN",
        "RoleArn",
        "RoleName",
        "Tagging",
        "TopicArn",
        "ValidationMethod",
        "VersionId",
        "logGroupName",
    }
)


def record(client: Any, operation: str, parameters: dict[str, Any]) -> None:
    """Append one line; short ones are written whole. The warm process itself calls nothing."""
    row = {
        "command": os.environ.get(COMMAND, ""),
        "by_stand_in": STAND_IN in Path(sys.argv[0]).parents,
        "service": client.meta.service_model.signing_name,
        "operation": operation,
        "region": client.meta.region_name,
        "names": {name: value for name, value in parameters.items() if name in NAMES},
    }
    with Path(os.environ[FILE]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row, default=str) + "\n")


class Loader(importlib.abc.Loader):
    """Loads ``botocore.client`` and has its one way to call record first."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> Any:
        return self._inner.create_module(spec)

    def exec_module(self, module: Any) -> None:
        self._inner.exec_module(module)
        call = module.BaseClient._make_api_call

        def recorded(self: Any, operation_name: str, api_params: dict[str, Any]) -> Any:
            record(self, operation_name, api_params)
            return call(self, operation_name, api_params)

        module.BaseClient._make_api_call = recorded


class Finder(importlib.abc.MetaPathFinder):
    """Finds ``botocore.client`` alone."""

    def find_spec(self, name: str, path: Any, _target: Any = None) -> Any:
        if name != "botocore.client":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None:
            spec.loader = Loader(spec.loader)
        return spec


sys.meta_path.insert(0, Finder())
