"""A reader of the log that stalls."""


def test_a_stalled_reader_of_the_log_makes_nobody_wait(stalled, png):
    answers = [stalled.classify(png, **{"X-Request-ID": "x" * 128}).status_code for _ in range(300)]
    assert set(answers) == {200}
    assert stalled.samples()[("digits_log_lines_dropped_total",)] > 0
