"""A bus that accepts and never answers, as one does whose machine has lost power behind a switch, or that hangs."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class SilentBus:
    """Listens on loopback; what is sent to it stays unanswered."""

    url: str
    connections: list[socket.socket] = field(default_factory=list)


@contextmanager
def silent_bus() -> Iterator[SilentBus]:
    """Give a bus that is silent until the block ends, and then gone."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        bus = SilentBus(f"redis://127.0.0.1:{server.getsockname()[1]}/0")

        def accept() -> None:
            while True:
                try:
                    bus.connections.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield bus
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in bus.connections:
                connection.close()
