"""Networks without weights."""

from __future__ import annotations

import subprocess
import sys

from torch import nn

from img2img.models.skeleton import build_skeleton


def test_a_skeleton_has_the_names_and_shapes_of_the_network_and_no_memory() -> None:
    skeleton = build_skeleton(lambda: nn.Sequential(nn.Conv2d(3, 1_000_000, 99), nn.BatchNorm2d(1_000_000)))
    shapes = {name: tuple(tensor.shape) for name, tensor in skeleton.state_dict().items()}
    assert shapes["0.weight"] == (1_000_000, 3, 99, 99)
    assert shapes["1.running_var"] == (1_000_000,)
    assert all(tensor.is_meta for tensor in skeleton.state_dict().values())


def test_a_skeleton_with_normal_initialisation_costs_no_import() -> None:
    program = """
        import sys, torch
        from img2img.models.skeleton import build_skeleton
        before = set(sys.modules)
        build_skeleton(lambda: torch.nn.init.kaiming_normal_(torch.nn.Linear(2, 2).weight))
        print(len(set(sys.modules) - before))
    """
    command = [sys.executable, "-c", "\n".join(line.strip() for line in program.splitlines())]
    assert int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) < 10
