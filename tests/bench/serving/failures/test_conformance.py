from bench.serving.failures.conformance import faults

REPORT = """<?xml version="1.0"?>
<testsuites>
  <testsuite>
    <testcase name="GET /ping"/>
    <testcase name="POST /invocations">
      <failure message="ST101">1. Test Case&#10;   - Server error</failure>
      <error>ConnectionError: refused</error>
    </testcase>
  </testsuite>
</testsuites>
"""


def test_each_failure_and_error_is_a_line() -> None:
    assert faults(REPORT) == [
        "POST /invocations: ST101 1. Test Case - Server error",
        "POST /invocations: ConnectionError: refused",
    ]
