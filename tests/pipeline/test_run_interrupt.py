"""An interrupt that a fit has answered still ends the run."""

import signal
import threading

import pytest

from appliednn.pipeline._interrupt import InterruptWatch


def swallow():
    """Do as a neural fit does: stop early, keep what there is, say nothing."""
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        return "best weights so far"


def test_a_swallowed_interrupt_is_remembered():
    with InterruptWatch() as watch:
        watch.check()
        assert swallow() == "best weights so far"
        with pytest.raises(KeyboardInterrupt):
            watch.check()


def test_the_handler_is_put_back():
    before = signal.getsignal(signal.SIGINT)
    with InterruptWatch():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_a_callers_own_handler_is_left_alone():
    def own(number, frame):
        raise AssertionError

    before = signal.signal(signal.SIGINT, own)
    try:
        with InterruptWatch():
            assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, before)


def test_works_outside_the_main_thread():
    def work():
        with InterruptWatch() as watch:
            watch.check()
        done.append(True)

    done = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [True]
