"""A sans-I/O codec for MQTT 3.1, 3.1.1 and 5, for servers and clients: bytes in, packets out, and back. Pure.

Theory
======

MQTT is a stream of packets: a byte of kind and flags, a length of one to four bytes (seven bits each), a body. Nothing
marks a packet's begin, so after one broken packet the stream cannot be trusted and the connection must end. Hence:

1.  `decoder.Decoder` is fed with whatever the network gave and returns the packets that became whole, in order. Several
    in one read come back in one list; a part of one is kept until the rest arrives, and not looked at again before.
2.  A broken stream ends in one `packets.Fault`, always the last thing a decoder gives: its `code` is the reason that
    MQTT 5 sends, its `detail` is for people. No bytes raise anything. What the peer must not do *with* whole packets
    (publish to foreign topics, exceed the receive maximum) is the owner's business, not the codec's.
3.  The three versions differ in tables, not in classes. A server learns `level` from CONNECT, a client is given it:

    | level | name, number | properties | codes in PUBACK, UNSUBACK, DISCONNECT | flags of the fixed header |
    |---|---|---|---|---|
    | V31  | MQIsdp, 3 | no  | no  | DUP is tolerated everywhere |
    | V311 | MQTT, 4   | no  | no  | as the table says, else broken |
    | V5   | MQTT, 5   | yes | yes | as the table says, else broken |

4.  Who may send what is a table too (`decoder.RECEIVED_BY`):

    | packets | client | server |
    |---|---|---|
    | CONNECT | first, and once | |
    | SUBSCRIBE, UNSUBSCRIBE, PINGREQ | yes | |
    | CONNACK, SUBACK, UNSUBACK, PINGRESP | | yes |
    | PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP | yes | yes |
    | DISCONNECT | yes | yes, from MQTT 5 on |
    | AUTH | refused: terminals have passwords | refused |
5.  Nearly all that ever passes is PUBLISH in and PUBACK out. These two have a path without a reader object and without
    a dispatch: slices of the read buffer, and the last topic remembered, since a terminal repeats itself.

`packets` says what a packet holds, `properties` is the table of MQTT 5's properties, `fields` are the primitive types,
`bodies` reads what is not PUBLISH, `encode` writes, `topics` knows names, filters and matching.

Sources: OASIS MQTT 3.1.1 and 5.0; IBM's MQTT V3.1 specification. Clause numbers below are those of MQTT 5.0.
"""
