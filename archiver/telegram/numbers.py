"""Arithmetic of the key exchange: factors, primes, and safe Diffie-Hellman groups. Pure.

https://core.telegram.org/mtproto/auth_key and https://core.telegram.org/mtproto/security_guidelines
"""

from __future__ import annotations

import math
import random
from functools import lru_cache

_BITS = 2048
_MARGIN = 1 << (_BITS - 64)
"""Minimum distance of half keys from both ends of the range."""
_ROUNDS = 40
_MAX_STEPS = 1 << 20
"""Maximum steps of the search for a factor; 63-bit numbers take about 2^16."""
KNOWN_PRIME = int(
    "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f48198a0aa7c14058229493d22530f4dbfa33"
    "6f6e0ac925139543aed44cce7c3720fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f642477fe96"
    "bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4a4a695811051907e162753b56b0f6b410dba74d8a84b"
    "2a14b3144e0ef1284754fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4e418fc15e83ebea0"
    "f87fa9ff5eed70050ded2849f47bf959d956850ce929851f0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119c"
    "d8e3b92fcc5b",
    16,
)
"""Telegram's own prime, known to be safe."""
_RESIDUES = {2: (8, {7}), 3: (3, {2}), 5: (5, {1, 4}), 6: (24, {19, 23}), 7: (7, {3, 5, 6})}
"""Generator -> modulus and residues of the prime for which it generates the subgroup of prime order; 4 always does."""


def find_factors(number: int) -> tuple[int, int] | None:
    """The two prime factors, the smaller first; None if the number is not a product of two primes."""
    if not 3 < number < 1 << 64:
        return None
    found = 2 if number % 2 == 0 else _rho(number)
    other = number // found
    if found in (1, number) or not (is_prime(found) and is_prime(other)):
        return None
    return min(found, other), max(found, other)


def _rho(number: int) -> int:
    """Pollard's rho in Brent's variant: a factor, or 1 or the number itself."""
    root = math.isqrt(number)
    if root * root == number:
        return root
    steps = 0
    while steps < _MAX_STEPS:
        slow = fast = random.randrange(2, number)  # noqa: S311  # not security-relevant
        add, power, lap, product = random.randrange(1, number), 1, 0, 1  # noqa: S311
        divisor = 1
        while divisor == 1 and steps < _MAX_STEPS:
            if lap == power:
                slow, power, lap = fast, power * 2, 0
            for _ in range(min(128, power - lap)):
                fast = (fast * fast + add) % number
                product = product * abs(slow - fast) % number
                lap += 1
                steps += 1
            divisor = math.gcd(product, number)
        if 1 < divisor < number:
            return divisor
    return 1


def is_prime(number: int) -> bool:
    """Miller-Rabin test with random bases: wrong with a probability of at most 4^-40."""
    if number < 4:
        return number in (2, 3)
    if number % 2 == 0:
        return False
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(_passes(number, random.randrange(2, number - 1), odd, twos) for _ in range(_ROUNDS))  # noqa: S311


def _passes(number: int, base: int, odd: int, twos: int) -> bool:
    value = pow(base, odd, number)
    if value in (1, number - 1):
        return True
    for _ in range(twos - 1):
        value = value * value % number
        if value == number - 1:
            return True
    return False


@lru_cache(maxsize=8)
def is_safe_group(prime: int, generator: int) -> bool:
    """Whether the prime has 2048 bits and is safe, and the generator generates the subgroup of prime order."""
    if prime.bit_length() != _BITS or not 2 <= generator <= 7:
        return False
    modulus, wanted = _RESIDUES.get(generator, (1, {0}))
    if prime % modulus not in wanted:
        return False
    return prime == KNOWN_PRIME or (is_prime(prime) and is_prime(prime // 2))


def is_safe_half(half: int, prime: int) -> bool:
    """Whether one side's half of the key reveals nothing."""
    return _MARGIN < half < prime - _MARGIN
