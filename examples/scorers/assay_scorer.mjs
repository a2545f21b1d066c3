// A scorer for assay's `code` evaluator in five lines: copy this file beside your spec.
//
//     import { run } from "./assay_scorer.mjs";
//     run((item) => item.output.length <= 200);
//
// The function (it may be async) gets {input, output, expected_output, metadata, variant, repetition}. It
// returns a value (a number, a text, true or false), {value, comment}, or {scores: {NAME: either}} with
// names that the spec declares under `scores`. What it throws becomes an evaluator error of that item.
// console.log goes to stderr: only verdicts go where assay reads them.

import { createInterface } from "node:readline";

const withName = (name, value) =>
  value !== null && typeof value === "object" ? { name, ...value } : { name, value };

const scoresOf = (result) =>
  Object.entries(result?.scores ?? { "": result }).map(([name, value]) => withName(name, value));

export async function run(score) {
  console.log = console.error;
  for await (const line of createInterface({ input: process.stdin })) {
    const item = JSON.parse(line);
    let answer;
    try {
      answer = { scores: scoresOf(await score(item)) };
    } catch (error) {
      answer = { error: String(error) };
    }
    process.stdout.write(JSON.stringify({ id: item.id, ...answer }) + "\n");
  }
}
