// How many seconds the answer takes to read, at 230 words a minute.
import { run } from "./assay_scorer.mjs";

run(({ output }) => {
  const words = output.split(/\s+/).filter(Boolean).length;
  return { value: (words / 230) * 60, comment: `${words} words` };
});
