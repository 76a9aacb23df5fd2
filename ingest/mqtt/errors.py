"""How the codec's own functions say that bytes are broken; a decoder turns it into a `packets.Fault`."""


class BrokenError(Exception):
    """Bytes that are no MQTT. Never leaves the decoder."""


class MalformedPacketError(BrokenError):
    """The bytes of a packet do not follow the specification."""


class ProtocolError(BrokenError):
    """A well-formed packet, or value, that must not be sent there, then or twice."""


class PacketTooLargeError(BrokenError):
    """Longer than the decoder's owner allows."""


class UnsupportedVersionError(BrokenError):
    """A CONNECT of a protocol that is none of ours."""
