"""Families that break one promise each, and are found to break that one and no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from img2img.testing.family import FamilySubject
from img2img.testing.promises import export, families, manners, network


class Bad(NamedTuple):
    file: str
    old: str
    new: str
    broken: str
    """The promise, and..."""
    measured: str
    """what is said of it."""


CALL = "        return self.generator(images, strength)"
COARSE = "        if torch.is_autocast_enabled('cpu'):\n            return self.generator(images, strength) + 0.25\n"
BUILD = "        return Generator(config.width)"
DATASET = "        return super_resolution(root, scale=2, crop=config.crop, split=split)"
UNSEEDED = """
        import numpy as np

        data = super_resolution(root, scale=2, crop=config.crop, split=split)
        sample = data.sample
        data.sample = lambda index, rng: sample(index, rng and np.random.default_rng())
        return data
"""
FORWARD = "    def forward(self, images, strength):\n        hidden ="
PARSED = "torch.tensor([float(text)])"

BAD = {
    "halo": Bad(
        "translator.py", "halo=5", "halo=4",
        "the halo is as wide as the network looks", "halo=4 is declared, and a pixel that lies 5 away",
    ),
    "batch": Bad(
        "translator.py", CALL, f"        images = images * 0.9 + images.mean(0, keepdim=True) * 0.1\n{CALL}",
        "nothing in a batch depends on its neighbours", "another result among others than alone",
    ),
    "seeding": Bad(
        "family.py", BUILD, f"        import torch\n\n        torch.manual_seed(3)\n{BUILD}",
        "chance is not seeded anew", "build_generator() seeds the random numbers of torch",
    ),
    "settings": Bad(
        "family.py", BUILD, f"        import warnings\n\n        warnings.simplefilter('ignore')\n{BUILD}",
        "no setting of the process is changed", "build_generator() changes the filters of warnings",
    ),
    "optimizer": Bad(
        "trainer.py", "network.parameters()", "[*network.parameters()][:1]",
        "every trained weight has one optimizer and stands in networks", "first.bias of the network 'generator' asks",
    ),
    "idle": Bad(
        "trainer.py", 'self.engine.update(self.optimizers["judge"], judged)', "pass",
        "every network learns", "no weight of the network 'judge' has moved in 4 steps",
    ),
    "state": Bad(
        "trainer.py", 'self.shown = state["shown"]', "pass",
        "a stopped run goes on to the same bits", "stopped after step 2 of 4",
    ),
    "nosy": Bad(
        "trainer.py", "adversarial = -0.01", "self.shown = fake.detach()\n        adversarial = -0.01",
        "examining a training changes nothing", "changed the trainer's state['own state']['shown']",
    ),
    "condition": Bad(
        "networks.py", "(1 + self.strength(strength))", "(1 + 0 * self.strength(strength))",
        "each condition changes the result", "[0.25] and [0.75] for 'strength' give the same",
    ),
    "rows": Bad(
        "networks.py", "self.strength(strength)", "self.strength(strength[:1])",
        "each image of a batch follows its own condition", "gives another result in a batch",
    ),
    "traits": Bad(
        "translator.py", 'tiling="exact"', 'tiling="mostly"',
        "the translator declares what can be", "tiling='mostly' is none of exact, overlap, never",
    ),
    "bare": Bad(
        "translator.py", 'tiling="exact",\n        halo=5', 'tiling="overlap"',
        "the translator declares what can be", "tiling='overlap' needs a halo of 1 or more",
    ),
    "coarse": Bad(
        "translator.py", CALL, f"{COARSE}{CALL}",
        "each declared precision gives nearly what fp32 gives", "take bf16 out of the precisions",
    ),
    "scale": Bad(
        "translator.py", "scale=2", "scale=3",
        "the result has the declared size", "(1, 3, 6, 6), and what it returned is (1, 3, 4, 4)",
    ),
    "bounds": Bad(
        "config.py", "ge=4, le=64", "ge=4",
        "a hostile config cannot ask for a network without bounds", "'width' takes integers of any size",
    ),
    "unknown": Bad(
        "config.py", "img2img.TrainingConfig)", "img2img.TrainingConfig, extra='ignore')",
        "an unknown option is refused", "took no_such_option=1",
    ),
    "leak": Bad(
        "translator.py", CALL, f"        parse.seen = [*getattr(parse, 'seen', []), images]\n{CALL}",
        "nothing is left behind by 200 calls", "200 tensors more than before",
    ),
    "range": Bad(
        "networks.py", "torch.sigmoid", "torch.tanh",
        "the result lies between 0 and 1", "seem to lie in [-1, 1]",
    ),
    "noise": Bad(
        "translator.py", CALL, f"        images = images + torch.randn_like(images) / 100\n{CALL}",
        "the same image gives the same result", "the results of two calls differ",
    ),
    "unsaved": Bad(
        "networks.py", FORWARD, f"        self.register_buffer('gain', torch.rand(1), False)\n\n{FORWARD} self.gain *",
        "a model file gives the generator back", "is all that matters a weight?",
    ),
    "graph": Bad(
        "trainer.py", '"error": loss.detach()', '"error": loss',
        "every step returns finite losses without gradients", "step 1: the loss 'error' is not detached",
    ),
    "chance": Bad(
        "family.py", DATASET, UNSEEDED,
        "a sample depends on its index and the given chance alone", "an rng of the same seed is not the same twice",
    ),
    "goal": Bad(
        "trainer.py", '("error", "min")', '("psnr", "max")',
        "validation gives figures and previews and changes nothing", "the goal is 'psnr', and validate() gives 'error'",
    ),
    "needed": Bad(
        "networks.py", "class Generator", "from .trainer import TinyTrainer\n\n\nclass Generator",
        "a model file is used without the code of the training", "img2img_needed.trainer, where the trainer is, was",
    ),
    "rude": Bad(
        "translator.py", PARSED, "torch.tensor([{'0.25': 0.25, '0.75': 0.75}[text]])",
        "what is typed for a condition is taken or refused with a reason", "KeyError",
    ),
    "unexportable": Bad(
        "translator.py", CALL, f"        images = images if images.mean() < 9 else 0 * images\n{CALL}",
        "an exported model gives the same result", "torch cannot export this network",
    ),
}  # fmt: skip

SLOW = {
    export.an_exported_model_gives_the_same_result,
    network.a_model_file_is_used_without_the_code_of_the_training,
    network.it_can_be_listed_without_loading_torch,
    manners.nothing_is_left_behind_by_200_calls,
}
"""Each is checked of the family that breaks it alone: most of the time of the others would go there."""


@pytest.mark.parametrize("name", BAD)
def test_a_bad_family_breaks_its_own_promise_and_no_other(
    name: str, family: Callable[..., Any], tmp_path: Path
) -> None:
    bad = BAD[name]
    subject = FamilySubject(family(name, bad[:3]), tmp_path / "check")
    outcomes = [
        subject.outcome(promise)
        for promise in families.PROMISES
        if promise not in SLOW or promise.sentence == bad.broken
    ]
    broken = {outcome.promise: outcome for outcome in outcomes if outcome.state == "broken"}
    assert [*broken] == [bad.broken], [outcome.text for outcome in broken.values()]
    assert bad.measured in broken[bad.broken].detail
    assert "-o width=4" in broken[bad.broken].text
