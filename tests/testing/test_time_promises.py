"""Families that know time, of which some break one promise each; and filters that get ready for a device."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import img2img
from img2img.contract.filters import Filter
from img2img.testing.family import FamilySubject
from img2img.testing.promises import filters, time, use
from img2img.testing.promises.filters import FilterSubject


class Remembering(img2img.Translator):
    """Mixes each frame with what it has made of the one before."""

    traits = img2img.Traits(remembers=True)
    last: Tensor | None = None

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        made = self.generator(images).sigmoid()
        shade = made.mean((2, 3), keepdim=True)
        self.last = shade if self.last is None else shade + self.last / 2
        return (made + self.last) / 2

    def begin(self) -> None:
        self.last = None

    def state(self) -> Mapping[str, Tensor]:
        return {} if self.last is None else {"last": self.last}

    def restore(self, state: Mapping[str, Tensor]) -> None:
        self.last = state["last"]


class Leaking(Remembering):
    def begin(self) -> None:
        pass


class Forgetful(Remembering):
    def state(self) -> Mapping[str, Tensor]:
        return {}


class Rewriting(Remembering):
    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        made = self.generator(images).sigmoid()
        shade = made.mean((2, 3), keepdim=True)
        self.last = shade if self.last is None else self.last.add_(shade).div_(2)
        return (made + self.last) / 2


class Doubling(img2img.Translator):
    """Gives a frame and the mean of it and the next one."""

    traits = img2img.Traits(window=(0, 1), frames_out=2, tiling="exact", halo=1)

    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        made = self.generator(images.flatten(0, 1)).sigmoid().reshape(images.shape)
        return torch.stack([made[:, 0], made.mean(1)], 1)


class Single(Doubling):
    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        return super().__call__(images)[:, 0]


class Mixing(Doubling):
    def __call__(self, images: Tensor, **conditions: Tensor) -> Tensor:
        made = super().__call__(images)
        return made * 0.9 + made.mean(0, keepdim=True) * 0.1 * (images[:, 1] != images[:, 0]).any()


class Lopsided(Doubling):
    traits = img2img.Traits(window=(0, -1), frames_out=2)


class Config(img2img.ModelConfig):
    pass


class Training(Config, img2img.TrainingConfig):
    @property
    def total_steps(self) -> int:
        return 1


class Family(img2img.ModelFamily[Config, Training]):
    name, summary = "timely", "knows time"
    config_class, training_class = Config, Training

    def __init__(self, kind: type[img2img.Translator]) -> None:
        self.kind = kind

    def dataset(self, root: Path, config: Any, split: Any) -> Any:
        raise img2img.DataError("it reads no data")

    def build_generator(self, config: Any) -> nn.Module:
        return nn.Conv2d(3, 3, 3, padding=1)

    def trainer(self, config: Any, engine: Any) -> Any:
        raise NotImplementedError

    def translator(self, config: Any, generator: nn.Module) -> img2img.Translator:
        return self.kind(generator)


PROMISES = (
    use.the_translator_declares_what_can_be,
    use.the_result_has_the_declared_size,
    use.the_same_image_gives_the_same_result,
    use.nothing_in_a_batch_depends_on_its_neighbours,
    time.the_results_of_a_window_do_not_depend_on_other_windows,
    time.a_new_clip_depends_on_no_clip_before,
    time.it_goes_on_from_its_state_to_the_same_frames,
    time.a_state_that_was_returned_does_not_change_later,
)


@pytest.mark.parametrize("kind", [Remembering, Doubling])
def test_families_that_know_time_can_keep_every_promise(kind: type[img2img.Translator], tmp_path: Path) -> None:
    subject = FamilySubject(Family(kind), tmp_path, data=tmp_path)
    outcomes = [subject.outcome(promise) for promise in PROMISES]
    assert not [outcome.text for outcome in outcomes if outcome.state == "broken"]
    assert sum(outcome.state == "ok" for outcome in outcomes) >= 5


@pytest.mark.parametrize(
    ("kind", "promise", "measured"),
    [
        (Leaking, "the same image gives the same result", "the results of two calls differ"),
        (Forgetful, "it goes on from its state to the same frames", "restored after frame 3, a new translator makes"),
        (Rewriting, "a state that was returned does not change later", "what state() returned as ['last']"),
        (Single, "the result has the declared size", "promise (1, 2, 3, 1, 1), and what it returned is (1, 3, 1, 1)"),
        (Mixing, "the results of a window do not depend on other windows", "another result among others than alone"),
        (Lopsided, "the translator declares what can be", "window=(0, -1) is no pair of whole numbers"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_family_that_breaks_a_promise_of_time_is_found(
    kind: type[img2img.Translator], promise: str, measured: str, tmp_path: Path
) -> None:
    subject = FamilySubject(Family(kind), tmp_path, data=tmp_path)
    outcomes = [subject.outcome(each) for each in PROMISES]
    broken = {outcome.promise: outcome.detail for outcome in outcomes if outcome.state == "broken"}
    assert [*broken] == [promise], broken
    assert measured in broken[promise]


class Ready(Filter):
    """Computes on the device that it was given."""

    name, summary = "ready", "computes with torch"
    device: torch.device | None = None

    def prepare(self, device: torch.device) -> None:
        self.device = device

    def after(self, source: Any, result: Any) -> Any:
        assert self.device is not None
        there = torch.from_numpy(result.astype("int32")).to(self.device)
        return (255 - there).cpu().numpy().astype(result.dtype)


class Spoilt(Ready):
    def prepare(self, device: torch.device) -> None:
        self.device = torch.device("meta")


def test_a_filter_that_gets_ready_for_its_device_keeps_every_promise() -> None:
    outcomes = [FilterSubject(Ready).outcome(promise) for promise in filters.PROMISES]
    assert {outcome.state for outcome in outcomes} == {"ok"}, [outcome.text for outcome in outcomes]


def test_a_filter_that_wants_another_device_is_found() -> None:
    subject = FilterSubject(Spoilt)
    broken = [promise for promise in filters.PROMISES if subject.outcome(promise).state == "broken"]
    assert broken == [filters.frames_keep_their_shape_and_type]
