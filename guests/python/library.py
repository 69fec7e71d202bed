"""A library: functions for others to call."""

import wit_world


class WitWorld(wit_world.WitWorld):
    def greet(self, name: str) -> str:
        return f"Hello, {name}, from Python!"

    def primes(self, below: int) -> list[int]:
        return [n for n in range(2, below) if all(n % d for d in range(2, n))]
