"""The use of `recurrent`: what the network keeps is the state of the clip."""

import img2img


class RecurrentTranslator(img2img.Translator):
    """Translates the frames of a clip one by one."""

    kept = None

    def __call__(self, images):
        result, self.kept = self.generator(images, self.kept)
        return result

    def begin(self):
        self.kept = None

    def state(self):
        return {} if self.kept is None else {"kept": self.kept}

    def restore(self, state):
        self.kept = state.get("kept")
