"""The cyclic collector of a process that handles many rows."""

import gc


def spare_collector() -> None:
    """Let the cyclic collector of this process leave alone what is loaded, and come seldom.

    Rows in work are many and hold no cycles; walking them again and again took a quarter of the
    time of a large submission, and half of that of a large reply. Called when all is loaded.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 100)
