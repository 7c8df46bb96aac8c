"""``aws.lambda.Function``, ``aws.lambda.FunctionUrl`` and ``aws.lambda.Permission``."""

from __future__ import annotations

import io
import json
import zipfile
from hashlib import sha256
from typing import TYPE_CHECKING, Any, ClassVar

from mtasts.localcloud.provider.properties import (
    UNKNOWN,
    Properties,
    archive_files,
    is_archive,
)
from mtasts.localcloud.provider.resource import Live, RefusedError, Resource, error_code
from mtasts.localcloud.provider.schema import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mtasts.localcloud.aws.session import Session

_GONE = frozenset({"ResourceNotFoundException", "404"})
_FIELDS = {
    "description": "Description",
    "handler": "Handler",
    "memorySize": "MemorySize",
    "role": "Role",
    "runtime": "Runtime",
    "timeout": "Timeout",
}
_RUNTIMES = ("python3.11", "python3.12", "python3.13", "python3.14")
# The concurrency that must remain for functions without reserved concurrency, and the account's
# concurrency (Lambda developer guide, "Lambda quotas").
_UNRESERVED_MIN = 100
_ACCOUNT_AT_ONCE = 1000


class Function(Resource):
    """A Lambda function whose code is an archive of assets; the id is its name."""

    token = "aws:lambda/function:Function"  # a type token
    modelled: ClassVar = {
        **dict.fromkeys(_FIELDS),
        "architectures": None,
        "code": None,
        "environment": {"variables": None},
        "name": None,
        "region": None,
        "reservedConcurrentExecutions": None,
    }
    replaces = frozenset({"name", "region"})
    computed = ("arn", "region")
    auto_name = "name"

    def judge(self, inputs: Properties) -> Iterator[Problem]:
        """Refuse runtimes and code that are not modelled, and too much reserved concurrency."""
        runtime = inputs.get("runtime", UNKNOWN)
        if runtime not in (*_RUNTIMES, UNKNOWN):
            yield Problem("runtime", f"the local stand-in runs {', '.join(_RUNTIMES)} only")
        reserved = inputs.get("reservedConcurrentExecutions", UNKNOWN)
        if reserved != UNKNOWN and reserved > _ACCOUNT_AT_ONCE - _UNRESERVED_MIN:
            why = f"decreases account's UnreservedConcurrentExecution below {_UNRESERVED_MIN}"
            yield Problem("reservedConcurrentExecutions", f"InvalidParameterValue: {why}")
        if not is_archive(inputs.get("code")):
            yield Problem("code", "the local stand-in needs the code as an archive of assets")

    def normalise(self, path: str, value: Any) -> Any:  # any JSON value
        """Compare code by its hash: of code that was uploaded, the engine keeps only the hash."""
        if path != "code" or not is_archive(value):
            return value
        assets = value.get("assets", {})
        return value.get("hash") or {name: _hash(each) for name, each in assets.items()}

    def create(self, session: Session, inputs: Properties) -> str:
        """Create it; Lambda refuses a role that does not exist."""
        client = session.functions(inputs.get("region"))
        client.create_function(
            FunctionName=inputs["name"],
            Code={"ZipFile": _zip(inputs["code"])},
            Architectures=inputs.get("architectures", ["x86_64"]),
            PackageType="Zip",
            **_settings(inputs),
        )
        self._reserve(client, inputs)
        return str(inputs["name"])

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read everything but the code."""
        region = inputs.get("region", session.region)
        found = _found(lambda: session.functions(region).get_function(FunctionName=identity))
        if found is None:
            return None
        config = found["Configuration"]
        live: Properties = {
            input_name: config.get(api_name) for input_name, api_name in _FIELDS.items()
        }
        variables = config.get("Environment", {}).get("Variables")
        live |= {
            "architectures": config["Architectures"],
            "environment": {"variables": variables} if variables else None,
            "name": identity,
            "reservedConcurrentExecutions": found.get("Concurrency", {}).get(
                "ReservedConcurrentExecutions"
            ),
        }
        return Live(live, {"arn": config["FunctionArn"], "region": region})

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Write the code if it has changed, the settings and the reserved concurrency."""
        client = session.functions(inputs.get("region"))
        if self.normalise("code", old["code"]) != self.normalise("code", inputs["code"]):
            client.update_function_code(FunctionName=identity, ZipFile=_zip(inputs["code"]))
        client.update_function_configuration(FunctionName=identity, **_settings(inputs))
        self._reserve(client, inputs)

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete the function, its URL and its policy."""
        client = session.functions(inputs.get("region", outputs.get("region")))
        _found(lambda: client.delete_function(FunctionName=identity))

    @staticmethod
    def _reserve(client: Any, inputs: Properties) -> None:  # no stubs
        if "reservedConcurrentExecutions" in inputs:
            client.put_function_concurrency(
                FunctionName=inputs["name"],
                ReservedConcurrentExecutions=inputs["reservedConcurrentExecutions"],
            )


class FunctionUrl(Resource):
    """The URL of a function; the id is the function's name."""

    token = "aws:lambda/functionUrl:FunctionUrl"  # a type token
    modelled: ClassVar = dict.fromkeys(("authorizationType", "functionName", "region"))
    replaces = frozenset({"functionName", "region"})
    computed = ("functionArn", "functionUrl", "urlId", "region")

    def create(self, session: Session, inputs: Properties) -> str:
        """Create it; Lambda refuses a second URL of a function."""
        name, client = inputs["functionName"], session.functions(inputs.get("region"))
        if _found(lambda: client.get_function_url_config(FunctionName=name)) is not None:
            raise RefusedError("ResourceConflictException", f"{name} has a function URL already")
        client.create_function_url_config(FunctionName=name, AuthType=inputs["authorizationType"])
        return str(name)

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read the authorization type and the URL."""
        region = inputs.get("region", session.region)
        client = session.functions(region)
        found = _found(lambda: client.get_function_url_config(FunctionName=identity))
        if found is None:
            return None
        url = found["FunctionUrl"].rstrip("/")
        outputs = {
            "functionArn": found["FunctionArn"],
            "functionUrl": f"{url}/",  # Lambda's URLs end with a slash
            "urlId": url.removeprefix("https://").partition(".")[0],
            "region": region,
        }
        live = {"authorizationType": found["AuthType"], "functionName": identity}
        return Live(live, outputs)

    def update(self, session: Session, identity: str, old: Properties, inputs: Properties) -> None:
        """Set the authorization type."""
        del old
        session.functions(inputs.get("region")).update_function_url_config(
            FunctionName=identity, AuthType=inputs["authorizationType"]
        )

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete the URL."""
        client = session.functions(inputs.get("region", outputs.get("region")))
        _found(lambda: client.delete_function_url_config(FunctionName=identity))


class Permission(Resource):
    """One statement of a function's policy; the id is the statement's id."""

    token = "aws:lambda/permission:Permission"  # a type token
    modelled: ClassVar = dict.fromkeys(
        (
            "action",
            "function",
            "functionUrlAuthType",
            "invokedViaFunctionUrl",
            "principal",
            "region",
            "statementId",
        )
    )
    replaces = frozenset(modelled)
    computed = ("region",)
    auto_name = "statementId"
    auto_name_limit = 100

    def judge(self, inputs: Properties) -> Iterator[Problem]:
        """Refuse a condition that Lambda does not have for the action."""
        for word, action in (
            ("functionUrlAuthType", "lambda:InvokeFunctionUrl"),
            ("invokedViaFunctionUrl", "lambda:InvokeFunction"),
        ):
            if word in inputs and inputs.get("action", UNKNOWN) not in (action, UNKNOWN):
                yield Problem(word, f"InvalidParameterValueException: {word} is for {action}")

    def create(self, session: Session, inputs: Properties) -> str:
        """Add the statement; Lambda refuses an id that is in use."""
        name, sid = inputs["function"], inputs["statementId"]
        client = session.functions(inputs.get("region"))
        with session.one_at_a_time(f"policy/{name}"):
            if any(each["Sid"] == sid for each in _statements(client, name)):
                raise RefusedError("ResourceConflictException", f"the statement {sid} exists")
            more: Properties = {}
            if "functionUrlAuthType" in inputs:
                more["FunctionUrlAuthType"] = inputs["functionUrlAuthType"]
            if "invokedViaFunctionUrl" in inputs:
                more["InvokedViaFunctionUrl"] = inputs["invokedViaFunctionUrl"]
            client.add_permission(
                FunctionName=name,
                StatementId=sid,
                Action=inputs["action"],
                Principal=inputs["principal"],
                **more,
            )
        return str(sid)

    def read(self, session: Session, identity: str, inputs: Properties) -> Live | None:
        """Read whether the statement exists: nobody can change one."""
        region = inputs.get("region", session.region)
        rows = _statements(session.functions(region), inputs.get("function", ""))
        if not any(each["Sid"] == identity for each in rows):
            return None
        return Live(
            {key: inputs[key] for key in self.modelled if key in inputs}, {"region": region}
        )

    def delete(
        self, session: Session, identity: str, inputs: Properties, outputs: Properties
    ) -> None:
        """Delete the statement from the policy."""
        client = session.functions(inputs.get("region", outputs.get("region")))
        name = inputs["function"]
        _found(lambda: client.remove_permission(FunctionName=name, StatementId=identity))


def _statements(client: Any, name: str) -> list[Properties]:  # no stubs
    found = _found(lambda: client.get_policy(FunctionName=name))
    return [] if found is None else list(json.loads(found["Policy"])["Statement"])


def _settings(inputs: Properties) -> Properties:
    made = {
        api_name: inputs[input_name]
        for input_name, api_name in _FIELDS.items()
        if input_name in inputs
    }
    made["Environment"] = {"Variables": inputs.get("environment", {}).get("variables", {})}
    return made


def _hash(asset: Properties) -> str:
    return str(asset.get("hash") or sha256(str(asset.get("text", "")).encode()).hexdigest())


def _zip(archive: Properties) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as made:
        for name, content in archive_files(archive).items():
            made.writestr(zipfile.ZipInfo(name), content)
    return held.getvalue()


def _found(call: Any) -> Any:  # no stubs
    """The answer of ``call``, or None if the function, URL or policy does not exist."""
    from botocore.exceptions import ClientError  # loaded with the client

    try:
        return call()
    except ClientError as error:
        if error_code(error) not in _GONE:
            raise
        return None
