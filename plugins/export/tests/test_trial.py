"""Files that would never end, or would fill the memory: tried out in a process of their own, which is ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import img2img
from img2img.errors import ModelFileError

from .test_strangers import ANY, save


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second of computing; what never ends takes longer than any time."""
    monkeypatch.setenv("IMG2IMG_TRIAL_SECONDS", "1")


def endless(path: Path, of: str) -> Path:
    """A loop that never ends, over the images or over a constant, which is computed when the file is opened."""
    step = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Add", ["sum", "sum"], ["more"])],
        "step",
        [
            helper.make_tensor_value_info("count", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("sum", TensorProto.FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("more", TensorProto.FLOAT, []),
        ],
    )
    nodes = [
        helper.make_node("ReduceMean", ["x0"], ["mean"], keepdims=0),
        helper.make_node("Loop", ["", "true", of], ["looped"], body=step),
        helper.make_node("Add", ["x0", "looped"], ["y"]),
    ]
    inputs = [helper.make_tensor_value_info("x0", TensorProto.FLOAT, ANY)]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)]
    constants = [numpy_helper.from_array(np.array(True), "true"), numpy_helper.from_array(np.float32(1), "one")]
    graph = helper.make_graph(nodes, "endless", inputs, outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


@pytest.mark.parametrize("of", ["mean", "one"], ids=["at run", "over constants"])
def test_a_loop_that_never_ends_is_refused(of: str, brief: None, tmp_path: Path, host: img2img.PluginHost) -> None:
    with pytest.raises(ModelFileError, match=r"was not \w+ .*within 1 s of computing, as if it never ended; .*SECONDS"):
        img2img.load_model(endless(tmp_path / "x.onnx", of), host=host)


@pytest.mark.parametrize("gigabytes", [8, 100])
def test_a_small_file_that_makes_a_huge_tensor_is_refused_unmade(
    gigabytes: int, tmp_path: Path, host: img2img.PluginHost
) -> None:
    nodes = [
        helper.make_node("Cast", ["numbers"], ["shape"], to=TensorProto.INT64),
        helper.make_node("ConstantOfShape", ["shape"], ["huge"]),
        helper.make_node("ReduceMax", ["huge"], ["most"], keepdims=0),
        helper.make_node("Add", ["x0", "most"], ["y"]),
    ]
    path = save(tmp_path / "x.onnx", nodes, numbers=[gigabytes * 2**28])
    with pytest.raises(ModelFileError, match=r"x\.onnx (was not .* in 2\.1 GB of memory|makes onnxruntime crash)"):
        img2img.load_model(path, host=host)


def test_ctrl_c_ends_the_trial_and_the_program(tmp_path: Path, pictures: Path) -> None:
    path = endless(tmp_path / "x.onnx", "mean")
    command = [sys.executable, "-m", "img2img", "translate", str(path), str(pictures), str(tmp_path / "out")]
    program = subprocess.Popen(command, env={**os.environ, "IMG2IMG_TRIAL_SECONDS": "600"}, stderr=subprocess.DEVNULL)
    watch = threading.Timer(600, program.kill)
    watch.start()
    try:
        while not _has_child(program.pid) and program.poll() is None:
            time.sleep(0.05)
        program.send_signal(signal.SIGINT)
        assert program.wait() == 130
    finally:
        watch.cancel()
        program.kill()


def _has_child(pid: int) -> bool:
    return bool(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii"))
