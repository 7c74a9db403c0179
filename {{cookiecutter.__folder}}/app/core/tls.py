"""TLS of connections to servers: whom to trust, and the certificate to show."""

import ssl


def make_context(
    *,
    ca: str | None = None,
    certificate: str | None = None,
    key: str | None = None,
    password: str | None = None,
    verify: bool = True,
    check_hostname: bool = True,
) -> ssl.SSLContext:
    """Return a context that trusts the certificates in a file, or those of the system.

    Raises ValueError, one sentence, for files that hold something else.
    """
    try:
        context = ssl.create_default_context(cafile=ca)
    except (OSError, ValueError):
        raise ValueError(f"{ca} holds no certificates in PEM") from None
    context.check_hostname = check_hostname and verify
    if not verify:
        context.verify_mode = ssl.CERT_NONE
    if certificate:
        try:
            # Without a function, a terminal would be asked for the password.
            context.load_cert_chain(certificate, key, password=lambda: password or "")
        except (OSError, ValueError):
            raise ValueError(
                f"{certificate} and its key cannot be used: they are not in PEM, "
                "do not belong together, or the key needs another password"
            ) from None
    elif key:
        raise ValueError("there is a key without its certificate")
    return context


def find_tls_error(error: BaseException | None) -> ssl.SSLError | None:
    """Return the error of TLS that caused another one, if one did."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, ssl.SSLError):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def explain_refusal(error: BaseException) -> str | None:
    """Return in one sentence which certificate is not accepted, or None when none is to blame."""
    found = find_tls_error(error)
    if isinstance(found, ssl.SSLCertVerificationError):
        reason = found.verify_message.rstrip(".") or "it cannot be verified"
        return f"the server's certificate is not accepted: {reason}"
    reason = (found and found.reason) or ""
    if "ALERT" in reason and ("CERTIFICATE" in reason or "UNKNOWN_CA" in reason):
        told = reason.partition("ALERT_")[2].replace("_", " ").lower()
        return f"the server does not accept the certificate that it was shown, if any: {told}"
    return None
