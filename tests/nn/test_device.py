"""Choosing a device and a precision."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest
import torch

from img2img import Traits
from img2img.contract.traits import Precision
from img2img.errors import UsageError
from img2img.inference.device import Device, pick_device, pick_precision

CPU = torch.device("cpu")


def test_auto_is_a_device_that_computes() -> None:
    assert (torch.ones(2, device=pick_device("auto")) + 1).sum().item() == 4


def test_a_named_device_is_taken_as_it_is() -> None:
    assert pick_device("cpu") == CPU


@pytest.mark.parametrize("name", ["banana", "", "cuda:99", "xpu", "hpu", "meta", "cpu:one"])
def test_a_device_that_cannot_compute_here_is_refused_with_a_remedy(name: str) -> None:
    with pytest.raises(UsageError, match=rf"the device {name!r} cannot be used: .+; try --device cpu") as refused:
        pick_device(name)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("name", "expected"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_a_named_precision_is_taken_as_it_is(name: str, expected: torch.dtype) -> None:
    assert pick_precision(name, CPU) == expected


def test_auto_precision_is_bf16_only_where_the_hardware_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ONEDNN_MAX_CPU_ISA", raising=False)
    flags = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    in_hardware = bool(flags.get("avx512_bf16") or flags.get("amx_bf16"))
    assert pick_precision("auto", CPU) == (torch.bfloat16 if in_hardware else torch.float32)
    assert pick_precision("auto", torch.device("mps")) == torch.float32


def test_auto_precision_is_no_bf16_where_onednn_may_not_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    assert pick_precision("auto", CPU) == torch.float32


def test_an_unknown_precision_is_refused_and_the_known_ones_are_named() -> None:
    with pytest.raises(UsageError, match="unknown precision 'fp8'; choose one of auto, bf16, fp16, fp32"):
        pick_precision("fp8", CPU)


def test_a_precision_that_torch_cannot_compute_in_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def autocast(*arguments: object) -> object:
        raise RuntimeError("Currently, only Bfloat16 is supported on CPU")

    monkeypatch.setattr(torch, "autocast", autocast)
    with pytest.raises(UsageError, match="the device 'cpu' cannot compute in fp16; choose bf16 or fp32"):
        pick_precision("fp16", CPU)


@pytest.mark.parametrize(
    ("supported", "place", "picked"),
    [
        (("fp32", "bf16", "fp16"), "cuda", torch.bfloat16),
        (("fp32", "fp16"), "cuda", torch.float16),
        (("fp32", "fp16"), "cpu", torch.float32),
        (("fp32",), "cuda", torch.float32),
    ],
)
def test_auto_picks_a_precision_that_the_network_supports(
    supported: tuple[Precision, ...], place: str, picked: torch.dtype
) -> None:
    device = Device(torch.device(place), torch.bfloat16)
    assert device.for_network(Traits(precisions=supported), "auto").precision == picked


def test_a_precision_that_the_network_does_not_support_is_refused() -> None:
    with pytest.raises(UsageError, match="the network gives good results only in fp32, and not in bf16; leave out"):
        Device(CPU, torch.bfloat16).for_network(Traits(precisions=("fp32",)), "bf16")


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no such setting")
def test_memory_of_large_features_is_taken_once_and_kept() -> None:
    """Counted in pages that the system hands out while the same layer runs again; in a thread, as in a job."""
    program = """
import resource, sys, torch
from concurrent.futures import ThreadPoolExecutor
from img2img.inference.device import Device

def layer(_):
    return (torch.ones(100 << 20, dtype=torch.uint8) + 1)[-1].item()

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    list(pool.map(layer, range(2)))
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

torch.set_num_threads(1)
if sys.argv[1] == "kept":
    Device().keep_freed_memory()
with ThreadPoolExecutor(1) as pool:
    least = faults()
    for _ in range(30 if sys.argv[1] == "kept" else 2):  # it takes some rounds until the pieces fit
        least = min(least, faults()) if least > 1000 else least
    print(least)
"""
    kept, usual = (
        int(subprocess.run([sys.executable, "-c", program, way], capture_output=True, text=True, check=True).stdout)
        for way in ("kept", "usual")
    )
    assert 10 * kept < usual


def test_a_device_picked_by_name_brings_its_precision() -> None:
    assert Device.pick("cpu", "fp32") == Device(CPU, torch.float32)
    assert Device.pick("cpu", "bf16").precision_name == "bfloat16"
    assert str(Device.pick("cpu")) == "cpu"


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_networks_compute_in_the_precision_of_their_device(precision: torch.dtype) -> None:
    device = Device(precision=precision)
    network = device.prepare(torch.nn.Conv2d(3, 4, 3))
    assert network.weight.is_contiguous(memory_format=device.memory_format)
    with device.autocast():
        assert network(torch.rand(1, 3, 8, 8)).dtype == precision
    with device.autocast(torch.float32):
        assert network(torch.rand(1, 3, 8, 8)).dtype == torch.float32
