"""This plugin registers the family `digits`: pictures of noise and a label."""

import img2img


@img2img.hookimpl
def register_models(register):
    from .family import Digits

    register(Digits())
