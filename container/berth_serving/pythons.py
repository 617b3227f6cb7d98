"""What Python 3.11 brought, for models of Python 3.10."""

import asyncio
import sys
from datetime import timezone

UTC = timezone.utc  # noqa: UP017

if sys.version_info >= (3, 11):  # noqa: UP036 - the checkout is of 3.11, the image of any
    from asyncio import Runner, timeout, timeout_at

    ExceptionGroups: type[BaseException] | tuple[()] = BaseExceptionGroup

    def uncancelled(task: "asyncio.Task[object]") -> bool:
        """Take back one cancellation; whether there is no other."""
        return not task.uncancel()

else:
    ExceptionGroups = ()

    class Runner:
        """One event loop for all calls."""

        def __init__(self):
            self._loop = asyncio.new_event_loop()

        def run(self, coroutine):
            """Run a coroutine to its end."""
            return self._loop.run_until_complete(coroutine)

    class timeout_at:  # noqa: N801 - as in asyncio
        """Cancel the block at `when` of the loop's clock, and raise TimeoutError from it."""

        def __init__(self, when):
            self._when, self._late = when, False

        async def __aenter__(self):
            self._task = asyncio.current_task()
            self._timer = asyncio.get_running_loop().call_at(self._when, self._expire)

        async def __aexit__(self, kind, error, frames):
            self._timer.cancel()
            if self._late and kind is asyncio.CancelledError:
                raise TimeoutError from None

        def _expire(self):
            self._late = True
            self._task.cancel()

    def timeout(seconds):
        """The same, `seconds` from now."""
        return timeout_at(asyncio.get_running_loop().time() + seconds)

    def uncancelled(_task):
        """A task of this Python does not count its cancellations."""
        return True


__all__ = ["UTC", "ExceptionGroups", "Runner", "timeout", "timeout_at", "uncancelled"]
