"""The clouds' packages load the modules of the resources that are used, and no others."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mtasts.components import load_as_used

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

COMPONENTS = Path(__file__).parents[2] / "components"
INIT = """
WHOLE = True
from ._enums import *
from .dns_record import *
from .r2_bucket import *
from .get_zone import *
from . import outputs
"""
FILES = {
    "__init__.py": INIT,
    "_enums.py": "class Kind: pass\n",
    "_inputs.py": "class R2BucketRuleArgs: pass\n",
    "outputs.py": "class R2BucketRule: pass\n",
    "dns_record.py": "from . import outputs\nclass DnsRecord: pass\nclass DnsRecordArgs: pass\n",
    "r2_bucket.py": "from ._inputs import *\nclass R2Bucket: pass\n",
    "get_zone.py": "def get_zone(): return 'zone'\n",
}
# Every name of a package that our components use is looked up, and how many modules that took.
REAL = """
import sys
from mtasts.components import load_as_used
load_as_used.install()
import pulumi_cloudflare as cloudflare
from pulumi_aws import acm, cloudfront, cloudwatch, iam, lambda_, route53, s3, ses
used = {USED}
values = [getattr(globals()[package], name) for package, name in used]
mine = [name for name in sys.modules if name.startswith(("pulumi_aws", "pulumi_cloudflare"))]
print(len(mine))
for package in (acm, cloudfront, cloudwatch, iam, lambda_, route53, s3, ses, cloudflare):
    dir(package)
whole = [name for name in sys.modules if name.startswith(("pulumi_aws", "pulumi_cloudflare"))]
print(len(whole))
print(values == [getattr(globals()[package], name) for package, name in used])
"""


@pytest.fixture
def flat(tmp_path: Path) -> Iterator[str]:
    """The name of a small package like pulumi_cloudflare, with such a one for a service below."""
    name = "flat_package_of_resources"
    for folder in (tmp_path / name, tmp_path / name / "s3"):
        folder.mkdir()
        for path, text in FILES.items():
            (folder / path).write_text(text)
    finders = list(sys.meta_path)
    sys.path.insert(0, str(tmp_path))
    yield name
    sys.path.remove(str(tmp_path))
    sys.meta_path[:] = finders
    for each in [each for each in sys.modules if each.partition(".")[0] == name]:
        del sys.modules[each]


def loaded(name: str) -> set[str]:
    """The modules of the package that are imported."""
    return {each.rpartition(".")[2] for each in sys.modules if each.startswith(f"{name}.")}


def imported(name: str, *, package: str = "") -> ModuleType:
    load_as_used.install([package or name])
    return import_module(name)


@pytest.mark.parametrize(
    ("used", "modules"),
    [
        ("DnsRecord", {"dns_record", "outputs"}),
        ("DnsRecordArgs", {"dns_record", "outputs"}),
        ("R2Bucket", {"r2_bucket", "_inputs"}),
        ("R2BucketRuleArgs", {"_inputs"}),
        ("get_zone", {"get_zone"}),
        ("outputs", {"outputs"}),
    ],
)
def test_a_name_loads_its_module(flat: str, used: str, modules: set[str]) -> None:
    package = imported(flat)
    assert loaded(flat) == set()
    found = getattr(package, used)
    assert found.__name__.rpartition(".")[2] == used
    assert loaded(flat) == modules
    assert getattr(package, used) is found


@pytest.mark.parametrize("used", ["Kind", "WHOLE"])
def test_any_other_name_loads_all(flat: str, used: str) -> None:
    package = imported(flat)
    before = package.DnsRecord
    assert getattr(package, used)
    assert package.WHOLE
    assert package.DnsRecord is before
    assert loaded(flat) == {each.removesuffix(".py") for each in FILES} - {"__init__"}


def test_a_name_that_is_nowhere(flat: str) -> None:
    package = imported(flat)
    with pytest.raises(AttributeError, match="has no attribute '__wrapped__'"):
        _ = package.__wrapped__
    for _ in range(2):
        with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
            _ = package.Nothing


def test_a_module_of_that_name_may_lack_it(flat: str) -> None:
    package = imported(flat)
    assert not hasattr(package, "GetZone")
    assert package.WHOLE


def test_whoever_asked_first_has_loaded_all(flat: str) -> None:
    package = imported(flat)
    late_value, late_names = package.__getattr__, package.__dir__
    assert package.WHOLE
    del package.WHOLE
    assert late_value("Kind") is package.Kind
    assert "Kind" in late_names()
    assert not hasattr(package, "WHOLE")  # it did not run again


def test_a_star_imports_all_names(flat: str, tmp_path: Path) -> None:
    (tmp_path / "star_of_resources.py").write_text(f"from {flat} import *")
    names = vars(imported("star_of_resources", package=flat))
    del sys.modules["star_of_resources"]
    assert {"DnsRecord", "R2Bucket", "Kind", "get_zone"} <= names.keys()


def test_dir_lists_all_names(flat: str) -> None:
    assert {"DnsRecord", "R2Bucket", "Kind", "get_zone"} <= set(dir(imported(flat)))


def test_a_package_for_each_service(flat: str) -> None:
    s3 = imported(flat).s3
    assert loaded(flat) == {"s3"}
    assert s3.R2Bucket.__module__ == f"{flat}.s3.r2_bucket"
    assert loaded(flat) == {"s3", "r2_bucket", "_inputs"}
    assert dir(s3)
    assert f"{flat}.dns_record" not in sys.modules


def test_what_is_imported_already_stays(flat: str) -> None:
    package = import_module(flat)
    assert imported(flat) is package
    assert package.WHOLE


def test_a_package_that_is_missing(flat: str) -> None:
    with pytest.raises(ModuleNotFoundError):
        imported(f"{flat}_missing")


def test_installed_once(flat: str) -> None:
    load_as_used.install([flat])
    before = list(sys.meta_path)
    load_as_used.install([flat])
    assert sys.meta_path == before


def test_each_name_that_the_components_use() -> None:
    packages = ("acm", "cloudflare", "cloudfront", "cloudwatch", "iam", "lambda_", "route53", "s3")
    name = re.compile(rf"\b({'|'.join((*packages, 'ses'))})\.([A-Z]\w+)")
    used = sorted(
        {pair for path in COMPONENTS.rglob("*.py") for pair in name.findall(path.read_text())}
    )
    assert ("cloudflare", "DnsRecord") in used
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", REAL.replace("{USED}", repr(used))],
        capture_output=True,
        text=True,
        check=True,
    )
    few, whole, same = done.stdout.split()
    assert int(few) < 70
    assert int(whole) > 1000
    assert same == "True"
