"""This plugin registers the family `cut`: contrastive unpaired translation."""

import img2img


@img2img.hookimpl
def register_models(register):
    from .family import CUT

    register(CUT())
