"""The plugin host, with real distributions in a folder of their own on `sys.path`."""

from __future__ import annotations

import logging
import os
import subprocess
import sys

import pytest

from img2img import PluginHost, hookimpl
from img2img.errors import PluginError
from img2img.host.kinds import FAMILIES

from .strangers import BUILT_IN, FAMILY, OBSERVER, Install, loaded, plugin_of, step

BROKEN = {
    "cannot be imported": ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
    "is no Python": ("def (", "SyntaxError"),
    "calls sys.exit": ("import sys; sys.exit('bye')", "SystemExit: bye"),
    "panics like a Rust extension": ("class Panic(BaseException): pass\nraise Panic('at line 3')", "Panic: at line 3"),
    "raises without a word": ("raise ValueError", "ValueError"),
    "names a wrong argument": ("@img2img.hookimpl\ndef validated(stepp): ...", "'stepp'"),
    "names an unknown hook": ("@img2img.hookimpl\ndef training_steped(step): ...", "training_steped"),
    "wraps a hook": ("@img2img.hookimpl(wrapper=True)\ndef validated():\n    yield", "wrapper"),
    "raises when asked": ("@img2img.hookimpl\ndef register_models(register):\n    1 / 0", "ZeroDivisionError"),
    "raises after registering": (
        FAMILY.format(name="half") + "\n        raise RuntimeError('second thoughts')",
        "RuntimeError: second thoughts",
    ),
    "registers something else": (
        "@img2img.hookimpl\ndef register_models(register):\n    register(3)",
        "register() takes a ModelFamily, not 3",
    ),
    "registers the class": (
        FAMILY.format(name="half").replace("half())", "half)"),
        "register() takes a ModelFamily, not <class",
    ),
    "registers an abstract family": (
        "@img2img.hookimpl\ndef register_models(register):\n    register(type('F', (img2img.ModelFamily,), {})())",
        "abstract",
    ),
    "registers a nameless family": (FAMILY.format(name="half").replace("name, summary =", "_, summary ="), "no name"),
    "registers a family of an impossible name": (
        FAMILY.format(name="half").replace('"half"', '"Half Tone"'),
        "'Half Tone' is no name for a family",
    ),
    "registers one name twice": (
        FAMILY.format(name="half").replace("register(half())", "register(half()); register(half())"),
        "registers the family 'half' twice",
    ),
    "takes a built-in name": (FAMILY.format(name="srgan"), "the name 'srgan' is that of a built-in"),
}


def test_a_family_is_there_once_its_distribution_is_installed(install: Install) -> None:
    install("img2img-foo", FAMILY.format(name="foo"))
    host = loaded()
    assert list(host.families) == sorted([*BUILT_IN, "foo"])
    assert host.family("foo").summary == "does nothing"
    plugin = plugin_of(host, "foo")
    assert (str(plugin), plugin.state, plugin.problem) == ("foo (img2img-foo 1.0)", "ok", "")
    assert plugin.names(FAMILIES) == ["foo"]
    assert plugin.summary == "all about foo"
    assert not plugin.built_in
    assert plugin_of(host, "srgan").built_in


@pytest.mark.parametrize("case", BROKEN)
def test_a_plugin_that_is_broken_is_shown_with_its_reason_and_breaks_nothing(case: str, install: Install) -> None:
    code, reason = BROKEN[case]
    broken = install("img2img-broken", OBSERVER, code)
    works = install("img2img-works", OBSERVER, FAMILY.format(name="works"))
    host = loaded()
    assert list(host.families) == [*BUILT_IN, "works"]
    assert reason in plugin_of(host, "broken").problem
    assert plugin_of(host, "broken").state == "broken"
    assert plugin_of(host, "broken").names(FAMILIES) == []
    assert not plugin_of(host, "works").problem
    step(host, 1)
    assert sys.modules[works].SEEN == [1]
    assert broken not in sys.modules or sys.modules[broken].SEEN == [], "a part of it stayed registered"


def test_a_distribution_without_metadata_breaks_nothing(install: Install) -> None:
    install("img2img-foo", FAMILY.format(name="foo"), metadata=False)
    install("img2img-bar", FAMILY.format(name="bar"))
    host = loaded()
    assert list(host.families) == sorted([*BUILT_IN, "bar", "foo"])
    assert str(plugin_of(host, "foo")) == "foo (unknown ?)"


def test_an_entry_point_that_is_no_module_breaks_nothing(install: Install) -> None:
    install("img2img-foo", "CONFIG = {}", entry="img2img_foo:CONFIG")
    install("img2img-bar", "NOTHING = None", entry="img2img_bar:NOTHING")
    install("img2img-baz", entry="-")
    host = loaded()
    assert list(host.families) == BUILT_IN
    assert all(plugin_of(host, name).problem for name in ("foo", "bar", "baz"))


def test_a_module_whose_author_forgot_the_marks_is_told_so(install: Install) -> None:
    install("img2img-foo", "def register_models(register): ...")
    assert "mark its functions with @img2img.hookimpl" in plugin_of(loaded(), "foo").problem


def test_a_second_entry_point_to_one_module_leaves_the_first_as_it_was(install: Install) -> None:
    module = install("img2img-foo", OBSERVER, FAMILY.format(name="foo"))
    install("img2img-zoo", entry=module)
    host = PluginHost.discover()
    step(host, 1)
    assert sys.modules[module].SEEN == [1]
    assert "foo" in host.families
    assert "img2img_foo" in plugin_of(host, "zoo").problem


@pytest.mark.parametrize(
    ("hook", "registered", "reason"),
    [
        ("filters", "img2img.Filter", "Filter has no name"),
        ("filters", "3", "takes a subclass of Filter, not 3"),
        ("importers", "print", "takes an Importer, not <built-in function print>"),
        ("commands", "print", "takes a click.Command, not <built-in function print>"),
    ],
)
def test_what_is_not_of_its_kind_is_refused(hook: str, registered: str, reason: str, install: Install) -> None:
    install("img2img-foo", f"import img2img\n@img2img.hookimpl\ndef register_{hook}(register): register({registered})")
    assert reason in plugin_of(loaded(), "foo").problem


def test_a_missing_family_is_an_error_that_names_what_there_is_and_what_is_broken(install: Install) -> None:
    install("img2img-foo", "import no_such_module")
    with pytest.raises(PluginError) as error:
        PluginHost.discover().family("foo")
    message = str(error.value)
    assert f"no plugin provides the family 'foo'; installed families: {', '.join(BUILT_IN)}" in message
    assert "foo (img2img-foo 1.0): ModuleNotFoundError: No module named 'no_such_module'" in message


def test_a_plugin_that_kills_the_process_can_be_left_out(install: Install) -> None:
    install("img2img-foo", "import os\nos._exit(9)")
    program = "from img2img import PluginHost; print(*PluginHost.discover().families)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "IMG2IMG_PLUGINS": "srgan"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["srgan"]


def test_finding_the_plugins_imports_nothing_that_takes_long() -> None:
    program = "import sys, img2img; img2img.PluginHost.discover().families['srgan'].summary; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"torch", "cv2", "av", "numpy", "pydantic", "PIL", "kornia"} & set(done.stdout.split())


def test_an_observer_that_raises_is_reported_once_and_switched_off(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("img2img-bad", "import img2img\n@img2img.hookimpl\ndef training_stepped(step):\n    1 / (step - 2)")
    good = install("img2img-good", OBSERVER)
    host = PluginHost.discover()
    with caplog.at_level(logging.WARNING):
        for number in (1, 2, 3, 2):
            step(host, number)
    assert sys.modules[good].SEEN == [1, 2, 3, 2]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "img2img-bad" in caplog.text
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize("code", ["raise SystemExit(3)", "class Panic(BaseException): pass\n    raise Panic"])
def test_an_observer_that_would_end_the_program_is_switched_off(code: str, install: Install) -> None:
    install("img2img-bad", f"import img2img\n@img2img.hookimpl\ndef training_stepped():\n    {code}")
    good = install("img2img-good", OBSERVER)
    host = PluginHost.discover()
    step(host, 1)
    assert sys.modules[good].SEEN == [1]


def test_an_observer_that_raises_is_an_error_where_plugins_are_strict(install: Install) -> None:
    install("img2img-bad", "import img2img\n@img2img.hookimpl\ndef training_stepped(step):\n    1 / 0")
    host = PluginHost.discover(strict=True)
    with pytest.raises(ZeroDivisionError):
        step(host, 1)


def test_ctrl_c_while_plugins_are_loaded_ends_the_program(install: Install) -> None:
    install("img2img-slow", "import signal, time\nsignal.raise_signal(signal.SIGINT)\ntime.sleep(60)")
    with pytest.raises(KeyboardInterrupt):
        loaded()


def test_a_plugin_that_raises_keyboardinterrupt_itself_is_broken_like_any_other(install: Install) -> None:
    install("img2img-bad", "raise KeyboardInterrupt")
    assert plugin_of(loaded(), "bad").problem == "KeyboardInterrupt"


class Watcher:
    def __init__(self) -> None:
        self.seen: list[int] = []

    @hookimpl
    def training_stepped(self, step: int) -> None:
        self.seen.append(step)
        if step == 2:
            raise ValueError("I do not like 2")


def test_an_object_observes_and_is_reported_by_its_class(host: PluginHost, caplog: pytest.LogCaptureFixture) -> None:
    host.strict = False
    watchers = (Watcher(), Watcher())
    for watcher in watchers:
        host.add_observer(watcher)
    for number in (1, 2, 3):
        step(host, number)
    assert [watcher.seen for watcher in watchers] == [[1, 2], [1, 2]]
    assert [record.getMessage().split()[1] for record in caplog.records] == ["Watcher", "Watcher"]


def test_an_object_that_implements_no_such_hook_is_refused_and_does_no_harm(install: Install) -> None:
    class Mistaken:
        @hookimpl
        def training_steped(self, step: int) -> None: ...

    install("img2img-foo", FAMILY.format(name="foo"))
    host = PluginHost()
    with pytest.raises(PluginError, match="training_steped"):
        host.add_observer(Mistaken())
    host.add_observer(Watcher())


def test_an_observer_is_added_once(host: PluginHost) -> None:
    watcher = Watcher()
    host.add_observer(watcher)
    with pytest.raises(PluginError, match="registered already"):
        host.add_observer(watcher)
    step(host, 1)
    assert watcher.seen == [1]


def test_an_observer_that_was_removed_sees_no_more(host: PluginHost) -> None:
    host.strict = False
    stays, leaves, fails = Watcher(), Watcher(), Watcher()
    for watcher in (stays, leaves, fails):
        host.add_observer(watcher)
    host.remove_observer(leaves)
    for number in (1, 2):
        step(host, number)
    host.remove_observer(fails)  # switched off already
    assert (stays.seen, leaves.seen, fails.seen) == ([1, 2], [], [1, 2])
