import subprocess
import sys

import pytest

COUNT = """if True:
    import resource
    import numpy as np
    from service.training.memory import keep_freed
    {first}
    def faults():
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    def step():
        arrays = [np.ones(10**6, np.float32) for _ in range(5)]
    step()
    before = faults()
    for _ in range(20):
        step()
    print(faults() - before)
"""


def faults(first):
    """Count the pages asked for anew by twenty steps that make and free five arrays of 4 MB."""
    code = COUNT.format(first=first)
    return int(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's own affair")
def test_what_a_step_frees_the_next_one_has_without_asking_for_it_anew():
    assert faults("keep_freed()") < faults("pass") / 10
