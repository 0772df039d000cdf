"""Jobs of a node that is killed."""

from __future__ import annotations

import signal
import subprocess
import sys

JOB = """
import signal, sys, time
from node.runner import end_with_the_node
signal.signal(signal.SIGINT, lambda *_: sys.exit(print("told to end", flush=True)))
end_with_the_node()
print("runs", flush=True)
time.sleep(60)
"""
NODE = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


def test_a_job_ends_in_good_order_when_its_node_is_killed():
    with subprocess.Popen([sys.executable, "-c", NODE, JOB], stdout=subprocess.PIPE, text=True) as node:
        assert node.stdout.readline() == "runs\n"
        node.send_signal(signal.SIGKILL)
        assert node.stdout.read() == "told to end\n"
