"""The arithmetic of the key exchange."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.telegram.numbers import KNOWN_PRIME, find_factors, is_prime, is_safe_group, is_safe_half
from tests.tiers import examples

_SMALL = [n for n in range(2, 2_000) if all(n % d for d in range(2, int(n**0.5) + 1))]


def _next_prime(number: int) -> int:
    while not is_prime(number):
        number += 1
    return number


def test_primes_are_distinguished_from_products_and_pseudoprimes() -> None:
    assert [n for n in range(2_000) if is_prime(n)] == _SMALL
    for carmichael in (561, 41041, 825265, 321197185, 3825123056546413051):
        assert not is_prime(carmichael)
    assert is_prime(2**61 - 1)
    assert not is_prime(2**67 - 1)


@settings(max_examples=examples(25), deadline=None)
@given(st.integers(2**29, 2**31 - 100), st.integers(2**29, 2**31 - 100))
def test_two_primes_are_found_in_their_product(first: int, second: int) -> None:
    p, q = sorted((_next_prime(first), _next_prime(second)))
    assert find_factors(p * q) == (p, q)


def test_the_documents_example_is_factored() -> None:
    assert find_factors(0x17ED48941A08F981) == (0x494C553B, 0x53911073)


@pytest.mark.parametrize("number", [0, 1, 3, 2**61 - 1, 3 * 5 * 7, 2**62, 2**63, 2**64 - 59, (2**31 - 1) ** 2 * 2])
def test_numbers_that_are_not_a_product_of_two_primes_are_rejected_quickly(number: int) -> None:
    assert find_factors(number) is None


def test_the_known_prime_is_safe_with_the_generators_that_fit_it() -> None:
    assert is_prime(KNOWN_PRIME)
    assert is_prime(KNOWN_PRIME // 2)
    assert [g for g in range(10) if is_safe_group(KNOWN_PRIME, g)] == [3, 4, 7]


def test_other_primes_are_not_believed() -> None:
    assert not is_safe_group(KNOWN_PRIME + 2, 4)
    assert is_prime(2**2047 + 1919)
    assert not is_safe_group(2**2047 + 1919, 4)  # a prime, but not a safe one
    assert not is_safe_group(23, 4)


def test_half_keys_keep_from_both_ends() -> None:
    assert not any(is_safe_half(half, KNOWN_PRIME) for half in (0, 1, 2**1984, KNOWN_PRIME - 1, KNOWN_PRIME - 2**1984))
    assert is_safe_half(2**1984 + 1, KNOWN_PRIME)
