"""The command as a user meets it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from img2img_export.exporting import Exported

Exporter = Callable[[str, str], tuple[Path, Path, Exported]]

HEAVY = {"torch", "onnx", "onnxruntime", "onnxscript", "pydantic"}


def run(*words: object, code: str = "") -> subprocess.CompletedProcess[str]:
    """Run the program, after `code`."""
    program = f"import sys\nsys.argv[1:] = {list(map(str, words))}\n{code}\nfrom img2img.cli import main\nmain()"
    environment = {**os.environ, "PYTHONWARNINGS": "default"}
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600, env=environment)


def without(*packages: str) -> str:
    """Code after which the packages cannot be imported, as where they are not installed."""
    return f"""
from importlib.machinery import PathFinder
class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.split(".")[0] in {packages} else super().find_spec(name, path, target)
sys.meta_path[sys.meta_path.index(PathFinder)] = Without
"""


@pytest.mark.slow
def test_the_command_tells_how_far_the_file_is_from_the_model(tiny: Callable[..., Path], tmp_path: Path) -> None:
    done = run("export", tiny("stargan"), "-o", tmp_path / "x.pt2")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0].split()[:2] == ["batch", "largest"]
    assert [line.split()[0] for line in lines[1:-1]] == ["1", "3", "1", "2"]
    assert all(float(line.split()[5]) < 0.03 for line in lines[1:-1])
    assert lines[-1].endswith("takes images (N, 3, H, W) and label (day, night, snow), H and W in multiples of 4")
    assert [path.name for path in tmp_path.iterdir()] == ["x.pt2"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("export photo-x2", "Missing option '-o' / '--output'"),
        ("export photo-x2 -o x.jpg", "name a file that ends in .onnx or .pt2"),
        ("export photo-x2 -o x.onnx -c label", "it takes none"),
        ("export nonsense -o x.onnx", "there is no model 'nonsense'"),
    ],
)
def test_wrong_usage_ends_with_2_and_a_message(words: str, message: str) -> None:
    done = run(*words.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["--help"], ["export", "--help"]])
def test_what_needs_no_network_imports_nothing_heavy(words: list[str]) -> None:
    watch = "import atexit\natexit.register(lambda: print(*sys.modules, file=sys.stderr))"
    done = run(*words, code=watch)
    assert done.returncode == 0
    assert "export" in done.stdout
    assert not HEAVY & set(done.stderr.split())


def test_without_the_extra_an_export_to_onnx_says_what_to_install(tiny: Callable[..., Path], tmp_path: Path) -> None:
    done = run("export", tiny("srgan"), "-o", tmp_path / "x.onnx", code=without("onnxscript"))
    assert done.returncode == 2
    assert "No module named 'onnxscript'" in done.stderr
    assert "pip install 'img2img-runtime[export]'" in done.stderr
    assert not list(tmp_path.iterdir())


def test_without_the_extra_an_onnx_file_says_what_to_install(exported: Exporter, tmp_path: Path) -> None:
    words = ["translate", exported("srgan", ".onnx")[1], tmp_path, tmp_path / "out"]
    (tmp_path / "x.png").write_bytes(b"")
    done = run(*words, code=without("onnx", "onnxruntime"))
    assert done.returncode == 2
    assert "pip install 'img2img-runtime[export]'" in done.stderr


def test_without_the_extra_programs_of_torch_are_written_and_compared(
    tiny: Callable[..., Path], tmp_path: Path
) -> None:
    code = without("onnx", "onnxscript", "onnxruntime")
    assert run("export", tiny("srgan"), "-o", tmp_path / "x.pt2", code=code).returncode == 0
