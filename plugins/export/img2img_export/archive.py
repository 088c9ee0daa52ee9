"""This module removes from an archive of `torch.export.save` everything that could run when it is opened.

`torch.export.load` trusts a file: it unpickles sample inputs (and, if that is refused, once more without restraint),
weights and objects that the file declares as pickled; it evaluates expressions of sizes as Python, turns names into
Python code, loads compiled libraries, and imports the modules of the types of arguments. So it gets a new archive, of
numbers, names and calls of torch's own operators; a file that needs more is refused.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

from img2img.errors import ModelFileError

EXTRA = "extra/"
_WEIGHTS = {"data/weights/": "model_weights_config.json", "data/constants/": "model_constants_config.json"}
_PROGRAM = "models/model.json"

_NAME = re.compile(r"[\w.]{0,1000}")
_STRINGS = {
    "target": (
        "operator",
        # These work on tensors and sizes alone; torch's internal operators, which begin with _, check little.
        re.compile(
            r"torch\.ops\.aten\.(?!from_file\b)[a-z][a-z0-9_]*\.\w+|torch\.ops\.higher_order\.wrap_with_autocast"
            r"|_operator\.(add|sub|mul|floordiv|truediv|mod|neg|getitem|eq|ne|lt|le|gt|ge)"
            r"|torch\.sym_(max|min|not|float)|math\.(ceil|floor|trunc)"
        ),
    ),
    "expr_str": (
        "expression",
        re.compile(
            r"(Symbol\('\w{1,40}'(, \w{1,20}=True)*\)|-?\d{1,18}(?!\d)|[), ]"
            r"|(Integer|Add|Mul|Max|Min|FloorDiv|CeilDiv|CleanDiv|Mod|PythonMod|Eq|Ne|Lt|Le|Gt|Ge)\()*"
        ),
    ),
    "as_string": ("text", re.compile(r"[\w.,> -]{0,1000}")),
}
"""Key to the word for its string, and to the pattern that the string must match."""
_ARGUMENTS = {
    f"as_{kind}"
    for kind in (
        "none", "tensor", "tensors", "optional_tensor", "optional_tensors", "nested_tensors", "int", "ints",
        "int_lists", "float", "floats", "float_lists", "bool", "bools", "string", "strings", "complex", "scalar_type",
        "memory_format", "layout", "device", "graph", "name", "expr", "sym_int", "sym_ints", "sym_float", "sym_floats",
        "sym_bool", "sym_bools",
    )
}  # fmt: skip
_SIGNATURE = {"parameter", "buffer", "tensor_constant", "user_input", "user_output"}
_UNKNOWN = ("u", "z")
"""First letters of the names of sizes that are known only at run time; torch counts up to the number after them."""
LONGEST = 10_000
"""Most characters of a string."""
_ASSERTION = "torch.ops.aten._assert_tensor_metadata.default"

_LEAF = {"type": None, "context": None, "children_spec": list[Any]()}


class Archive:
    """A `.pt2` file.

    Args:
        data: The content of the file.
        path: The path of the file, for messages.

    Raises:
        ModelFileError: The file is no such archive.
    """

    def __init__(self, data: bytes, path: Path) -> None:
        self.path = path
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            self._members = {info.filename.partition("/")[2]: info for info in self._zip.infolist()}
            if "archive_format" not in self:
                raise ValueError("it lacks archive_format")
        except Exception as error:  # damage provokes many kinds
            raise ModelFileError(
                f"{path} is no program of torch.export, or a damaged one: {error}; fetch or export it again"
            ) from error
        if sum(info.file_size for info in self._members.values()) > len(data):  # torch does not compress
            raise ModelFileError(f"{path} is compressed, as torch.export.save does not do; export it again")

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def read(self, name: str) -> bytes:
        """Return the content of a member.

        Raises:
            ModelFileError: The member is missing or damaged.
        """
        try:
            return self._zip.read(self._members[name])
        except Exception as error:  # damage provokes many kinds
            raise ModelFileError(f"{self.path} is damaged, or no program of torch.export: {name}: {error}") from error

    def harmless(self) -> bytes:
        """Return a new archive with only the parts that a program of images needs.

        Raises:
            ModelFileError: The program needs a part that could run code when it is opened.
        """
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as made:
            for name in ("archive_format", "archive_version", "byteorder", ".data/version"):
                made.writestr(f"model/{name}", self.read(name))
            for folder, config in _WEIGHTS.items():
                table = self._table(folder + config)
                for name in self._tensors(table):
                    made.writestr(f"model/{folder}{name}", self.read(folder + name))
                made.writestr(f"model/{folder}{config}", json.dumps(table))
            made.writestr(f"model/{_PROGRAM}", json.dumps(self._program()))
            made.writestr("model/data/sample_inputs/model.pt", b"")
        return buffer.getvalue()

    def _tensors(self, table: dict[str, Any]) -> set[str]:
        """Return the names of the files in a table of weights."""
        self._check(table)
        names = {entry["path_name"] for entry in table["config"].values()}
        pickled = [entry["path_name"] for entry in table["config"].values() if entry["use_pickle"]]
        for name in [*pickled, *(name for name in names if not re.fullmatch(r"(weight|tensor)_\d+", name))]:
            raise self._refusal(f"a pickled object among the weights, {name!r}")
        return names

    def _program(self) -> dict[str, Any]:
        program = self._table(_PROGRAM)
        graph, signature = (program["graph_module"][part] for part in ("graph", "signature"))
        self._check([graph, signature])
        specs = [spec for kind in ("input_specs", "output_specs") for spec in signature[kind]]
        for kind in {kind for spec in specs for kind in spec} - _SIGNATURE:
            raise self._refusal(f"an argument of the kind {kind!r}")
        ranges = {name: sizes for name, sizes in program["range_constraints"].items() if not name.startswith(_UNKNOWN)}
        return {
            **{name: program[name] for name in ("opset_version", "schema_version", "torch_version")},
            "range_constraints": ranges,
            "graph_module": {
                "graph": graph,
                "signature": signature,
                "module_call_graph": [{"fqn": "", "signature": _call(sum("user_input" in spec for spec in specs))}],
                "metadata": {},
                "treespec_namedtuple_fields": {},
            },
            "verifiers": ["TRAINING"],
            "guards_code": [],
        }

    def _check(self, value: Any, key: str = "") -> None:
        """Check everything below `key`, and remove the notes on where an operator came from."""
        if isinstance(value, str):
            noun, allowed = _STRINGS.get(key, ("name", _NAME))
            if len(value) > LONGEST or not allowed.fullmatch(value):
                raise self._refusal(f"the {noun} {value[:100]!r}")
        elif isinstance(value, list):
            # Assertions are removed: they compare a tensor with the device and precision of the export.
            value[:] = [part for part in value if not (isinstance(part, dict) and part.get("target") == _ASSERTION)]
            for part in value:
                self._check(part, key)
        elif isinstance(value, dict):
            if key in _STRINGS:
                raise self._refusal(f"a table as {key}")
            if "metadata" in value:
                value["metadata"] = {}
            for name, part in value.items():
                self._check(name)
                if name.startswith("as_") and name not in _ARGUMENTS:
                    raise self._refusal(f"an argument of the kind {name!r}")
                self._check(part, name)

    def _table(self, name: str) -> dict[str, Any]:
        table = json.loads(self.read(name))
        if not isinstance(table, dict):
            raise ValueError(f"{name} is no table")
        return table

    def _refusal(self, what: str) -> ModelFileError:
        return ModelFileError(f"{self.path} holds {what}, which could run code, so it is not opened; export it again")


def _call(inputs: int) -> dict[str, Any]:
    """Return the signature of a program with a number of input tensors and one output tensor."""
    tensors = {"type": "builtins.tuple", "context": "null", "children_spec": [_LEAF] * inputs}
    names = {"type": "builtins.dict", "context": "[]", "children_spec": []}
    arguments = {"type": "builtins.tuple", "context": "null", "children_spec": [tensors, names]}
    return {
        "inputs": [],
        "outputs": [],
        "in_spec": json.dumps([1, arguments]),
        "out_spec": json.dumps([1, _LEAF]),
        "forward_arg_names": None,
    }
