"""This module is the family `inpaint` and its options; it imports torch only when something is built."""

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, DirectoryPath, Field

import img2img

MASK = img2img.Condition("white where it is to be painted", kind="map", channels=1, required=True)


class InpaintConfig(img2img.ModelConfig):
    """The options of the network, which a model file holds."""

    width: int = Field(32, ge=4, le=256, description="channels of each layer")
    reach: int = Field(4, ge=1, le=7, description="how often the distance doubles at which the layers look")


class InpaintTraining(InpaintConfig, img2img.TrainingConfig):
    """The further options of a training."""

    masks: Annotated[DirectoryPath, AfterValidator(Path.resolve)] | None = Field(
        None, description="folder of masks of the photos' names; by default, rectangles are drawn"
    )
    resize: int = Field(0, ge=0, le=8192, description="shorter side that photos are brought to; 0 leaves them")
    crop: int = Field(96, ge=16, le=2048, description="side of a training crop, in pixels")
    steps: int = Field(5000, ge=1, description="steps of the training")
    lr: float = Field(1e-3, gt=0, le=1, description="learning rate of Adam")

    @property
    def total_steps(self):
        return self.steps


class Inpaint(img2img.ModelFamily[InpaintConfig, InpaintTraining]):
    """Inpainting of what a mask marks, by dilated convolutions."""

    name = "inpaint"
    summary = "paints what a mask marks in photos"
    small: ClassVar = {"width": 4, "reach": 2, "crop": 32, "steps": 6, "batch_size": 2}
    config_class, training_class = InpaintConfig, InpaintTraining

    def dataset(self, root, config, split):
        from img2img.datasets import Geometry, by_name, made_pairs

        from .trainer import unchanged, with_mask

        geometry = Geometry(config.resize, config.crop, flip=True)
        if config.masks is None:
            return made_pairs(root, with_mask, geometry=geometry, split=split)
        masks = {"mask": by_name(MASK, config.masks)}
        return made_pairs(root, unchanged, geometry=geometry, split=split, conditions=masks)

    def build_generator(self, config):
        from .network import Painter

        return Painter(config.width, config.reach)

    def trainer(self, config, engine):
        from .trainer import InpaintTrainer

        return InpaintTrainer(config, engine, self.build_generator(config))

    def translator(self, config, generator):
        from .network import MaskTranslator

        traits = img2img.Traits(tiling="exact", halo=generator.halo, conditions={"mask": MASK})
        return MaskTranslator(generator, traits)
