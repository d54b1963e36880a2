"""What schemathesis has to be told of this API: bodies that are files."""

import schemathesis


@schemathesis.serializer("video/mp4", "application/x-tar")
def as_bytes(_: schemathesis.SerializationContext, value: object) -> bytes:
    """Return a body as it goes over the wire."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")
