// A library: functions for others to call.

export function greet(name) {
  return `Hello, ${name}, from JavaScript!`;
}

export function primes(below) {
  const isPrime = (n) => Array.from({ length: n - 2 }, (_, i) => i + 2).every((d) => n % d !== 0);
  return Array.from({ length: Math.max(below - 2, 0) }, (_, i) => i + 2).filter(isPrime);
}
