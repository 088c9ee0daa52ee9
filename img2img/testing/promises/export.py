"""Promises of exported models, where the family says that they can be exported."""

from __future__ import annotations

from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib.util import find_spec
from io import StringIO

from img2img.host.host import PluginHost
from img2img.host.kinds import COMMANDS
from img2img.testing.family import FamilySubject
from img2img.testing.promise import Skipped, promise
from img2img.testing.promises.network import a_model_file_gives_the_generator_back, save


@dataclass(frozen=True)
class Lent:
    """Stands in for the program's options that a command gets."""

    host: PluginHost

    def discover(self) -> PluginHost:
        """Return the host of the subject."""
        return self.host


@promise(a_model_file_gives_the_generator_back)
def an_exported_model_gives_the_same_result(subject: FamilySubject) -> None:
    """Run the export command, which compares the file that it made with the model itself."""
    if not subject.family.exports:
        raise Skipped("the family does not promise it (exports=False)")
    installed = PluginHost.discover()
    if "export" not in installed.names(COMMANDS) or not all(map(find_spec, ("onnx", "onnxscript", "onnxruntime"))):
        raise Skipped("this needs the plugin export and its extra: pip install 'img2img-runtime[export]'")
    path = save(subject, subject.generator(lively=True))
    words = [str(path), "--output", str(path.with_suffix(".onnx"))]
    with redirect_stdout(StringIO()):
        installed.find(COMMANDS, "export").main(words, obj=Lent(subject.host), standalone_mode=False)
