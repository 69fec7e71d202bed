# What usually differs from run to run.
import os
import random
import secrets
import sys
import time
import uuid

print(time.time_ns(), time.monotonic_ns(), time.perf_counter_ns())
print(random.random(), uuid.uuid4(), secrets.token_hex(8), os.urandom(4).hex())
print({"one", "two", "three", "four"}, hash("text"), id(object()))
for entry in os.scandir("data"):
    stat = entry.stat()
    print(entry.name, stat.st_ino, stat.st_size, stat.st_mtime_ns)
print(os.environ.get("WHO"), sys.stdin.readline().strip())
time.sleep(0.05)
print(time.monotonic_ns())
print("to standard error", file=sys.stderr)
with open("data/out.txt", "w") as file:
    file.write(str(time.time_ns()))
sys.exit(7)
