"""What becomes of other programs' checkpoints: how near each comes to its formula, and what is refused, in which words.

    python tests/benchmarks/checkpoints.py

First table: what each format is taken for, the sizes that were tried, in pixels, and the largest difference of the
loaded model from the formula of its network, in float32 and in [0, 1]. Second: what `img2img import` makes of files
that are damaged, are no weights of a known network, or were made to do harm: its exit status, seconds, by how much its
peak memory exceeds that of an import that succeeds, and its message.
Exit status 0 if every difference is at most 1e-4, and every file is refused with status 2 and its name, nothing is
written or run, and no refusal needs 300 MiB.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from textwrap import indent
from time import perf_counter
from typing import Any

import torch
from bench import _MEASURE, PROGRAM, ROOT
from torch import Tensor, nn

import img2img

sys.path.insert(0, str(ROOT))

from plugins.cyclegan.tests import formulas as cyclegan
from plugins.cyclegan.tests import mmagic as mmagic_resnet
from plugins.pix2pix.tests import formulas as pix2pix
from plugins.pix2pix.tests import mmagic as mmagic_unet
from plugins.srgan.tests import formulas as srgan
from tests.faults import hostile

Formula = Callable[[Tensor], Tensor]
Sizes = Sequence[tuple[int, int]]

NEAR = 1e-4
MIB_MORE = 300
EVEN, ODD = (16, 24), [(17, 23), (30, 41)]


@dataclass(frozen=True)
class Case:
    """A checkpoint, and what its network computes."""

    name: str
    content: Any
    """What `torch.save` is given."""
    formula: Formula
    """Of images in [0, 1]; of what the network takes, if it is compared alone."""
    sizes: Sizes
    channels: int = 3
    alone: bool = False
    """Whether the network is compared without what the translator does around it."""


def cases() -> Iterator[Case]:
    yield from of_resnets()
    yield from of_unets()
    yield from of_mmagic()
    yield from of_super_resolution()


def of_resnets() -> Iterator[Case]:
    sizes = [EVEN, *ODD]
    for name, options in cyclegan.VARIANTS.items():
        reference = cyclegan.Reference(**options)
        yield Case(f"ResNet: {name}", reference.weights, signed(reference), sizes, reference.channels[0])
    reference = cyclegan.Reference(blocks=9, dropout=True)
    ways = {
        "of torch before 0.4": reference.with_statistics(("running_mean", "running_var")),
        "of DataParallel": prefixed("module.", reference.weights),
        "of torch.compile": prefixed("_orig_mod.", reference.weights),
        "of both": prefixed("module._orig_mod.", reference.weights),
    }
    for name, content in ways.items():
        yield Case(f"ResNet: {name}", content, signed(reference), sizes)


def of_unets() -> Iterator[Case]:
    for depth in (7, 8):
        side = 2**depth
        sizes = [(side, side), (side, 2 * side), (2 * side, side)]
        ways = {
            "InstanceNorm": pix2pix.fresh(depth, batch=False),
            "InstanceNorm, of torch before 0.4": pix2pix.fresh(depth, batch=False, statistics=True),
            "BatchNorm": pix2pix.fresh(depth, batch=True),
        }
        for name, weights in ways.items():
            yield Case(f"U-Net {side}: {name}", weights, signed(partial(pix2pix.formula, weights, depth=depth)), sizes)
    sizes = [(256, 256), (256, 512), (512, 256)]
    edges, colours = (pix2pix.fresh(8, True, (1, channels)) for channels in (3, 2))
    yield Case("U-Net 256: 1 to 3 channels", edges, signed(partial(pix2pix.formula, edges, depth=8)), sizes, 1)
    formula = partial(pix2pix.formula, colours, depth=8)
    yield Case("U-Net 256: 1 to 2 channels, network", colours, formula, sizes, 1, alone=True)


def of_mmagic() -> Iterator[Case]:
    for name, options in mmagic_resnet.VARIANTS.items():
        resnet = mmagic_resnet.Reference(**options)
        content = mmagic_resnet.checkpoint(zebra=resnet.weights)
        yield Case(f"MMagic's ResNet: {name}", content, resnet.of_rgb, [EVEN, *ODD], resnet.channels[0])
    for name, batch in {"BatchNorm": True, "InstanceNorm": False}.items():
        unet = mmagic_unet.Reference(8, batch)
        weights = prefixed("generators.photo.", unet.weights)
        yield Case(f"MMagic's U-Net 256: {name}", weights, unet.of_rgb, [(256, 256), (256, 512), (512, 256)])


def of_super_resolution() -> Iterator[Case]:
    for name, (make, formula, scales) in srgan.FORMATS.items():
        for scale in scales:
            weights = make(scale)
            yield Case(f"{name} x{scale}", weights, partial(formula, weights, scale=scale), sizes_of(name, scale))
    weights = srgan.rrdb_weights(4)
    zeros = {name: torch.zeros_like(tensor) for name, tensor in weights.items()}
    ways = {
        "params_ema beside params": {"params": zeros, "params_ema": weights},
        "ESRGAN's names of 2019": srgan.renamed(weights, srgan.names_of_2019),
        "ESRGAN's names of 2018": srgan.renamed(weights, srgan.names_of_2018),
    }
    for name, content in ways.items():
        formula = partial(srgan.rrdb, weights, scale=4)
        yield Case(f"RRDBNet x4: {name}", content, formula, sizes_of("RRDBNet", 4))
    weights = srgan.msrresnet_weights(4)
    formula = partial(srgan.msrresnet, weights, scale=4)
    yield Case("MSRResNet x4: MMagic's wrapper", srgan.in_mmagic(weights), formula, sizes_of("MSRResNet", 4))


def sizes_of(name: str, scale: int) -> Sizes:
    """Odd ones, but for RRDBNets that fold squares of pixels into channels first."""
    fold = max(1, 4 // scale) if name == "RRDBNet" else 1
    return [(fold * height, fold * width) for height, width in [*ODD, (1, 9)]]


def signed(formula: Formula) -> Formula:
    """A formula of images in [-1, 1], for those in [0, 1]."""
    return lambda images: (formula(images * 2 - 1) + 1) / 2


def prefixed(prefix: str, weights: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}{name}": tensor for name, tensor in weights.items()}


def compare(case: Case, path: Path, host: img2img.PluginHost) -> tuple[str, float]:
    """What a checkpoint is taken for, and how far its model is from the formula."""
    torch.save(case.content, path)
    model = img2img.load_model(path, device="cpu", precision="fp32", host=host)
    ours, gaps = model.translator.generator if case.alone else model.translator, list[Tensor]()
    for size in case.sizes:
        images = torch.rand(1, case.channels, *size)  # BatchNorm there looks at the whole batch
        expected = case.formula(images)
        assert expected.std() > 0.01, "a constant agrees with anything"
        gaps.append((ours(images) - expected).abs().max())
    return f"{model.info.family}: {model.info.created_with.partition('; assumed')[0]}", torch.stack(gaps).max().item()


@torch.inference_mode()
def print_formats(folder: Path) -> bool:
    host, good = img2img.PluginHost.discover(strict=True), True
    print(f"{'format':46} {'taken for':67} {'height x width':24} {'difference':>10}")
    for case in cases():
        taken, worst = compare(case, folder / "x.pth", host)
        sizes = ", ".join(f"{height}x{width}" for height, width in case.sizes)
        verdict = "" if worst <= NEAR else "  WRONG"
        print(f"{case.name:46} {taken:67} {sizes:24} {worst:10.1e}{verdict}", flush=True)
        good = good and worst <= NEAR
    return good


def refusals(marker: Path) -> Iterator[tuple[str, bytes]]:
    """Files by what is wrong with them; some would make `marker`, if they were unpickled."""
    weights = srgan.msrresnet_weights(2)
    for name, data in hostile.attacks(marker, weights).items():
        yield f"runs code: {name}", data
    yield "runs code: named by strings", hostile.nameless(marker)
    yield "pickle protocol 4", hostile.saved(weights, protocol=4)
    yield "a whole module", hostile.saved(nn.Conv2d(3, 3, 3))
    yield "a TorchScript archive", hostile.torchscript()
    for age, old in {"": False, ", of torch before 1.6": True}.items():
        yield f"a tensor larger than its storage{age}", hostile.claiming(weights, (100_000, 100_000), old)
        yield f"a storage larger than the file{age}", hostile.overfull((1 << 31) - 1, old)
        yield f"a pickle of 30 bytes that becomes 2 GiB{age}", hostile.bomb(old)
    yield "such a pickle before an archive", hostile.bomb_before_an_archive()
    yield "a thousand tensors that share one storage", hostile.sharing()
    yield "a packed archive", hostile.packed()
    yield "a name twice in an archive", hostile.doubled()
    for name, (content, _) in hostile.NO_WEIGHTS.items():
        yield f"no weights: {name}", hostile.saved(content())
    for name, data in hostile.NO_FILES.items():
        yield f"no file of torch: {name}", data
    for name, content in variants(weights).items():
        yield name, hostile.saved(content)


def variants(weights: dict[str, Tensor]) -> dict[str, Any]:
    """Networks that are nearly those that are known."""
    blur = cyclegan.Reference(downs="blur", ups="blur").weights
    return {
        "a tensor of another shape": weights | {"conv_hr.weight": torch.zeros(8, 8, 5, 5)},
        "a tensor that is missing": {name: weights[name] for name in weights if name != "conv_last.bias"},
        "a tensor too many": weights | {"attention.weight": torch.zeros(3)},
        "CUT with other filters": blur | {"model.7.filt": torch.full_like(blur["model.7.filt"], 1 / 9)},
        "U-Net of 4 channels": pix2pix.fresh(7, True, (4, 3)),
        "RRDBNet of 4 channels": srgan.rrdb_weights(4) | {hostile.FIRST: torch.zeros(8, 4, 3, 3)},
        "SRVGGNetCompact x8": srgan.compact_weights(8),
        "several networks": {"generators.photo": weights, "generators.drawing": weights},
    }


@dataclass
class Import:
    """What `img2img import` did."""

    status: int
    peak: float
    """Memory, in MiB."""
    seconds: float
    message: str
    wrong: list[str]


def run_import(data: bytes, folder: Path, marker: Path) -> Import:
    """Of a file in an empty folder, into the same one."""
    path = folder / "x.pth"
    path.write_bytes(data)
    started = perf_counter()
    words = [PROGRAM, "import", path]
    done = subprocess.run([sys.executable, "-c", _MEASURE, *map(str, words)], capture_output=True, text=True)
    seconds, peak = perf_counter() - started, int(done.stdout.split()[-1]) / 1024
    written = [left.name for left in [*folder.iterdir(), marker] if left != path and left.exists()]
    wrong = [] if done.returncode == 2 else ["its status is not 2"]
    wrong += [] if str(path) in done.stderr else ["the file is not named"]
    wrong += [f"it wrote {', '.join(written)}"] if written else []
    return Import(done.returncode, peak, seconds, done.stderr.strip().replace(f"{folder}/", ""), wrong)


def print_refusals(folder: Path) -> bool:
    marker, plain = folder / "executed", folder / "plain"
    plain.mkdir()
    usual = run_import(hostile.saved(srgan.msrresnet_weights(2)), plain, marker)
    good = (plain / "x.safetensors").exists()
    verdict = "" if good else f"  WRONG: {usual.message}"
    print(f"{'file':60} {'status':>6} {'seconds':>7} {'MiB more':>8}")
    print(f"{'plain weights, which are imported':60} {usual.status:6} {usual.seconds:7.1f} {0:8}{verdict}")
    for number, (name, data) in enumerate(refusals(marker)):
        place = folder / str(number)
        place.mkdir()
        found = run_import(data, place, marker)
        more = found.peak - usual.peak
        wrong = [*found.wrong, *(["it needs too much memory"] if more > MIB_MORE else [])]
        verdict = f"  WRONG: {'; '.join(wrong)}" if wrong else ""
        print(f"{name:60} {found.status:6} {found.seconds:7.1f} {more:8.0f}{verdict}")
        print(indent(found.message, "    "), flush=True)
        good = good and not wrong
    return good


def main() -> int:
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory(prefix="img2img-checkpoints-") as name:
        good = print_formats(Path(name))
        print()
        return 0 if print_refusals(Path(name)) and good else 1


if __name__ == "__main__":
    sys.exit(main())
