"""`img2img install` and `img2img uninstall`, in environments beside this one, with real wheels."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

FILTER = """
import img2img
from img2img import Filter


class {name}(Filter):
    name = "{name}"
    summary = "does nothing"


@img2img.hookimpl
def register_filters(register):
    register({name})
"""

BACKEND = """
from pathlib import Path


def build_wheel(folder, *more):
    (wheel,) = Path("dist").glob("*.whl")
    (Path(folder) / wheel.name).write_bytes(wheel.read_bytes())
    return wheel.name


build_editable = build_wheel
"""


def entry(name: str, kind: str = "filters") -> str:
    return f"[img2img]\n{name} = img2img_{name}\n[img2img.{kind}]\n{name} = img2img_{name}\n"


def plugin(beside: Any, name: str, *needs: str, version: str = "1.0") -> Path:
    """A wheel with a filter of that name."""
    code, needs = FILTER.format(name=name), needs or ("img2img-runtime>=0.1",)
    path: Path = beside.wheel(f"img2img-{name}", code, *needs, version=version, entry=entry(name))
    return path


def project(beside: Any, name: str) -> Path:
    """A folder with a plugin that is installed without any tool: its build gives a wheel that is there."""
    folder: Path = beside.folder / f"img2img-{name}"
    (folder / "dist").mkdir(parents=True)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "img2img-{name}"\nversion = "1.0"\n[build-system]\nrequires = []\n'
        'build-backend = "backend"\nbackend-path = ["."]\n'
    )
    shutil.move(plugin(beside, name), folder / "dist")
    return folder


def test_a_plugin_comes_with_what_it_needs_and_what_it_provides_is_told(beside: Any) -> None:
    beside.wheel("helper")
    plugin(beside, "look", "helper")
    before = beside.versions()
    done = beside.program("install", "img2img-look")
    assert (done.status, done.out) == (0, "look (img2img-look 1.0)  ok  filters: look\n")
    assert "a plugin's code runs with all your rights" in done.err
    assert beside.versions() - before == {"img2img_look-1.0.dist-info", "helper-1.0.dist-info"}
    assert '"look"' in beside.program("models", "--json").out


@pytest.mark.parametrize(
    ("need", "reason"),
    [
        ("torch<2", "img2img-look 1.0 needs torch<2, but torch 2."),
        ("img2img-runtime>=99", "img2img-look 1.0 needs img2img-runtime>=99, but img2img-runtime 0."),
        ("click<5", "img2img-look 1.0 needs click<5, but click 8."),
        ("img2img", "img2img-look 1.0 needs img2img, a package of somebody else"),
        (
            "opencv-python-headless",
            "img2img-look 1.0 needs opencv-python-headless, a package whose files would overwrite",
        ),
        ("helper", "helper 1.0 needs numpy<1, but numpy 2."),
    ],
)
def test_a_plugin_that_would_move_what_the_program_runs_on_is_refused(need: str, reason: str, beside: Any) -> None:
    beside.wheel("helper", "", "numpy<1")
    beside.wheel("img2img")
    beside.wheel("opencv-python-headless")
    plugin(beside, "look", need)
    before = beside.versions()
    done = beside.program("install", "img2img-look")
    assert (done.status, done.out) == (2, "")
    assert f"error: {reason}" in done.err
    assert "Nothing was changed." in done.err
    assert beside.versions() == before


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("img2img", "img2img is a package of somebody else"),
        ("wheels/img2img-1.0-py3-none-any.whl", "img2img is a package of somebody else"),
        ("torch==2.0", "the program runs on"),
        ("img2img-runtime[dev]", "the program runs on"),
        ("runtime", "the program runs on"),
        ("OpenCV_Python_Headless", "would overwrite those of opencv-python"),
    ],
)
def test_what_the_program_runs_on_is_not_installed_by_name(name: str, reason: str, beside: Any) -> None:
    (beside.folder / "runtime").mkdir()
    (beside.folder / "runtime" / "pyproject.toml").write_text('[project]\nname = "img2img-runtime"\n')
    done = beside.program("install", name)
    assert done.status == 2
    assert reason in done.err
    assert "Looking in links" not in done.err, "pip was asked"


def test_a_plugin_that_is_broken_is_told_with_its_reason_and_removed_without_being_imported(beside: Any) -> None:
    code = "from pathlib import Path\nPath('imported').touch()\nimport no_such_module\n"
    beside.wheel("img2img-broken", code, entry=entry("broken", "families"))
    done = beside.program("install", "img2img-broken")
    assert done.status == 1
    assert "broken (img2img-broken 1.0)  broken: ModuleNotFoundError: No module named 'no_such_module'" in done.out
    (beside.folder / "imported").unlink()
    done = beside.program("uninstall", "broken", "--yes")
    assert (done.status, done.out) == (0, "Removed:\nimg2img-broken 1.0  families: broken\n")
    assert not (beside.folder / "imported").exists()
    assert "img2img_broken-1.0.dist-info" not in beside.versions()


def test_a_package_that_is_no_plugin_is_called_that_and_not_removed(beside: Any) -> None:
    beside.wheel("helper")
    done = beside.program("install", "helper")
    assert (done.status, done.out) == (1, "helper 1.0 is installed, and provides no plugin of img2img\n")
    done = beside.program("uninstall", "helper", "-y")
    assert done.status == 2
    assert "'helper' is no installed plugin" in done.err
    assert "helper-1.0.dist-info" in beside.versions()


@pytest.mark.parametrize("name", ["srgan", "img2img-runtime"])
def test_a_built_in_is_not_removed(name: str, beside: Any) -> None:
    done = beside.program("uninstall", name, "-y")
    assert done.status == 2
    assert "built in" in done.err


def test_two_plugins_of_one_name_are_removed_by_the_names_of_their_packages(beside: Any) -> None:
    for name in ("one", "two"):
        beside.wheel(name, "", entry=f"[img2img]\nsame = {name}\n")
    assert beside.program("install", "one", "two").status == 1
    done = beside.program("uninstall", "same", "-y")
    assert done.status == 2
    assert "write the package: one, two" in done.err
    assert beside.program("uninstall", "one", "two", "-y").status == 0


@pytest.mark.slow
def test_an_upgrade_takes_the_newest_version_and_leaves_the_rest(beside: Any) -> None:
    plugin(beside, "look")
    before = beside.versions()
    assert beside.program("install", "img2img-look").status == 0
    plugin(beside, "look", version="2.0")
    assert "img2img-look 1.0" in beside.program("install", "img2img-look").out
    assert "img2img-look 2.0" in beside.program("install", "-U", "img2img-look").out
    assert beside.versions() - before == {"img2img_look-2.0.dist-info"}


@pytest.mark.parametrize("words", [["img2img-look"], ["-e", "img2img-look"], ["./img2img-look"]])
def test_a_folder_goes_before_a_package_of_its_name(words: list[str], beside: Any) -> None:
    project(beside, "look")
    beside.wheel("img2img-look", version="9.0")
    done = beside.program("install", *words)
    assert (done.status, done.out) == (0, "look (img2img-look 1.0)  ok  filters: look\n")


@pytest.mark.slow
def test_another_wheel_of_opencv_may_stand_in_for_the_usual_one(make_beside: Any) -> None:
    beside = make_beside(opencv="opencv-python-headless")
    beside.wheel("opencv-python", version="5.1")
    plugin(beside, "look")
    before = beside.versions()
    assert beside.program("install", "img2img-look").status == 0
    assert beside.versions() - before == {"img2img_look-1.0.dist-info"}


def test_without_pip_and_uv_the_way_to_get_one_is_told(make_beside: Any, tmp_path: Path) -> None:
    done = make_beside(without="pip").program("install", "img2img-look", PATH=str(tmp_path))
    assert done.status == 2
    assert "-m ensurepip" in done.err


@pytest.mark.skipif(not shutil.which("uv"), reason="needs uv")
def test_uv_takes_the_place_of_pip(make_beside: Any) -> None:
    beside = make_beside(without="pip")
    plugin(beside, "look")
    plugin(beside, "old", "torch<2")
    assert beside.program("install", "img2img-look").out == "look (img2img-look 1.0)  ok  filters: look\n"
    assert "needs torch<2, but torch 2." in beside.program("install", "img2img-old").err
    assert beside.program("uninstall", "look", "-y").status == 0


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("raise RuntimeError('operator torchvision::nms does not exist')", "RuntimeError: operator torchvision::nms"),
        ("import os\nos._exit(3)", "its import ends the process, with 3"),
    ],
)
def test_a_needed_package_that_cannot_be_imported_is_named_at_once(code: str, reason: str, beside: Any) -> None:
    beside.wheel("helper", code)
    plugin(beside, "look", "helper")
    done = beside.program("install", "img2img-look")
    assert done.status == 1
    assert f"error: helper, which img2img-look needs, cannot be imported here: {reason}" in done.err
    assert "has to fit the torch" in done.err
    assert "It stays installed; once the reason is mended, it can be used. To remove it: img2img uninstall" in done.err
    assert "helper-1.0.dist-info" in beside.versions()


def test_of_packages_that_fail_together_the_one_at_the_bottom_is_named(beside: Any) -> None:
    beside.wheel("deep", "raise RuntimeError('operator torchvision::nms does not exist')")
    beside.wheel("helper", "import deep", "deep")
    plugin(beside, "look", "helper")
    done = beside.program("install", "img2img-look")
    assert done.status == 1
    assert "error: deep, which img2img-look needs, cannot be imported here: RuntimeError: operator" in done.err
    assert "error: helper" not in done.err
