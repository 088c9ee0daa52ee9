"""Pictures of noise and a label: what img2img calls when it looks for families."""

import img2img


@img2img.hookimpl
def register_models(register):
    from .family import Digits

    register(Digits())
