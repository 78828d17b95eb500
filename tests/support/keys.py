"""Committed key pairs for tests (making an RSA key for each test is slow), and a key source that knows them.

They protect nothing. Never use them outside tests.
"""

from libline_fed.activitypub.keys import KeyPair, PublicKey, load_private, load_public
from libline_fed.errors import Refusal, RefusalReason
from libline_fed.federation.signatures import VerificationKey

ANA_RSA = KeyPair(
    public_pem="""\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAvjKeSjcXPLX7H3/VsYf2
grrPht5lLQ24lst+2tBVVv1fccrK5/cBS++YSaFldun6zULeo5TKWm/H2pac8YNa
WVdzPR6OS2ygB4EGaDNCPj+fskDCiRSRQrONX0vK1gI08c75PmMaVplsd+CYL+aH
7oLk9HbLCnk3DDCO99tPH66vXLpB+n27D5EJX6ItSjkwLHuV801D9jXYXiNlxD2u
3+GykgCVQcSXPVmvNXvEwEWSsRVnvakujAx0A1ui+5cO1ajJYDVLIxAwO9BCgJNg
IKTQWONKLlf59c1e/4vwjfXy9IubomJoZm3jXqC0OVdC6GDfLMVE+elHCuSLDsdQ
rwIDAQAB
-----END PUBLIC KEY-----
""",
    private_pem=b"""\
-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC+Mp5KNxc8tfsf
f9Wxh/aCus+G3mUtDbiWy37a0FVW/V9xysrn9wFL75hJoWV26frNQt6jlMpab8fa
lpzxg1pZV3M9Ho5LbKAHgQZoM0I+P5+yQMKJFJFCs41fS8rWAjTxzvk+YxpWmWx3
4Jgv5ofuguT0dssKeTcMMI73208frq9cukH6fbsPkQlfoi1KOTAse5XzTUP2Ndhe
I2XEPa7f4bKSAJVBxJc9Wa81e8TARZKxFWe9qS6MDHQDW6L7lw7VqMlgNUsjEDA7
0EKAk2AgpNBY40ouV/n1zV7/i/CN9fL0i5uiYmhmbeNeoLQ5V0LoYN8sxUT56UcK
5IsOx1CvAgMBAAECggEAQQc/dXJmgHxb0sY7QsqQrtu+LoeFIiVJ0kzbH2cRdn+E
jXxfaXXbPKI7eBk1frW66UkOo/EwSkFjnEnYeP6G+nrazK/QyNrn0Aj+Lswvvuaz
7BcWLBYbICoRkN5yCD+S6IXyU7FAhRFJs6bXgbEZEqQwMaEYBImzF3jWuMmDwPm6
iwj7A9X1KEu72LrARIBhxFjsuycBDELAd5CZnBFvsuroSaHNzcWYkAX+F64ZEjOG
qRQGqgCckWm/D9FOiYyR3PHBxsT/Ylpvx/e+q8MINOcOxgaKbKi8IeKwbvLwJUml
JroPa3mKxJMgC4B+La1JTMHzYMhOPBYJHNgMhtSbSQKBgQDrNMOJRCbKx0oLcmLp
MYxLJ/zB9zhdfrBihDTXYDgxIh/GveLqEM85LM4D4pajm/4fUeRQT5QXC/pNsn1k
gH0XRR6TnCSRw2PVEbq65PeUx5PlNKOPRCWNt/vOiKZba8mitInH0xVONDvodR5h
2G8NZCsTz+crr+8vQqybpgAtawKBgQDPAzcIRELjRxz7BP4thIgI05yCYu66H5jI
fBYM6jr8Vm8t0xwEvsirRIjPyOPo6nY2+9ret0pn3/gA++VtJGhE8LVdjZrcrzRq
N8nAdtuUmZ1EVevXtwizew8ECE9aqGKN6v3FE6s3/bucKzsf9UROZkvvOpifhzwU
2OWrw2NWzQKBgBC+7vUE7yYczj7GZBhqOKzZKfu9WDv/2xsIgqKa7SVCYrTJrDAy
Bi7x67EHHuaDIrKkJ/c30zlY1vdVL+xJ4Z4Yg7bKtSfTm3X+DydjSeVD2FnHR6XZ
mjre0ITB4eY8ZFy7MdwSQUASI/nG7OTWfgGcEh0U/kZz/jmFK7jhNr4FAoGARMv4
uhKVeBrmErYyEsZ8vxI0bVCbrddaWyaB3YDqYXoIMN577UfKQMDiBsvokjt5VgSV
VHbtj1/rd8g/EuqKjH7Ch3jMApNng/VOY1wc1WHH1jIH0wTNK3i2IMzyMlrLhgaW
l6xVtqHoe5oSaCiGrtdoXPTITBwRZ4w9p7ujg/ECgYEA1k3wDrNggIkuqxsrw0ZK
7riu8/6HEM2Qm1yQjixcUs3K0m1brqSeEb6LHun413fjC1gDs05WPNF83f1gXX21
AR59WWYhRG8t/Qo0Q0MNZLLVIsgN5O/9CcQpXBirssXCJ4/r/bZ7ZzAfGu7oeTJX
YBploOfMfUWyUpk0fSNExPk=
-----END PRIVATE KEY-----
""",
)

BEN_RSA = KeyPair(
    public_pem="""\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAjuHlxx3HptavxK4D3mGl
W+cOlMGwPDyMO7+TxfGes0gp5yVeeBwoH4HXG0+dVnuf8WPv7o1+QjN+xwNDtUQI
Q5CRhZ4utitaGjKPiRtb7+85qxNeFNhvlkfAcZo2flwi+6MFTvBkBP8wzMBiaiJ7
rrP214DFK6lvGOL73JqkwdCdeSay9YHfsJFNJqbG3dWTsI8ZSURySN35+mg2Oxp7
Qzk2CJhfyDaXr5r+2r0ozD2JLGOQXyiZNXhqfMqTNZWSYZSd+GuRQhqqNNT0Rl5O
ARMQpPSIkzNMlqMI/cHcMxCdEjA1KjSJHQrTt8TwfcadVXEAA6NpOy7LYmu8dn0Z
PwIDAQAB
-----END PUBLIC KEY-----
""",
    private_pem=b"""\
-----BEGIN PRIVATE KEY-----
MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCO4eXHHcem1q/E
rgPeYaVb5w6UwbA8PIw7v5PF8Z6zSCnnJV54HCgfgdcbT51We5/xY+/ujX5CM37H
A0O1RAhDkJGFni62K1oaMo+JG1vv7zmrE14U2G+WR8BxmjZ+XCL7owVO8GQE/zDM
wGJqInuus/bXgMUrqW8Y4vvcmqTB0J15JrL1gd+wkU0mpsbd1ZOwjxlJRHJI3fn6
aDY7GntDOTYImF/INpevmv7avSjMPYksY5BfKJk1eGp8ypM1lZJhlJ34a5FCGqo0
1PRGXk4BExCk9IiTM0yWowj9wdwzEJ0SMDUqNIkdCtO3xPB9xp1VcQADo2k7Lsti
a7x2fRk/AgMBAAECggEACCmHxqdWW5sMYR1vE3nw3X5REGwSJRbGYgwQeoXSLZFe
nMQ/OyL3Tc7NMCkM/BRFhPTTD4XIuSps6xyDdoGY6+yAdlQc0gOe+uZ5hE5qTZtq
aByhSr/ke/7EU8OzVOZENKt8PFAHlAYp+QBift1SbclSaBQvRKPCDiIQBkBVT3cF
YCPLN/HTsXMfg75Gy/mV+5SiVA9mrjAtxLiLmNT33sM18hBrpofirf4xPq77IH08
hw4M8fa0be6EPHoMe9qT0eZMjT7O5nATpvFDi23G0aImk4N9pH7gyNTxdLBXQG8t
+1asNF/Pnj9iSTjolvWBGUxy4mAgDeXStD98NPQKHQKBgQDB6hhwj7hGHCEM7Abw
I4oqoaFi/2YManzZa7kVrxBC7ZWw+32/EvyW/ZmTdK793imFIxI6IJF/XOzuBbyf
z1m3rQrXICJMCkIj5NQ7lrAYKE/W5OQ79FA9XQetkKhjRsUUMIn9N98wdUzKrbfj
96AFo1X0XuLWon0OARBQzaXmawKBgQC8oQoKezuOQW1qZNQco7nhNjonnRfdklQj
Wzrq+vsGrO44mI+cGHzf3sqNRCWLJDWoOpox4JHyFeJ23qzJaOtQi/syvnuQjhuN
hnMhyH3WhWBYsSQbbygr7g4fijKDuxzE5O6stk6N8+e1x8oqCeZEQ45gjFoFKgIf
tGETiNKFfQKBgEfQeXKeV0Fnw3m0o7EliFLXfxxZt6JbgZdHxMjaB6yxrmFYEi7E
SlVk4A5zBSexsjDDV0m9rAS+FmTkLQIGWZSjekNHfEwq9Gm0okDbQqX/r+nG5Rur
FFhVbrWBwErb97rNax0jJv4cQu9AvLyphVLxNbEFvv58ONIJ5M/4CTu3AoGAUgI9
yFLNkMqXVHNj2NPCA808uW5OKvHsjLakRfc6XiufIpIJldb7q6VEMOjY3cavYWWh
FmBJc5PaMs4bFzH7ZLiHTQeN10pBZmV29tAhDbxNKCJTzW2lbHwCPeoqjiUym9Pg
hMx6GLNbISgsl9xX9YPdidJbbPVXmQsmTYTl6k0CgYAzlSzsVGKFAK0WYDIS0d40
IxMdEtIfQfbPxKOO27bqvIHE1NXzAQ7UhBqqLoFVNb50IoBr0v8Xy9CDtvr/9uuZ
w3FavJAFz30yZ6rLSwhRITemXdFDnFNo+mssNPhmT0UGSFdqTVpvBM76W8u+cXqh
XG85pv4I6pCF9CIJv3vkyg==
-----END PRIVATE KEY-----
""",
)

CLEO_RSA = KeyPair(
    public_pem="""\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA216o0Vq4H7WViDwIbF1t
V+GP5pM75b0WIMtZ2qkHUURSAUmTeEzaeb2/f/0Zvgg8V/aFiE8IZbhnsfEOV0CM
KoXSx7LTYWX0lEmUqnmC+ZnjFf+MTMba6utSuw7iSIntje4vRNd+TtrOhtVr64Mv
GtNdE02jnjML0+vrujKSF0fdw2BKyTD9zSX6mQzU/vXbbpZyU9pfPG1aDCUoVNNx
rGtHA4Gh7Kihh+kvjO13Sy44Ow2S7FFin446+Ve3fLjRaUfOSX1J1q2wVCtBIezn
GLxQROrUjnMXt6UlfYp5UYGTmIHzB6QtLN+3UdPlqJXtFzQVChyxYZMFf8CIylza
jwIDAQAB
-----END PUBLIC KEY-----
""",
    private_pem=b"""\
-----BEGIN PRIVATE KEY-----
MIIEvgIBADANBgkqhkiG9w0BAQEFAASCBKgwggSkAgEAAoIBAQDbXqjRWrgftZWI
PAhsXW1X4Y/mkzvlvRYgy1naqQdRRFIBSZN4TNp5vb9//Rm+CDxX9oWITwhluGex
8Q5XQIwqhdLHstNhZfSUSZSqeYL5meMV/4xMxtrq61K7DuJIie2N7i9E135O2s6G
1Wvrgy8a010TTaOeMwvT6+u6MpIXR93DYErJMP3NJfqZDNT+9dtulnJT2l88bVoM
JShU03Gsa0cDgaHsqKGH6S+M7XdLLjg7DZLsUWKfjjr5V7d8uNFpR85JfUnWrbBU
K0Eh7OcYvFBE6tSOcxe3pSV9inlRgZOYgfMHpC0s37dR0+Wole0XNBUKHLFhkwV/
wIjKXNqPAgMBAAECggEAEFpioFSwdCCvuHutLxLZ41q7xPcF2I77ds9h7+R42KyM
pm7rMOUdxkSIYYynHhz0DqSgeLRXjmmsRT4QkR2NNWBLgbqJenHExUck735mbp/z
p0CpH1IVoLyRKsOlx72MeW+fk3SzBELYcYG4bVKWsNu/zQAVKeZpQ8+K/5LkhBqi
h5RiLEvbxigpy0hJgjv8+sbkuHk678VUcn5jYah0cPLz9KK9LBGZQOqdIYcjy08v
ggEvfisbmIx8QGmEMQHNah/+JZcwnEP1vSw7Q6OckWsuAFNtJfd0u7vlTKA1ipg/
TbH01v5PHcqXoSMYZF9AcXMj+oQcL3/zrNh8EQ5zTQKBgQD2yI602GLKvsjNOsgY
cyBIBA49tL/09SWQFjdBlmaVndr5iIBiqAtNNX/J2yT1Og1leRyCR8hVmSGydtXf
+jihIA3KXPL3gFRf+mGpaln1P67PUamMvKtNH2/5I4a6ilh/0182betbWrV8jnLk
mRSv080x0fjVSD5wt6uMbCo/pQKBgQDjkAGEt8Q2q8AjGccKOmDy0pQt17lSnqtq
f0c5PsLlJz/mYQEZmj+EPasT/tlxTTSxQ5hg0oLT3+6S/sJ4xPhsp5Pd9LJzEDvq
0aCyoZlGNdBbbnowMVOIFsybfaVqokguk15Jlc9zXWF2l4jaUABsdxBaUPJiNfxo
uUv78lTbIwKBgQCEe9DY113Z+Cg2vTrUnWGUJ9E5YUK4D69Vtgd+B28VHUSEN7qs
vAgtL+5lgGdL2xl8A1PBwSWUhnvnohJZhqxGG74riFDLfDJPwEwTtkuK9OA03mNG
cbcI1Tq4plDa7hBqtx/jSYlTZtQNhS+69096wRrkhxOt9HXI72GCJkNcHQKBgEIz
0N1FgQXOrZUImMk29qFt9cHocnfAxWm0IYpb4eM8qfBh5CoIn9XfAvhMOgImTeAM
JDZ2x6zQBt4o03bDBurFTdVSrN+gp23HEpMlRCwS18zhtRZ0IzMCPwA1a3w8Pfee
091ggfuz/Pi9WQj6IUVs1gsQZZOA1S+6SIrBk0I1AoGBAM8bsVJsRWUJe9LXGePV
C0HLv6eoURp/EplmTcPWdQ0ZrrP89+jjbWaAcrRtwcQfAQAMduObgpnDxeKWybnL
TmaJGqnb2/rM1hAxbAlG5K4P/ivWyK0CAeDe3I6P3eT7uWurVExIjgqgMsMwyOKF
9vuB9FsvNWJwuu8x+O54wBfJ
-----END PRIVATE KEY-----
""",
)

ANA_ED25519 = KeyPair(
    public_pem="""\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAIlxdIeYkcaITkVZfyol8nFQlVuwnXSq/iSvKA6s4ywQ=
-----END PUBLIC KEY-----
""",
    private_pem=b"""\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIOrb+nH1nB1AoJwyZJuJ6xjtzh5AkrdQKECbCr/ojL/Y
-----END PRIVATE KEY-----
""",
)

BEN_ED25519 = KeyPair(
    public_pem="""\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA8HK+SKSEZY7fcSLC8n/tp+Adw/MChfOgrC6aHb4C5ek=
-----END PUBLIC KEY-----
""",
    private_pem=b"""\
-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIHkQVE/hBP3bxGL4I/XGCGKenZyHj1L9CIArGvQfx8Pq
-----END PRIVATE KEY-----
""",
)

ANA_RSA_PRIVATE = load_private(ANA_RSA.private_pem)
ANA_RSA_PUBLIC = load_public(ANA_RSA.public_pem)
BEN_RSA_PRIVATE = load_private(BEN_RSA.private_pem)
BEN_RSA_PUBLIC = load_public(BEN_RSA.public_pem)
ANA_ED25519_PRIVATE = load_private(ANA_ED25519.private_pem)
ANA_ED25519_PUBLIC = load_public(ANA_ED25519.public_pem)
BEN_ED25519_PUBLIC = load_public(BEN_ED25519.public_pem)


class KnownKeys:
    """A key source that knows what it was told, and counts what it was asked.

    `renewed` holds what a refresh finds instead, as after a key rotation.
    """

    def __init__(self, *keys: VerificationKey) -> None:
        self.known = {key.key_id: key for key in keys}
        self.renewed: dict[str, VerificationKey | Refusal] = {}
        self.asked: list[tuple[str, bool]] = []

    def add(self, key_id: str, owner_uri: str, public_key: PublicKey) -> None:
        """Learn a key."""
        self.known[key_id] = VerificationKey(key_id, owner_uri, public_key)

    async def find(self, key_id: str, *, refresh: bool) -> VerificationKey | Refusal:
        """Return the key that was told for this id."""
        self.asked.append((key_id, refresh))
        if refresh and key_id in self.renewed:
            return self.renewed[key_id]
        return self.known.get(key_id) or Refusal(RefusalReason.KEY_UNAVAILABLE, key_id)
