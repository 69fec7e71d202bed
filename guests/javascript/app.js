// A command: counts words in its arguments; uses the environment, JSON and regular expressions.

import { getArguments, getEnvironment } from "wasi:cli/environment@0.2.12";

export const run = {
  run() {
    const environment = Object.fromEntries(getEnvironment());
    console.log(`JavaScript for ${environment.WHO ?? "nobody"}`);
    const counts = {};
    for (const argument of getArguments().slice(1)) {
      for (const [word] of argument.toLowerCase().matchAll(/[^ ,]+/g)) {
        counts[word] = (counts[word] ?? 0) + 1;
      }
    }
    console.log(JSON.stringify(counts, Object.keys(counts).sort()));
  },
};
