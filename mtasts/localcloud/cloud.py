"""What one running local cloud is: where its servers listen and what environment leads there."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

ACCOUNT = "123456789012"
REGION = "us-east-1"
CLOUDFLARE_TOKEN = "local-token"  # it opens nothing but the local API
PASSPHRASE = "local"  # protects nothing: the local cloud holds no secret
STATE_FILE = "cloud.json"


@dataclass(frozen=True, slots=True)
class Cloud:
    """The addresses of a local cloud's servers, as ``cloud.json`` holds them.

    ``aws``, ``cloudflare`` and ``control`` are URLs, ``dns`` is ``address:port``; ``mail`` maps
    each MX host to the loopback port its server listens on, ``name_servers`` each name server to
    its own, ``workers`` each address of Cloudflare's edge. ``ipv6`` says whether the edges also
    listen on ::1.
    """

    directory: Path
    pid: int
    aws: str
    dns: str
    edge_port: int
    control: str
    ca_file: Path
    ipv6: bool = True
    mail: dict[str, int] = field(default_factory=dict)
    name_servers: dict[str, int] = field(default_factory=dict)
    workers: dict[str, int] = field(default_factory=dict)
    cloudflare: str = ""
    account: str = ACCOUNT
    region: str = REGION

    @classmethod
    def read(cls, directory: Path) -> Cloud:
        """The local cloud that runs in ``directory``; raises ``FileNotFoundError`` without one."""
        raw = json.loads((directory / STATE_FILE).read_text())
        raw["directory"] = directory
        raw["ca_file"] = Path(raw["ca_file"])
        return cls(**raw)

    def write(self) -> None:
        """Write ``cloud.json`` in one step: a reader sees all of it or nothing."""
        path = self.directory / STATE_FILE
        raw = asdict(self) | {"ca_file": str(self.ca_file)}
        del raw["directory"]
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(raw, indent=2) + "\n")
        partial.replace(path)

    def connect_to(self) -> tuple[str, ...]:
        """The connect-to map in curl's form, ``host:port:address:port``; empty is any or same."""
        return (
            *(_row(address, 443, port) for address, port in sorted(self.workers.items())),
            f":443::{self.edge_port}",
            *(_row(host, 53, port) for host, port in sorted(self.name_servers.items())),
            *(f"{host}:25::{port}" for host, port in sorted(self.mail.items())),
        )

    @property
    def pulumi_home(self) -> Path:
        """``PULUMI_HOME`` of this local cloud: the only place that holds the stand-in provider."""
        return self.directory / "pulumi-home"

    @property
    def bin(self) -> Path:
        """The folder that comes first on PATH: the engine and, where needed, the language host."""
        return self.directory / "bin"

    @property
    def backend(self) -> str:
        """The file backend's URL; the stand-in provider refuses to serve any other."""
        return f"file://{self.directory / 'backend'}"

    def environment(self, path: str) -> dict[str, str]:
        """The variables that lead Pulumi, boto3 and the probes here; ``path`` is PATH so far."""
        return {
            "PATH": f"{self.bin}:{path}",
            "PULUMI_HOME": str(self.pulumi_home),
            "PULUMI_BACKEND_URL": self.backend,
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            # Providers and language hosts of this local cloud, and none that PATH offers.
            "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
            "MTASTS_LOCAL_CLOUD": str(self.directory),
            "AWS_ENDPOINT_URL": self.aws,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CLOUDFLARE_BASE_URL": self.cloudflare,
            "CLOUDFLARE_API_TOKEN": CLOUDFLARE_TOKEN,
            "MTASTS_R2_ENDPOINT": self.aws,
            "MTASTS_RESOLVER": self.dns,
            "MTASTS_CA_FILE": str(self.ca_file),
            "MTASTS_CONNECT_TO": " ".join(self.connect_to()),
        }


def _row(host: str, port: int, to_port: int) -> str:
    """The row for what listens on loopback, of the family of ``host`` where that is an address."""
    if ":" in host:
        return f"[{host}]:{port}:[::1]:{to_port}"
    return f"{host}:{port}:127.0.0.1:{to_port}"
