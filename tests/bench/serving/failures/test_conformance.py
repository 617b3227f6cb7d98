from bench.serving.failures.conformance import faults

REPORT = """<?xml version="1.0"?>
<testsuites>
  <testsuite>
    <testcase name="GET /ping"/>
    <testcase name="POST /invocations">
      <failure message="Server error&#10;   [500] Internal">details</failure>
      <error>ConnectionError: refused</error>
    </testcase>
  </testsuite>
</testsuites>
"""


def test_each_failure_and_error_is_a_line() -> None:
    assert faults(REPORT) == [
        "POST /invocations: Server error [500] Internal",
        "POST /invocations: ConnectionError: refused",
    ]
