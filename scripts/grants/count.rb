require "json"

words = File.read("data/in.txt").split
counts = words.tally.sort.to_h
File.write("data/out.json", JSON.generate(counts))
puts counts.inspect
