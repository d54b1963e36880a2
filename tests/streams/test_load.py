from streams.load import Load


def test_a_thread_that_never_waits_does_not_keep_up() -> None:
    """A thread that has not waited for the network for 3 s is overloaded until it waits again."""
    load = Load()
    assert load.keeps_up(0.0, 0.04)
    assert load.keeps_up(3.0, 3.0)
    assert not load.keeps_up(3.5, 3.5)
    assert load.keeps_up(3.6, 3.7)
