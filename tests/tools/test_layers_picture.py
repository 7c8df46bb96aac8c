"""The picture of the layers shows the imports as they are."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from layers_picture import PICTURE, Box, boxes, graph, picture, reduced, rows

FOLDERS = {"components", "cli", "run", "cloud", "probe"}


def test_the_picture_is_made_from_the_imports() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture(), "python tools/layers_picture.py"


def test_it_is_an_image_that_loads_nothing() -> None:
    root = ET.fromstring(picture())  # noqa: S314 - made here
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not [each for each in root.iter() if each.tag.endswith(("script", "image", "style"))]


def test_a_module_stands_for_its_folder_and_the_top_is_one() -> None:
    imports = {
        "mtasts.cli.main": {"mtasts.run.survey", "mtasts.errors", "mtasts.cli.output"},
        "mtasts.__main__": {"mtasts.cli.main"},
        "mtasts.components.agency": {"mtasts.run.survey", "mtasts.components.hooks"},
        "mtasts.run.survey": {"mtasts"},
        "mtasts.localcloud.serve": {"mtasts.errors"},
    }
    found = graph(imports, FOLDERS)
    assert found == {"cli": {"run", "vocabulary"}, "components": {"run"}}


def test_an_arrow_that_follows_from_two_is_left_out() -> None:
    found = {"cli": {"run", "cloud", "probe"}, "run": {"cloud"}, "cloud": {"probe"}}
    assert reduced(found) == {"cli": {"run"}, "run": {"cloud"}, "cloud": {"probe"}}


def test_rows_are_the_layers_of_the_contract() -> None:
    layers = rows(["components", "cli", "run | cloud", "errors", "probe"], FOLDERS)
    assert layers == [["components"], ["cli"], ["run", "cloud"], ["probe"], ["vocabulary"]]
    found = {each.name: each for each in boxes(layers)}
    assert found["run"].y == found["cloud"].y > found["cli"].y
    assert found["cloud"].x >= found["run"].x + found["run"].width
    assert isinstance(found["vocabulary"], Box)
    assert found["vocabulary"].width == 2 * found["run"].width + 64
