"""Run the examples of the policy pack under mocks and print what they register, as JSON.

In a process of its own: mocks are state of the whole SDK. As in a preview, outputs are unknown.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import rpc
from pulumi.runtime.mocks import MockMonitor, MockResourceArgs, Mocks, set_mocks

from mtasts.components import load_as_used

UNKNOWN = "<unknown>"


class _Preview(Mocks):
    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        return None, dict(args.inputs)

    def call(self, args: Any) -> Any:
        raise AssertionError(args.token)


class _Recorder(MockMonitor):
    def __init__(self) -> None:
        super().__init__(_Preview())
        self.found: list[dict[str, Any]] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the protocol's name
        response = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        inputs = rpc.deserialize_properties(request.object, keep_unknowns=True)
        self.found.append(
            {
                "urn": response.urn,
                "type": request.type,
                "inputs": json.loads(json.dumps(inputs, default=lambda _: UNKNOWN)),
                "dependencies": list(request.dependencies),
                "by_property": {
                    key: list(named.urns) for key, named in request.propertyDependencies.items()
                },
                "protect": request.protect,
            }
        )
        return response


def main(folder: Path) -> None:
    """Print ``"good" or "bad" -> rule -> resources``."""
    load_as_used.install()  # the examples use few of a thousand modules
    sys.path.insert(0, str(folder))
    recorder = _Recorder()
    told: dict[str, dict[str, list[dict[str, Any]]]] = {"good": {}, "bad": {}}
    for path in sorted(folder.glob("rules/*.py")):
        module = importlib.import_module(f"rules.{path.stem}")
        for which, rules in told.items():
            recorder.found = []
            set_mocks(recorder.mocks, preview=True, monitor=recorder)
            example = getattr(module, which)
            pulumi.runtime.test(lambda example=example: example() or None)()  # type: ignore[no-untyped-call]
            rules[path.stem.replace("_", "-")] = recorder.found
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
