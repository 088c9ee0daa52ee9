"""This plugin registers the family `inpaint`: it paints what a mask marks."""

import img2img


@img2img.hookimpl
def register_models(register):
    from .family import Inpaint

    register(Inpaint())
