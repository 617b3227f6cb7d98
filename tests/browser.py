"""What a web page in the developer's browser can send to a port of this machine.

A page cannot choose the headers that say where it comes from, and gets to read a response only
where the response's CORS headers let it. https://fetch.spec.whatwg.org/
"""

import http.client
from dataclasses import dataclass, field

CROSS_SITE = {"Origin": "https://page.example", "Sec-Fetch-Site": "cross-site"}


@dataclass(frozen=True)
class Answer:
    """The response to a request, as the server sent it."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Page:
    """A page and the port that it has found.

    Attributes:
        host: the name in the address bar's place: the page's own one after DNS rebinding.
        said: the headers that the browser adds to each of its requests.
    """

    port: int
    host: str = "127.0.0.1"
    said: dict[str, str] = field(default_factory=lambda: dict(CROSS_SITE))

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """Send a request, whatever the browser would let it have of the response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        own = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            host = {"Host": f"{self.host}:{self.port}"}
            connection.request(method, path, body, host | self.said | own)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()


def pages(port: int) -> dict[str, Page]:
    """The ways in which a page may come, and one program that sends no browser's headers."""
    return {
        "fetch": Page(port),
        "older browser": Page(port, said={"Origin": "https://page.example"}),
        "sandboxed frame": Page(port, said={"Origin": "null", "Sec-Fetch-Site": "cross-site"}),
        "page of another port": Page(
            port, said={"Origin": "http://127.0.0.1:3000", "Sec-Fetch-Site": "same-site"}
        ),
        "link or image": Page(port, said={"Sec-Fetch-Site": "cross-site"}),
        "rebound name": Page(port, "page.example", {"Sec-Fetch-Site": "same-origin"}),
        "rebound name, older browser": Page(port, "page.example", {}),
        "name that ends like ours": Page(port, "bucket.localhost", {}),
        "no browser": Page(port, said={}),
    }
