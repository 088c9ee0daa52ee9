"""Plugins that watch jobs and runs and do what no observer should: as text to install, each with how programs end."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent
from typing import NamedTuple


class Misdeed(NamedTuple):
    when: str
    """`import`, or the part of a job or run at which it is done: `started`, `going` or `ended`."""
    code: str
    translate: int | None = 0
    """The exit status of `translate`; None where any is right that does not hide lost work."""
    train: int | None = 0


_DIE = "import os; os._exit(0)"

MISDEEDS = {
    "clears_items": Misdeed("started", "job.items.clear()"),
    "sets_items": Misdeed("started", "job.items = ()"),
    "sets_status": Misdeed("started", "for item in job.items: item.status = 'done'"),
    "forces_status": Misdeed("started", "for item in job.items: object.__setattr__(item, 'status', 'done')"),
    "forces_path": Misdeed("started", "job.items[0].target._str = '/nowhere'"),
    "sets_options": Misdeed("started", "job.options['format'] = '.gif'"),
    "forces_options": Misdeed("started", "dict.clear(job.options)"),
    "sets_step": Misdeed("started", "run.step = 10**9"),
    "forces_step": Misdeed("started", "object.__setattr__(run, 'step', 10**9)"),
    "forces_config": Misdeed("started", "run.config.__dict__['pretrain_steps'] = 0"),
    "clears_losses": Misdeed("going", "losses.clear()"),
    "forces_losses": Misdeed("going", "dict.clear(losses)"),
    "exits": Misdeed("started", "import sys; sys.exit(0)"),
    "exits_by_click": Misdeed("started", "import click; raise click.exceptions.Exit(0)"),
    "raises_ctrl_c": Misdeed("started", "raise KeyboardInterrupt"),
    "raises_panic": Misdeed("started", "raise type('Panic', (BaseException,), {})"),
    "recurses": Misdeed("started", "misdeed(job=job)"),
    "dies": Misdeed("started", _DIE, 3, 3),
    "dies_late": Misdeed("ended", _DIE, 3, 3),
    "dies_in_thread": Misdeed(
        "started", f"import threading; threading.Thread(target=exec, args=({_DIE!r},)).start()", 3, 3
    ),
    "dies_at_exit": Misdeed("started", "import atexit, os; atexit.register(os._exit, 0)"),
    "dies_at_exit_having_deleted": Misdeed(
        "going", "import atexit, os; atexit.register(os._exit, 0); items[0].target.unlink()", 1
    ),
    "dies_by_faulthandler": Misdeed(
        "started", "import faulthandler, time; faulthandler.dump_traceback_later(.01, exit=True); time.sleep(60)", 3, 3
    ),
    "kills_itself": Misdeed("going", "import os; os.kill(os.getpid(), 9)", 3, 3),
    "crashes": Misdeed("going", "import ctypes; ctypes.string_at(0)", 3, 3),
    "becomes_another": Misdeed("started", "import os; os.execv('/bin/sh', ['sh', '-c', 'exit 0'])", 3, 3),
    "presses_ctrl_c": Misdeed("started", "import signal; signal.raise_signal(signal.SIGINT)", 130, 130),
    "fails_in_thread": Misdeed("started", "import threading; threading.Thread(target=lambda: 1 / 0).start()"),
    "exits_in_thread": Misdeed("started", "import sys, threading; threading.Thread(target=sys.exit).start()"),
    "forks": Misdeed("started", "import os\nif os.fork() == 0: os._exit(0)"),
    "replaces_exits": Misdeed("started", "import os, sys; sys.exit = os._exit = print"),
    "replaces_open": Misdeed("started", "import builtins; builtins.open = None", None, None),
    "replaces_streams": Misdeed("started", "import sys; sys.stdout = sys.stderr = None"),
    "replaces_main_thread": Misdeed("started", "import threading; threading.main_thread = lambda: None"),
    "closes_streams": Misdeed("started", "import os\nfor number in range(3): os.close(number)"),
    "closes_everything": Misdeed("started", "import os; os.closerange(3, 4000)", 3, 3),
    "clears_modules": Misdeed("started", "import sys; sys.modules.clear()", None, None),
    "clears_path": Misdeed("started", "import sys; sys.path.clear(); sys.meta_path.clear()", None, None),
    "limits_files": Misdeed(
        "started", "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))", None, None
    ),
    "limits_size": Misdeed("started", "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))", None, None),
    "limits_time": Misdeed(
        "started", "import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\nwhile True: pass", 3, 3
    ),
    "stops_collecting": Misdeed("started", "import gc; gc.disable(); gc.freeze()"),
    "walks_away": Misdeed("started", "import os; os.chdir('/')"),
    "walks_away_in_thread": Misdeed(
        "started", "import os, threading; threading.Thread(target=os.chdir, args=('/',)).start()", None, None
    ),
    "ignores_signals": Misdeed("started", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"),
    "deletes_source": Misdeed("started", "job.items[0].source.unlink()", 1),
    "deletes_target": Misdeed("going", "items[0].target.unlink()", 1),
    "empties_target": Misdeed("going", "items[0].target.write_bytes(b'')", 1),
    "replaces_target": Misdeed("going", "items[0].target.unlink(); items[0].target.mkdir()", 1),
    "deletes_all_late": Misdeed(
        "ended", "import shutil; shutil.rmtree(job.items[0].target.parent if job else run.folder)", 1, 3
    ),
    "dies_at_import": Misdeed("import", _DIE),
    "crashes_at_import": Misdeed("import", "import os; os.abort()"),
    "exits_at_import": Misdeed("import", "import sys; sys.exit(0)"),
    "raises_ctrl_c_at_import": Misdeed("import", "raise KeyboardInterrupt"),
    "closes_streams_at_import": Misdeed("import", "import os\nfor number in range(3): os.close(number)"),
}

_MODULE = """
import img2img

def misdeed(job=None, items=(), run=None, losses=None):
{}
"""
_HOOKS = {
    "started": "translation_started(job): misdeed(job)\n",
    "going": "batch_translated(job, items): misdeed(job, items)\n",
    "ended": "translation_finished(job): misdeed(job)\n",
}
_OF_RUNS = {
    "started": "training_started(run): misdeed(run=run)\n",
    "going": "training_stepped(run, losses): misdeed(run=run, losses=losses)\n",
    "ended": "training_finished(run): misdeed(run=run)\n",
}


def install(site: Path, name: str) -> None:
    """Write a distribution with a plugin that declares to be an observer."""
    when, code, *_ = MISDEEDS[name]
    at_import = when == "import"
    text = _MODULE.format(indent("pass" if at_import else code, "    ")) + (code if at_import else "")
    when = "started" if at_import else when
    for hook in (_HOOKS[when], _OF_RUNS[when]):
        text += f"\n@img2img.hookimpl\ndef {hook}"
    (site / f"{name}.py").write_text(text, "utf-8")
    info = site / f"img2img_{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: img2img-{name.replace('_', '-')}\nVersion: 1.0\n")
    groups = ("img2img", "img2img.observers")
    (info / "entry_points.txt").write_text("\n".join(f"[{group}]\n{name} = {name}" for group in groups))
