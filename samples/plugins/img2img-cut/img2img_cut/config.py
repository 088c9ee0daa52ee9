"""The options of the family `cut`; defaults are the paper's but for the averaged weights (`ema`)."""

from pydantic import Field

import img2img


class CUTConfig(img2img.ModelConfig):
    """What the generator depends on; a model file holds it."""

    width: int = Field(64, ge=4, le=256, description="channels of the generator's first layer")
    blocks: int = Field(9, ge=1, le=32, description="residual blocks of the generator")


class CUTTraining(CUTConfig, img2img.AdversarialConfig):
    """What only the training depends on."""

    objective: str = Field("lsgan", description="the adversarial game")
    batch_size: int = Field(1, ge=1, le=4096, description="images in one step")
    source: str = Field("", description="folder of the images to translate; found by its name where empty")
    target: str = Field("", description="folder of images as the results ought to look; found by its name where empty")
    resize: int = Field(286, ge=0, le=8192, description="shorter side that images are brought to; 0 leaves them")
    crop: int = Field(256, ge=32, le=2048, description="side of a training crop, in pixels")
    constant_steps: int = Field(200_000, ge=0, description="steps with a constant learning rate")
    decay_steps: int = Field(200_000, ge=0, description="further steps, in which it falls linearly to 0")
    lr: float = Field(2e-4, gt=0, le=1, description="learning rate of Adam")
    nce_weight: float = Field(1.0, ge=0, description="weight of what keeps the content: corresponding patches agree")
    identity: bool = Field(True, description="whether targets are to come out as they are, patch by patch")
    patches: int = Field(256, ge=2, le=4096, description="places in an image at which patches are compared")
    temperature: float = Field(0.07, gt=0, le=10, description="of the comparison; less of it is stricter")
    discriminator_width: int = Field(64, ge=4, le=256, description="channels of the discriminator's first layer")

    @property
    def total_steps(self):
        return self.constant_steps + self.decay_steps
