import json

with open("data/in.txt") as file:
    words = file.read().split()
counts = {word: words.count(word) for word in sorted(set(words))}
with open("data/out.json", "w") as file:
    json.dump(counts, file)
print(counts)
