"""HTTP Message Signatures, RFC 9421, for requests.

Reads and checks everything of a signature that needs no key, and builds the signature base. Structured fields
(RFC 8941) are read by a grammar that takes only what may stand in these two headers.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, quote

from libline_fed.activitypub.keys import Algorithm, PrivateKey, algorithm_of
from libline_fed.errors import Refusal, RefusalReason
from libline_fed.federation.digests import check_content_digest, decode_base64
from libline_fed.federation.signed_requests import (
    MAX_COVERED_COUNT,
    MAX_KEY_ID_CHARACTERS,
    MAX_SIGNATURE_HEADER_CHARACTERS,
    Claim,
    HeaderValues,
    Origin,
    SignedRequest,
    check_window,
    refused,
)

SCHEME = "rfc9421"
LABEL = "sig1"
MAX_LABELS_COUNT = 8

# Without `alg` the key decides (§3.2 step 6); RSA in the fediverse is v1_5.
_ALGORITHMS: dict[str | None, tuple[Algorithm, ...]] = {
    None: (Algorithm.RSA_SHA256, Algorithm.RSA_PSS_SHA512, Algorithm.ED25519),
    "rsa-v1_5-sha256": (Algorithm.RSA_SHA256,),
    "rsa-pss-sha512": (Algorithm.RSA_PSS_SHA512,),
    "ed25519": (Algorithm.ED25519,),
}
_KEY = r"[a-z*][a-z0-9_.*-]*"
_INPUT_LABEL = re.compile(rf"[ \t]*({_KEY})=\([ ]*")
_COMPONENT = re.compile(r'"(@?[a-z0-9!#$%&\'*+.^_`|~-]+)"')
_BARE_ITEM = (
    r'"(?:[^"\\]|\\["\\])*"'  # string
    r"|-?\d{1,15}(?:\.\d{1,3})?"  # number
    r"|\?[01]"  # boolean
    r"|:[A-Za-z0-9+/=]*:"  # bytes
    r"|[A-Za-z*][\w:/.!#$%&'*+^`|~-]*"  # token
)
_PARAMETER = re.compile(rf";[ ]*({_KEY})(?:=({_BARE_ITEM}))?", re.ASCII)
_MEMBER_END = re.compile(r"[ \t]*(?:,(?=.)|$)")
_SIGNATURE = re.compile(rf"[ \t]*({_KEY})=:([A-Za-z0-9+/]*={{0,2}}):[ \t]*(?:,(?=.)|$)")
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Component:
    """One covered component (§2): a field name or a derived `@name`, and its parameters as spelled."""

    name: str
    parameters: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        """Spell the component identifier (§2.5)."""
        return f'"{self.name}"' + _spell(self.parameters)


@dataclass(frozen=True, slots=True)
class SignatureInput:
    """One member of `Signature-Input`: what is covered, and the signature's parameters as spelled."""

    covered: tuple[Component, ...]
    parameters: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        """Spell the value of `@signature-params` (§2.3)."""
        return "(" + " ".join(map(str, self.covered)) + ")" + _spell(self.parameters)

    def text(self, name: str) -> str | None:
        """Return a string parameter, or None if it is absent or no string."""
        value = dict(self.parameters).get(name, "")
        return _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else None

    def integer(self, name: str) -> int | None:
        """Return an integer parameter, or None if it is absent or no integer."""
        try:
            return int(dict(self.parameters).get(name, ""))
        except ValueError:
            return None

    def has(self, name: str) -> bool:
        """Tell whether a parameter is there at all."""
        return any(name == key for key, _ in self.parameters)


def _spell(parameters: tuple[tuple[str, str], ...]) -> str:
    return "".join(f";{name}={value}" if value else f";{name}" for name, value in parameters)


def parse_inputs(value: str) -> dict[str, SignatureInput] | None:
    """Read a `Signature-Input` header (§4.1), or return None if it is malformed or ambiguous."""
    if len(value) > MAX_SIGNATURE_HEADER_CHARACTERS:
        return None
    inputs: dict[str, SignatureInput] = {}
    position = 0
    while position < len(value):
        label = _INPUT_LABEL.match(value, position)
        if label is None or label[1] in inputs or len(inputs) == MAX_LABELS_COUNT:
            return None
        covered = _read_components(value, label.end())
        parameters = _read_parameters(value, covered[1]) if covered is not None else None
        end = _MEMBER_END.match(value, parameters[1]) if parameters is not None else None
        if covered is None or parameters is None or end is None:
            return None
        inputs[label[1]] = SignatureInput(covered[0], parameters[0])
        position = end.end()
    return inputs or None


def _read_components(value: str, position: int) -> tuple[tuple[Component, ...], int] | None:
    """Read the inner list from after its bracket; return it and the position behind it."""
    components: list[Component] = []
    while not value.startswith(")", position):
        name = _COMPONENT.match(value, position)
        parameters = _read_parameters(value, name.end()) if name is not None else None
        if name is None or parameters is None or len(components) == MAX_COVERED_COUNT:
            return None
        component = Component(name[1], parameters[0])
        if component in components:  # §2: each identifier occurs once
            return None
        components.append(component)
        position = parameters[1]
        spaces_end = position
        while value.startswith(" ", spaces_end):
            spaces_end += 1
        if spaces_end == position and not value.startswith(")", position):
            return None
        position = spaces_end
    return tuple(components), position + 1


def _read_parameters(value: str, position: int) -> tuple[tuple[tuple[str, str], ...], int] | None:
    """Read the parameters at a position; return them and the position behind them."""
    parameters: list[tuple[str, str]] = []
    while match := _PARAMETER.match(value, position):
        if any(match[1] == name for name, _ in parameters):
            return None
        parameters.append((match[1], match[2] or ""))
        position = match.end()
    return tuple(parameters), position


def parse_signatures(value: str) -> dict[str, bytes] | None:
    """Read a `Signature` header (§4.2), or return None if it is malformed or ambiguous."""
    if len(value) > MAX_SIGNATURE_HEADER_CHARACTERS:
        return None
    signatures: dict[str, bytes] = {}
    position = 0
    while position < len(value):
        match = _SIGNATURE.match(value, position)
        signature = decode_base64(match[2]) if match is not None else None
        if match is None or not signature or match[1] in signatures:
            return None
        signatures[match[1]] = signature
        position = match.end()
    return signatures or None


def signature_base(
    signature_input: SignatureInput, *, method: str, target: str, origin: Origin, headers: HeaderValues
) -> bytes | Refusal:
    """Build the signature base (§2.5)."""
    lines = []
    for component in signature_input.covered:
        value = _value_of(component, method, target, origin, headers)
        if value is None:
            return refused(RefusalReason.BAD_SIGNATURE, f"{component} is signed but absent or not supported")
        lines.append(f"{component}: {value}")
    lines.append(f'"@signature-params": {signature_input}')
    return "\n".join(lines).encode("latin-1", "backslashreplace")


def _value_of(
    component: Component, method: str, target: str, origin: Origin, headers: HeaderValues
) -> str | None:
    path, mark, query = target.partition("?")
    if component.name == "@query-param":
        return _query_param(component, query)
    if component.parameters:  # ;sf ;key ;bs ;tr ;req (§2.1): nobody signs so here
        return None
    match component.name:
        case "@method":
            return method
        case "@target-uri":
            return f"{origin.scheme}://{origin.authority}{target}"
        case "@authority":
            return origin.authority
        case "@scheme":
            return origin.scheme
        case "@request-target":
            return target
        case "@path":
            return path or "/"
        case "@query":  # §2.2.7: an absent query is a lone question mark
            return f"?{query}" if mark else "?"
        case name:
            return headers.joined(name) if not name.startswith("@") else None


def _query_param(component: Component, query: str) -> str | None:
    """Return the one value of a query parameter in its normal spelling (§2.2.8)."""
    if len(component.parameters) != 1 or component.parameters[0][0] != "name":
        return None
    wanted = component.parameters[0][1][1:-1]
    pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=100) if query.count("&") < 100 else []
    values = [value for name, value in pairs if quote(name, safe="*-._") == wanted]
    return quote(values[0], safe="*-._") if len(values) == 1 else None


def read_claim(
    request: SignedRequest, headers: HeaderValues, value: str, *, origin: Origin, now: datetime
) -> Claim | Refusal:
    """Turn `Signature-Input` and the `Signature` header `value` into a claim.

    Only if it covers enough, is timely and fits the body; else a refusal.
    """
    inputs = parse_inputs(headers.joined("signature-input") or "")
    signatures = parse_signatures(value)
    if inputs is None or signatures is None:
        return refused(RefusalReason.BAD_SIGNATURE, "Signature-Input or Signature is malformed")
    # A proxy may have added its own label, but two that name a key would let two readers pick two senders.
    labels = [label for label in inputs if label in signatures and inputs[label].text("keyid")]
    if len(labels) != 1:
        return refused(RefusalReason.BAD_SIGNATURE, f"{len(labels)} signatures that name a key")
    chosen, signature = inputs[labels[0]], signatures[labels[0]]
    key_id = chosen.text("keyid") or ""
    if len(key_id) > MAX_KEY_ID_CHARACTERS:
        return refused(RefusalReason.UNUSABLE_KEY, f"a keyid of {len(key_id)} characters")
    algorithms = _ALGORITHMS.get(chosen.text("alg") if chosen.has("alg") else None)
    if algorithms is None or (chosen.has("alg") and chosen.text("alg") is None):
        return refused(RefusalReason.BAD_SIGNATURE, "an unknown alg")
    refusal = (
        _check_coverage(request, chosen) or _check_times(chosen, now) or _check_body(request, headers, chosen)
    )
    if refusal is not None:
        return refusal
    base = signature_base(
        chosen, method=request.method, target=request.target, origin=origin, headers=headers
    )
    if isinstance(base, Refusal):
        return base
    return Claim(SCHEME, key_id, algorithms, (base,), signature)


def _check_coverage(request: SignedRequest, chosen: SignatureInput) -> Refusal | None:
    covered = {component.name for component in chosen.covered if not component.parameters}
    required = {"@method", "@target-uri"}
    if request.body or request.method not in {"GET", "HEAD"}:
        required.add("content-digest")
    missing = required - covered
    if missing:
        return refused(RefusalReason.BAD_SIGNATURE, f"not signed: {' '.join(sorted(missing))}")
    return None


def _check_times(chosen: SignatureInput, now: datetime) -> Refusal | None:
    created_at, expires_at = chosen.integer("created"), chosen.integer("expires")
    if created_at is None:
        return refused(RefusalReason.BAD_SIGNATURE, "no created")
    if chosen.has("expires") and expires_at is None:
        return refused(RefusalReason.BAD_SIGNATURE, "expires is not an integer")
    return check_window(signed_at=created_at, created_at=created_at, expires_at=expires_at, now=now)


def _check_body(request: SignedRequest, headers: HeaderValues, chosen: SignatureInput) -> Refusal | None:
    if all(component.name != "content-digest" for component in chosen.covered):
        return None
    if not request.body:
        return refused(RefusalReason.BAD_DIGEST, "a digest of nothing")
    value = headers.joined("content-digest")
    if value is None:
        return refused(RefusalReason.BAD_DIGEST, "no Content-Digest")
    return check_content_digest(value, request.body)


def spell_input(*, has_body: bool, created_at: int, key_id: str, private_key: PrivateKey) -> SignatureInput:
    """Make the input of LibLine's own signatures."""
    names = ("@method", "@target-uri", "content-digest") if has_body else ("@method", "@target-uri")
    return SignatureInput(
        tuple(Component(name, ()) for name in names),
        (("created", str(created_at)), ("keyid", f'"{key_id}"'), ("alg", f'"{algorithm_of(private_key)}"')),
    )
