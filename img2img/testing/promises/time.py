"""Promises of translators that look at several frames, remember frames, or give several frames for one."""

from __future__ import annotations

import torch
from torch import Tensor

from img2img.contract.families import Translator
from img2img.inference.memory import Memory
from img2img.nn.sizes import as_window
from img2img.testing.family import FamilySubject, difference, random_images
from img2img.testing.promise import Skipped, keep, promise
from img2img.testing.promises.use import the_same_image_gives_the_same_result

FRAMES = 6
"""The length of the clips that are tried."""
NEARLY = 1e-5
"""Results that differ by no more are the same: a state that comes from the disk may lie otherwise in memory."""


@promise(the_same_image_gives_the_same_result)
def the_results_of_a_window_do_not_depend_on_other_windows(subject: FamilySubject) -> None:
    translator = subject.translator()
    traits = translator.traits
    if traits.frames_in == 1 and traits.frames_out == 1:
        raise Skipped("it looks at one frame and gives one (window=(0, 0), frames_out=1)")
    shape = (3, traits.frames_in, traits.channels_in, 40, 33)
    windows = torch.rand(shape) if traits.frames_in > 1 else torch.rand(3, *shape[2:])[:, None]
    windows[1] /= 4
    together = subject.translate(translator, windows)
    alone = torch.cat([subject.translate(translator, window[None]) for window in windows])
    distance = difference(together, alone)
    keep(distance <= 1e-3, f"a window gives another result among others than alone: they differ by {distance:.2g}")


@promise(the_same_image_gives_the_same_result)
def a_new_clip_depends_on_no_clip_before(subject: FamilySubject) -> None:
    translator = _remembering(subject)
    clip, other = _clip(translator), _clip(translator)
    first = _shown(subject, translator, clip)
    _shown(subject, translator, other)
    again = _shown(subject, translator, clip)
    distance = difference(first, again)
    keep(distance == 0, f"after begin(), the same clip gives another result if one was shown before: by {distance:.2g}")


@promise(a_new_clip_depends_on_no_clip_before)
def a_state_that_was_returned_does_not_change_later(subject: FamilySubject) -> None:
    translator = _remembering(subject)
    clip = _clip(translator)
    _shown(subject, translator, clip[:1])
    state = _state(translator)
    as_it_was = {name: value.clone() for name, value in state.items()}
    _shown(subject, translator, clip[1:], begins=False)
    changed = [name for name, value in state.items() if not torch.equal(value, as_it_was[name])]
    keep(not changed, f"what state() returned as {changed[:1]} after the first frame changed with the next ones")


@promise(a_state_that_was_returned_does_not_change_later)
def it_goes_on_from_its_state_to_the_same_frames(subject: FamilySubject) -> None:
    translator = _remembering(subject)
    other = subject.family.translator(subject.config, translator.generator)
    clip, half = _clip(translator), FRAMES // 2
    _shown(subject, translator, clip[:half])
    memory = Memory()
    memory.state = _state(translator)
    memory.load(memory.store(), torch.device("cpu"))  # as when read from the disk
    wanted = _shown(subject, translator, clip[half:], begins=False)
    _shown(subject, other, _clip(translator)[:half])
    for name, continued in (("a new translator", other), ("the same one", translator)):
        continued.begin()
        if memory.state:
            continued.restore(dict(memory.state))
        distance = difference(_shown(subject, continued, clip[half:], begins=False), wanted)
        keep(
            distance <= NEARLY, f"restored after frame {half}, {name} makes other frames of the rest: by {distance:.2g}"
        )


def _remembering(subject: FamilySubject) -> Translator:
    translator = subject.translator()
    if not translator.traits.remembers:
        raise Skipped("it carries nothing from frame to frame (remembers=False)")
    return translator


def _clip(translator: Translator) -> list[Tensor]:
    """Draw frames of a size that the translator takes without padding."""
    side = translator.traits.multiple_of * -(-max(24, translator.traits.minimum_size) // translator.traits.multiple_of)
    return [as_window(random_images(translator, side, side), translator.traits) for _ in range(FRAMES)]


@torch.inference_mode()
def _shown(subject: FamilySubject, translator: Translator, clip: list[Tensor], *, begins: bool = True) -> Tensor:
    """Return the results for the frames of a clip, or of a part of it that goes on."""
    if begins:
        translator.begin()
    rows = subject.conditions(translator, clip[0])
    return torch.cat([translator(frame, **rows).clone() for frame in clip])


def _state(translator: Translator) -> dict[str, Tensor]:
    state = dict(translator.state())
    wrong = [name for name, value in state.items() if not isinstance(value, Tensor)]
    keep(not wrong, f"state() returned {wrong[:1]}, which is no tensor")
    return state
