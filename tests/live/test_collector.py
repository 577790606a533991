"""A server looks at what it started with once: the collector does not go through all of it for every few messages."""

import asyncio
import sys

from dibs_realtime.serving import GC_THRESHOLD
from dibs_realtime.settings import Settings, environment

PROGRAM = """
import gc, os, signal, threading, time
from dibs_realtime import serving, settings

def look():
    for _ in range(600):
        if gc.get_freeze_count():
            break
        time.sleep(0.1)
    time.sleep(0.1)
    print(gc.get_freeze_count(), gc.get_threshold()[0], flush=True)
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=look).start()
serving.run(settings.load())
"""


async def test_the_collector_is_tuned_once_the_server_has_started(settings: Settings):
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM),
        env=environment(settings.model_copy(update={"port": 0})),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    frozen, threshold = map(int, output.split())
    assert frozen > 50_000
    assert threshold == GC_THRESHOLD
    assert process.returncode == 0
