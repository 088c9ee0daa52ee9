"""This plugin registers the family `adain`: style transfer with any style."""

import img2img


@img2img.hookimpl
def register_models(register):
    from .family import AdaIN

    register(AdaIN())
