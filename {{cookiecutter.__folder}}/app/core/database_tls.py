"""Why a database server ends the connection of a client that shows it a certificate."""

import asyncio
import ssl
import struct

# {% if cookiecutter.database == "postgresql" %}
TLS_REQUEST = struct.pack(">ii", 8, 80_877_103)
# {% endif %}
# {% if cookiecutter.database == "mysql" %}
HEADER_BYTES = 4
# The protocol of version 4.1, with TLS, packets of 16 MiB at most, in utf8mb4.
TLS_REQUEST = struct.pack("<IIIB23x", 1 << 24 | 32, 0x0008_8A00, 1 << 24, 45)
# {% endif %}
# A server that accepts a certificate waits for a login then.
REFUSAL_SECONDS = 2.0


async def find_refusal(host: str, port: int, shown: ssl.SSLContext) -> ssl.SSLError | None:
    """Return why a server does not take the certificate that it is shown, if that is so.

    It tells that when the driver has sent a login already, and ends the connection with that
    unread: what it told is lost then, nearly always. So here no login is sent.
    """
    try:
        async with asyncio.timeout(REFUSAL_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                # {% if cookiecutter.database == "postgresql" %}
                writer.write(TLS_REQUEST)
                if await reader.readexactly(1) != b"S":
                    return None
                # {% endif %}
                # {% if cookiecutter.database == "mysql" %}
                greeting = await reader.readexactly(HEADER_BYTES)
                await reader.readexactly(int.from_bytes(greeting[:3], "little"))
                writer.write(TLS_REQUEST)
                # {% endif %}
                await writer.start_tls(shown, server_hostname=host)
                await reader.read(1)
            finally:
                writer.close()
    except ssl.SSLError as error:
        return error
    except (OSError, EOFError):
        return None
    return None
