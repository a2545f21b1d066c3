// A scorer for assay's `code` evaluator in five lines: copy this file beside your spec.
//
//     import { run } from "./assay_scorer.mjs";
//     run((item) => item.output.length <= 200);
//
// The function (it may be async) gets {input, output, expected_output, metadata, variant,
// repetition}. It returns a value (a number, a text, true or false), {value, comment}, or
// {scores: {NAME: either}} with names that the spec declares under `scores`. What it throws becomes
// an evaluator error of that item. console.log goes to stderr: only verdicts go where assay reads
// them.
//
// With runOverAll(score) the program is a run evaluator: the function gets all units of a variant,
// an async iterable of objects as in items.jsonl with `metadata`, and is called once.

import { createInterface } from "node:readline";

const withName = (name, value) =>
  value !== null && typeof value === "object" ? { name, ...value } : { name, value };

const scoresOf = (result) =>
  Object.entries(result?.scores ?? { "": result }).map(([name, value]) => withName(name, value));

async function verdict(score, subject) {
  try {
    return { scores: scoresOf(await score(subject)) };
  } catch (error) {
    return { error: String(error) };
  }
}

async function* lines() {
  console.log = console.error;
  for await (const line of createInterface({ input: process.stdin })) yield JSON.parse(line);
}

export async function run(score) {
  for await (const item of lines()) {
    const answer = { id: item.id, ...(await verdict(score, item)) };
    process.stdout.write(JSON.stringify(answer) + "\n");
  }
}

export async function runOverAll(score) {
  process.stdout.write(JSON.stringify(await verdict(score, lines())) + "\n");
}
