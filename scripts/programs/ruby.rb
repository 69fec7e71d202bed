require "json"

words = File.read("/work/words.txt").downcase.scan(/[a-z]+/)
File.write("/work/counts.json", JSON.generate(words.tally.sort.to_h))
puts "Ruby #{RUBY_VERSION}"
puts File.read("/work/counts.json")
