"""What metadata say of plugins: lazy imports, contracts, names that several have, limits."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from img2img import PluginHost
from img2img.errors import PluginError
from img2img.host.kinds import COMMANDS, FAMILIES

from .strangers import BUILT_IN, COMMAND, FAMILY, OBSERVER, Install, loaded, plugin_of, step


def test_two_strangers_with_one_name_are_told_apart_by_their_distributions(install: Install) -> None:
    for name in ("first", "second"):
        install(f"img2img-{name}", OBSERVER, FAMILY.format(name="same"))
    install("img2img-other", FAMILY.format(name="other"))
    host = loaded()
    assert list(host.families) == sorted([*BUILT_IN, "img2img-first/same", "img2img-second/same", "other"])
    families = [host.family(f"img2img-{name}/same") for name in ("first", "second")]
    assert [type(family).__module__ for family in families] == ["img2img_first", "img2img_second"]
    assert host.family("img2img-other/other") is host.family("other")
    with pytest.raises(PluginError) as error:
        host.family("same")
    assert "'same' is provided by first (img2img-first 1.0) and second (img2img-second 1.0)" in str(error.value)
    assert "write img2img-first/same or img2img-second/same" in str(error.value)


def test_the_full_name_of_a_strangers_family_says_whose_it_is(install: Install) -> None:
    install("img2img-foo", FAMILY.format(name="foo"))
    host = PluginHost.discover()
    assert host.full_name(FAMILIES, "foo") == host.full_name(FAMILIES, "img2img-foo/foo") == "img2img-foo/foo"
    assert host.full_name(FAMILIES, "srgan") == "srgan"


def test_a_family_of_a_package_that_is_not_there_is_missed_with_what_to_install() -> None:
    with pytest.raises(PluginError, match="img2img-foo provides it; if you trust it: img2img install img2img-foo"):
        PluginHost.discover().family("img2img-foo/foo")


def test_nothing_is_imported_before_it_may_be_needed(install: Install) -> None:
    module = install("img2img-foo", FAMILY.format(name="foo"), families="foo")
    bare = install("img2img-bar", FAMILY.format(name="bar"))
    host = PluginHost.discover()
    assert not {module, bare} & set(sys.modules)
    assert list(host.names(FAMILIES)) == sorted([*BUILT_IN, "bar", "foo"])
    assert bare in sys.modules, "nothing but its import tells what it has"
    host.family("srgan")
    step(host, 1)
    assert module not in sys.modules
    assert host.family("foo").name == "foo"


def test_a_plugin_that_declares_observers_is_imported_when_there_is_something_to_observe(install: Install) -> None:
    module = install("img2img-foo", OBSERVER, observers="foo")
    host = PluginHost.discover()
    host.family("srgan")
    assert module not in sys.modules
    step(host, 1)
    step(host, 2)
    assert sys.modules[module].SEEN == [1, 2]


@pytest.mark.parametrize(
    ("code", "declared", "reason"),
    [
        (
            FAMILY.format(name="foo"),
            {"families": "foo bar"},
            "declare families ['bar', 'foo'], and it registers ['foo']",
        ),
        (FAMILY.format(name="foo"), {"filters": "grey"}, "declare families [], and it registers ['foo']"),
        (OBSERVER + FAMILY.format(name="foo"), {"families": "foo"}, "declare observers [], and it registers ['foo']"),
        (COMMAND, {}, "declare commands [], and it registers ['greet']"),
    ],
)
def test_a_plugin_whose_metadata_do_not_say_what_it_has_is_broken(
    code: str, declared: dict[str, str], reason: str, install: Install
) -> None:
    install("img2img-foo", code, **declared)
    assert reason in plugin_of(loaded(), "foo").problem


@pytest.mark.parametrize("contract", ["2", "0", "new"])
def test_a_plugin_for_another_contract_is_not_imported(contract: str, install: Install) -> None:
    module = install("img2img-foo", FAMILY.format(name="foo"), contract=contract, families="foo")
    host = loaded()
    plugin = plugin_of(host, "foo")
    assert (plugin.state, plugin.names(FAMILIES)) == ("incompatible", [])
    assert f"needs contract {contract}, and this version of img2img-runtime has 1" in plugin.problem
    assert module not in sys.modules
    with pytest.raises(PluginError, match=rf"foo \(img2img-foo 1.0\): needs contract {contract}"):
        host.family("foo")


def test_a_plugin_for_this_contract_is_used(install: Install) -> None:
    install("img2img-foo", FAMILY.format(name="foo"), contract="1", families="foo")
    assert PluginHost.discover().family("foo").name == "foo"


def test_a_declared_name_of_a_built_in_is_refused_without_an_import(install: Install) -> None:
    module = install("img2img-foo", FAMILY.format(name="srgan"), families="srgan")
    host = loaded()
    assert "the name 'srgan' is that of a built-in" in plugin_of(host, "foo").problem
    assert module not in sys.modules
    assert type(host.family("srgan")).__module__ == "img2img_srgan.family"


def test_a_command_is_found_by_its_declared_name(install: Install) -> None:
    install("img2img-foo", COMMAND, commands="greet")
    host = PluginHost.discover()
    assert "greet" in host.names(COMMANDS)
    assert host.find(COMMANDS, "greet").name == "greet"


@pytest.mark.parametrize(("limit", "families"), [("foo", ["foo"]), ("srgan, foo", ["foo", "srgan"]), ("", [])])
def test_img2img_plugins_limits_what_is_loaded(
    limit: str, families: list[str], install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("img2img-foo", FAMILY.format(name="foo"))
    left_out = install("img2img-bar", "import no_such_module")
    monkeypatch.setenv("IMG2IMG_PLUGINS", limit)
    host = PluginHost.discover()
    assert list(host.families) == families
    assert sorted(plugin.name for plugin in host.plugins if plugin.state == "ok") == families
    assert {plugin.state for plugin in host.plugins if plugin.name not in families} == {"blocked"}
    assert left_out not in sys.modules


def test_a_family_that_img2img_plugins_leaves_out_is_missed_with_that_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMG2IMG_PLUGINS", "foo")
    with pytest.raises(PluginError, match="Only the plugins 'foo' are used, as --plugins or IMG2IMG_PLUGINS says"):
        PluginHost.discover().family("srgan")


DAMAGE = {
    "metadata that are no text": ("METADATA", b"Metadata-Version: 2.1\nName: caf\xe9\nVersion: 1\n"),
    "entry points that are no text": ("entry_points.txt", b"[img2img]\nbad = caf\xe9\n"),
    "an entry point without a value": ("entry_points.txt", b"[img2img]\nbad\n"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_package_whose_metadata_are_damaged_takes_no_other_with_it(
    damage: str, install: Install, tmp_path: Path
) -> None:
    install("img2img-good", FAMILY.format(name="good"))
    install("img2img-bad", FAMILY.format(name="bad"))
    file, content = DAMAGE[damage]
    (tmp_path / "site" / "img2img_bad-1.0.dist-info" / file).write_bytes(content)
    host = loaded()
    assert {*BUILT_IN, "good"} <= set(host.families)
    assert plugin_of(host, "good").state == "ok"


def test_a_contract_with_a_number_beyond_all_bounds_is_another_contract(install: Install) -> None:
    install("img2img-foo", FAMILY.format(name="foo"), contract="9" * 5000)
    plugin = plugin_of(loaded(), "foo")
    assert plugin.state == "incompatible"
    assert len(plugin.problem) < 200


def test_a_plugin_may_be_written_for_several_contracts(install: Install, tmp_path: Path) -> None:
    install("img2img-foo", FAMILY.format(name="foo"), contract="2")
    points = tmp_path / "site" / "img2img_foo-1.0.dist-info" / "entry_points.txt"
    points.write_text(f"{points.read_text()}\n1 = img2img_foo\n")
    assert plugin_of(loaded(), "foo").state == "ok"


def test_two_entry_points_to_one_module_are_both_listed(install: Install, tmp_path: Path) -> None:
    install("img2img-foo", FAMILY.format(name="foo"))
    points = tmp_path / "site" / "img2img_foo-1.0.dist-info" / "entry_points.txt"
    points.write_text("[img2img]\nfoo = img2img_foo\ntwo = img2img_foo\n")
    states = {plugin.name: plugin.state for plugin in loaded().plugins}
    assert sorted([states["foo"], states["two"]]) == ["broken", "ok"]


def test_a_limit_takes_names_of_packages_and_warns_of_those_that_there_are_not(
    install: Install, caplog: pytest.LogCaptureFixture
) -> None:
    install("img2img-foo", FAMILY.format(name="foo"))
    host = PluginHost.discover(limit="img2img-foo,fooo")
    assert [plugin.name for plugin in host.plugins if plugin.state == "ok"] == ["foo"]
    assert [record.getMessage().split(",")[0] for record in caplog.records] == ["there is no plugin 'fooo'"]
