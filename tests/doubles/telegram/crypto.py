"""Keys and ciphers of the loopback server: RSA and DH of the handshake, AES-IGE of MTProto 2.0.

https://core.telegram.org/mtproto/description and https://core.telegram.org/mtproto/auth_key
"""

from __future__ import annotations

import base64
import os
import struct
from hashlib import sha1, sha256

import rsa
from telethon.crypto import AES, AESModeCTR
from telethon.password import check_prime_and_good
from telethon.tl.tlobject import TLObject

# A TEST KEY. It is public on purpose, it protects nothing, and no real server has ever used it.
_TEST_KEY_DER = """
MIIEqAIBAAKCAQEAkz6Y2ZP5wX6hPrExovf7vHKbGMB1HGbM4r7ZyHjrcxzlGk89Q+iqCN+xUTdglHopPCfmPE35xSpv1T2UyQMos8MD
06rop/Kpd5knj9W9GIik3wogyHBpb+Jxn5o8wWm/uwNrek5TxtYs/+3DCnLul2dBUPfV5HIB4XwkAnedo1quH5uhz3iNXAbwpDt20me9
ETE9SLvS2sAPfve6pbH1g8zW92L6jI0eJFdSxZBEz4vFaFNgcmAHt+fUtpStU/dWkLW8gbIrm+tsKWssl9MCWUMI/2EU58YB172hlvHu
faKdyffCWhbDr8Hl4mHQkUMnsu8776eqL4NbMHLIA0wdxQIDAQABAoIBAAwS7/m3dp11QsefRBC3AP987lbjQTco/tgBCl6z+6qezfKQ
WNe+tmKv5RxhzBugwMzcALclNbwDNNRpjk/FYIsNDL1IoHdVIKxb9LCIuE7QtaRMck+9WAgCq4qI3T6G61/scd2/moMNgPcjigDLV+E2
aFa5W+K1rn9gm7Gs6JbfeuINfH1hazYzvje64zbKIqYVXa3+kjJ46hHA2pimPFnzeyuL39AHqb7b+kZXqyIHdPe4fftw9ImOhLyzj73/
iNoNXw3PwKeo7qtf1cWQNjhOgUUb2UJ5pl8uEQkoOgs+kWMcmHoGB6QfoPULgaujKr4vkBO0oQ+H0Cj7naIT4gECgYkAr+PXrpkLTvBF
cKsKYSYEXvSXA7G4rSyOyiXd5x4CoVakQYe4/39jfxpZAkuCC9mlnXQBrAB0gO9R4TWnHm4Csfz0/bjjTZ8UEk9NfNpzkcjkCK4H1QoL
PrM3bhlqYQx9aT/0QkAQMocsAWzFtPK/MpHzkVVRtdSBK7i6/y+fkAzhTFLk2OmbBQJ5ANZOyoBEBSetK+QJMHGAhqAs5jffqQQf3yrd
RvooMRPNlM+i7LDNp2DDNzUUggNcRPAx+vbTYe/lDNLNYO8J6FUbNzMJovblvUEkkbP5fhtSqMcHBS0wuu3fpiZlzC3AXHKui4ZQ+eE/
F4mqOkWzWEB4hPT8JE9zwQKBiDhY0mihqMjCGkzMzoduyWmuC47oaVQ4+QlzdhIrQAZ1nitMEozvP22hgDBHBkNLl03IsxxqDOidQmrW
aFJMRdrFQarihxb/xktTUmyUAwAKDltlfSbXj+CnQzOnOrgaazbDgTmUElxNh2BxeyjLt0q5DQFbBtEsYbEi/ezwUbqxFaAA0kVXGQ0C
eCotQ4lO2bzfRf4RGOmdo+EuNPjWGctoAmHLPsbI1i/Ri/H5XJ/HOaO/h8P4j0XeCOtEyuF85I90ArwSE3u39XOacZin0tzIhiCl8875
0SnLcNAKv6gPKRrbozV3X2G5s/gWBfufQC5mXlmHmQRSsZGupmwYm4TPgQKBiCMGeBhxCxlRXUepQxksIJKXGqH6bIQ3P7wVgWv6I9wI
+LGyeDzLWnz6gsIvLAu9xpohJmKYYvBaTeClg1awKhIfD3q9KxXTuLyjFh4S/haXXOxMgMZtcVuwGlEczQtbnlAJVtwZAK7Qzq8JAPXm
NA8PNcZiO/5IeELQKDWfHecyEKfuHIa6yPM=
"""

PRIVATE_KEY = rsa.PrivateKey.load_pkcs1(base64.b64decode(_TEST_KEY_DER), "DER")
PUBLIC_KEY = rsa.PublicKey(PRIVATE_KEY.n, PRIVATE_KEY.e)
PUBLIC_KEY_PEM: str = PUBLIC_KEY.save_pkcs1().decode()

# The 2048-bit prime that Telegram's own servers use, and the only one that Telethon accepts without a slow check.
DH_PRIME = int(
    "C71CAEB9C6B1C9048E6C522F70F13F73980D40238E3E21C14934D037563D930F48198A0AA7C14058229493D22530F4DB"
    "FA336F6E0AC925139543AED44CCE7C3720FD51F69458705AC68CD4FE6B6B13ABDC9746512969328454F18FAF8C595F64"
    "2477FE96BB2A941D5BCD1D4AC8CC49880708FA9B378E3C4F3A9060BEE67CF9A4A4A695811051907E162753B56B0F6B41"
    "0DBA74D8A84B2A14B3144E0EF1284754FD17ED950D5965B4B9DD46582DB1178D169C6BC465B0D6FF9CA3928FEF5B9AE4"
    "E418FC15E83EBEA0F87FA9FF5EED70050DED2849F47BF959D956850CE929851F0D8115F635B105EE2E4E15D04B2454BF"
    "6F4FADF034B10403119CD8E3B92FCC5B",
    16,
)
DH_G = 3
check_prime_and_good(DH_PRIME.to_bytes(256, "big"), DH_G)

aes_encrypt = AES.encrypt_ige
aes_decrypt = AES.decrypt_ige
CtrCipher = AESModeCTR


def to_bytes(number: int) -> bytes:
    """Big-endian, without leading zeros: the way of numbers in the handshake."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def fingerprint() -> int:
    """The 64 bits by which a client finds the public key it must encrypt to."""
    n, e = (TLObject.serialize_bytes(to_bytes(x)) for x in (PUBLIC_KEY.n, PUBLIC_KEY.e))
    return int(struct.unpack("<q", sha1(n + e).digest()[-8:])[0])  # noqa: S324 - the protocol says SHA-1


def rsa_open(block: bytes) -> tuple[bytes, bytes] | None:
    """Digest and data of what a client sealed by the scheme of before 2021: SHA-1, data, padding in 255 bytes."""
    plain = _rsa(block)
    return (plain[1:21], plain[21:]) if plain[0] == 0 else None


def rsa_open_padded(block: bytes) -> bytes | None:
    """The padded data of a client that seals by RSA_PAD; None when its own SHA-256 does not fit."""
    plain = _rsa(block)
    hidden, sealed = plain[:32], plain[32:]
    temp_key = bytes(a ^ b for a, b in zip(hidden, sha256(sealed).digest(), strict=True))
    opened = aes_decrypt(sealed, temp_key, bytes(32))
    data = opened[191::-1]
    return data if sha256(temp_key + data).digest() == opened[192:] else None


def _rsa(block: bytes) -> bytes:
    key, sealed = PRIVATE_KEY, int.from_bytes(block, "big")
    # By the Chinese remainder theorem: a third of the time.
    by_p, by_q = pow(sealed, key.exp1, key.p), pow(sealed, key.exp2, key.q)
    return (by_q + (by_p - by_q) * key.coef % key.p * key.q).to_bytes(256, "big")


def new_secret() -> int:
    """The server's exponent: long enough for whoever only tries clients, and short enough to cost them little time."""
    return int.from_bytes(os.urandom(32), "big") | 1 << 255


def key_id(auth_key: bytes) -> int:
    return int(struct.unpack("<Q", sha1(auth_key).digest()[-8:])[0])  # noqa: S324


def new_auth_key() -> bytes:
    """A key that needs no handshake. Its first byte is never zero: StringSession would corrupt a short key."""
    return bytes([1 + os.urandom(1)[0] % 255]) + os.urandom(255)


def _message_keys(auth_key: bytes, msg_key: bytes, x: int) -> tuple[bytes, bytes]:
    a = sha256(msg_key + auth_key[x : x + 36]).digest()
    b = sha256(auth_key[x + 40 : x + 76] + msg_key).digest()
    return a[:8] + b[8:24] + a[24:32], b[:8] + a[8:24] + b[24:32]


def encrypt(auth_key: bytes, plain: bytes) -> bytes:
    """From server to client (x = 8): msg_key and the encrypted data."""
    plain += os.urandom(-(len(plain) + 12) % 16 + 12)
    msg_key = sha256(auth_key[96:128] + plain).digest()[8:24]
    return msg_key + aes_encrypt(plain, *_message_keys(auth_key, msg_key, 8))


def decrypt(auth_key: bytes, data: bytes) -> bytes | None:
    """From client to server (x = 0); None when the message key does not fit."""
    msg_key, body = data[:16], data[16:]
    if not body or len(body) % 16:
        return None
    plain = aes_decrypt(body, *_message_keys(auth_key, msg_key, 0))
    return plain if sha256(auth_key[88:120] + plain).digest()[8:24] == msg_key else None


def decrypt_v1(auth_key: bytes, data: bytes) -> bytes | None:
    """From client to server by MTProto 1.0, which only the binding of keys still has; None when it does not fit."""
    msg_key, body = data[:16], data[16:]
    if not body or len(body) % 16:
        return None
    plain = aes_decrypt(body, *v1_keys(auth_key, msg_key))
    size = 32 + int.from_bytes(plain[28:32], "little")
    return plain[:size] if sha1(plain[:size]).digest()[4:20] == msg_key else None  # noqa: S324


def v1_keys(auth_key: bytes, msg_key: bytes) -> tuple[bytes, bytes]:
    """Key and vector of AES by MTProto 1.0, from client to server (x = 0)."""
    a = sha1(msg_key + auth_key[:32]).digest()  # noqa: S324
    b = sha1(auth_key[32:48] + msg_key + auth_key[48:64]).digest()  # noqa: S324
    c = sha1(auth_key[64:96] + msg_key).digest()  # noqa: S324
    d = sha1(msg_key + auth_key[96:128]).digest()  # noqa: S324
    return a[:8] + b[8:20] + c[4:16], a[8:20] + b[:8] + c[16:20] + d[:8]
