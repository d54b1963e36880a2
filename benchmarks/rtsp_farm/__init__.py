"""A farm of RTSP cameras on loopback: pre-encoded clips, packetised once, sent to any number of viewers cheaply."""
