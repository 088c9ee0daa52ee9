"""A stranger's plugin that does everything that it should not, each in a filter or in an importer of its own."""

from __future__ import annotations

from pathlib import Path

PROJECT = """
[project]
name = "img2img-hostile"
dependencies = ["img2img-runtime"]

[project.entry-points.img2img]
hostile = "img2img_hostile"
"""

START = """
import ctypes, locale, os, random, signal, subprocess, sys, threading, time, warnings
import numpy, torch
import img2img
from img2img.contract.filters import Filter
from img2img.contract.importers import Importer
from img2img.errors import ModelFileError
"""

AT_IMPORT = """
print("hello from the import")
torch.set_default_dtype(torch.float64)
random.seed(1)
torch.manual_seed(1)
open("left.txt", "w").close()
kept = numpy.ones(100 << 20, numpy.uint8)
threading.Thread(target=time.sleep, args=(60,), name="importing", daemon=True).start()
import img2img.nn.sizes
def forged(*arguments, **options):
    return None
img2img.nn.sizes.translate_any_size = forged
"""

DEADLY = {
    "leaves": "os._exit(0)",
    "crashes": "ctypes.string_at(0)",
    "interrupts": "raise KeyboardInterrupt",
    "quits": "sys.exit(0)",
    "panics": "raise type('Panic', (BaseException,), {})('at line 3')",
    "kills": "os.kill(os.getpid(), signal.SIGKILL)",
    "aborts": "os.abort()",
    "forks": "os.fork() and os._exit(0)",
    "closes": "os.closerange(3, 256); os._exit(0)",
    "raises": "numpy.zeros(3).reshape(2, 2)",
    "loops": "while True: pass",
}
"""Name of a filter to what it does to each frame."""

LEAVING = {
    "threads": 'threading.Thread(target=time.sleep, args=(60,), name="reader", daemon=True).start()',
    "processes": "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])",
    "prints": 'print("loading"); os.write(1, b"from below")',
    "writes": 'open("cache.bin", "w").close()',
    "dtype": "torch.set_default_dtype(torch.float64)",
    "torch_threads": "torch.set_num_threads(3)",
    "gradients": "torch.set_grad_enabled(False)",
    "folder": "os.chdir('/')",
    "language": "locale.setlocale(locale.LC_NUMERIC, 'C.UTF-8')",
    "signal_handlers": "signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "warning_filters": "warnings.simplefilter('error')",
    "environment": "os.environ['PATH'] = ''",
    "path": "sys.path.clear()",
    "python_seed": "random.seed(1)",
    "numpy_seed": "numpy.random.seed(1)",
    "torch_seed": "torch.manual_seed(1)",
    "patches_core": "img2img.nn.sizes.fitting = lambda size, traits: size",
    "patches_torch": "torch.nn.Module.eval = lambda self: self",
    "patches_builtins": "__builtins__['open'] = lambda *a: None",
}
"""Name of an importer to what it does before it refuses a file."""

FILTER = """
class {name}(Filter):
    name, summary = "{name}", "does nothing good"
    def before(self, source):
        {code}
        return source
"""
IMPORTER = """
class {name}(Importer):
    name, summary, suffixes = "{name}", "does nothing good", (".abc",)
    def open(self, path, weights):
        {code}
        raise ModelFileError(f"{{path}} is none of mine")
"""
END = """
@img2img.hookimpl
def register_filters(register):
    for filter in ({filters}):
        register(filter)

@img2img.hookimpl
def register_importers(register):
    for importer in ({importers}):
        register(importer())
"""


def write_project(root: Path, at_import: str = "", deadly: dict[str, str] = DEADLY) -> Path:
    """Write the plugin's project into a folder."""
    code = START + at_import + "import img2img.nn.sizes\n"
    code += "".join(FILTER.format(name=name, code=done) for name, done in deadly.items())
    code += "".join(IMPORTER.format(name=name, code=done) for name, done in LEAVING.items())
    code += END.format(filters=", ".join(deadly) + ",", importers=", ".join(LEAVING) + ",")
    root.mkdir(exist_ok=True)
    (root / "pyproject.toml").write_text(PROJECT, "utf-8")
    (root / "img2img_hostile.py").write_text(code, "utf-8")
    return root
