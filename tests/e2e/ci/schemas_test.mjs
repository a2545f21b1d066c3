// What CI systems read is what their published schemas allow: SARIF reports, the workflow, the
// action, the GitLab file. Each schema is also shown a mistake, so that it is known to look.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const SOURCE = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const EXAMPLES = join(SOURCE, "examples/ci");
const REPORTS = join(SOURCE, "tests/golden/reports");
const MODULES = join(process.env.ASSAY_OUTPUT, "node_modules");
const load = createRequire(join(process.env.ASSAY_OUTPUT, "package.json"));

function validator(Ajv, schema) {
    // SARIF's own schema has a pattern that is none under the u flag.
    const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false, logger: false });
    load("ajv-formats").default(ajv);
    const validate = ajv.compile(schema);
    return (value) =>
        validate(value) ? [] : validate.errors.map((e) => `${e.instancePath} ${e.message}`);
}

test("SARIF reports", () => {
    const schemas = join(MODULES, "@microsoft/jest-sarif/lib/schemas");
    const schema = JSON.parse(readFileSync(join(schemas, readdirSync(schemas)[0]), "utf8"));
    const mistakes = validator(load("ajv-draft-04").default, schema);
    const entries = readdirSync(REPORTS, { withFileTypes: true });
    const cases = entries.filter((entry) => entry.isDirectory());
    assert.ok(cases.length > 4);
    let results = 0;
    for (const { name } of cases) {
        const path = join(REPORTS, name, "expected/gates.sarif");
        const report = JSON.parse(readFileSync(path, "utf8"));
        assert.deepEqual(mistakes(report), [], name);
        for (const result of report.runs[0].results) {
            const rules = report.runs[0].tool.driver.rules.map((rule) => rule.id);
            assert.ok(rules.includes(result.ruleId));
            results++;
        }
        delete report.runs[0].tool;
        assert.notDeepEqual(mistakes(report), [], name);
    }
    assert.ok(results > 4);
});

/** What GitHub's own schemas say of a file at this place; "" when it is fine. */
function githubMistakes(path, text) {
    const folder = mkdtempSync(join(tmpdir(), "assay-ci-"));
    try {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), text);
        const program = join(MODULES, "@action-validator/cli/cli.mjs");
        const options = { cwd: folder, encoding: "utf8" };
        const ended = spawnSync(process.execPath, [program, path], options);
        return ended.status === 0 ? "" : ended.stdout + ended.stderr || "refused";
    } finally {
        rmSync(folder, { recursive: true });
    }
}

test("the GitHub workflow", () => {
    const path = ".github/workflows/eval.yml";
    const text = readFileSync(join(EXAMPLES, "github-actions.yml"), "utf8");
    assert.equal(githubMistakes(path, text), "");
    assert.notEqual(githubMistakes(path, text.replace("runs-on", "run-on")), "");
});

test("the composite action", () => {
    const text = readFileSync(join(EXAMPLES, "action/action.yml"), "utf8");
    assert.equal(githubMistakes("action.yml", text), "");
    assert.notEqual(githubMistakes("action.yml", text.replaceAll("shell: bash", "shel: bash")), "");
});

test("the GitLab file", async () => {
    const path = join(MODULES, "gitlab-ci-local/src/schema/schema.js");
    const { schema } = await import(pathToFileURL(path).href);
    const mistakes = validator(load("ajv").default, schema);
    const job = load("yaml").parse(readFileSync(join(EXAMPLES, "gitlab-ci.yml"), "utf8"));
    assert.deepEqual(mistakes(job), []);
    job.eval.artifacts.when = "sometimes";
    assert.notDeepEqual(mistakes(job), []);
});
