// Validate AsyncAPI documents: node validate_asyncapi.cjs PARSER DOCUMENT...; fails with a line for each mistake.
const fs = require("node:fs");

// The parser's bundle is made for browsers, which call their global object so.
globalThis.self = globalThis;
const Parser = require(process.argv[2]);
const ERROR = 0;

async function main() {
  const parser = new Parser();
  for (const path of process.argv.slice(3)) {
    const { document, diagnostics } = await parser.parse(fs.readFileSync(path, "utf8"));
    for (const { message, path: place } of diagnostics.filter(({ severity }) => severity === ERROR)) {
      console.log(`${path}: ${place.join(".")}: ${message}`);
    }
    if (document === undefined) process.exitCode = 1;
  }
}

main();
