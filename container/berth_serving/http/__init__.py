"""HTTP/1.1 and WebSockets on asyncio: httptools and wsproto parse, this holds connections.

A general server's layers (uvicorn and Starlette) took a third of what the front does for a request.
"""
