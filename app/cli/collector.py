"""The cyclic collector of a process that handles many rows."""

import gc
import importlib
from types import ModuleType


def load_module(module: str) -> ModuleType:
    """Import a module, without looking for garbage among what it loads meanwhile.

    Nothing of what is loaded is let go, and walking it again and again took an eighth of the time.
    """
    gc.disable()
    try:
        return importlib.import_module(module)
    finally:
        gc.enable()


def spare_collector() -> None:
    """Let the cyclic collector of this process leave alone what is loaded, and come seldom.

    Rows in work are many and hold no cycles; walking them again and again took a quarter of the
    time of a large submission, and half of that of a large reply. Called when all is loaded.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)
